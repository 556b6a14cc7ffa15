"""What no run on fake hosts can bring about at will: a signal at one moment of a question."""

from __future__ import annotations

import builtins
import signal

import pytest

from kubestead import guard


def test_a_signal_just_before_a_question_ends_the_run(monkeypatch, capsys):
    monkeypatch.setattr(guard, "_told", 128 + signal.SIGINT)
    monkeypatch.setattr(builtins, "input", lambda: pytest.fail("a person is asked"))
    with pytest.raises(SystemExit) as ended:
        guard._confirm("Change them?")
    assert ended.value.code == 128 + signal.SIGINT
    assert "Press enter" not in capsys.readouterr().err


def test_a_signal_as_the_question_is_printed_ends_the_run(monkeypatch):
    monkeypatch.setattr(guard, "_told", 0)
    monkeypatch.setattr(guard.click, "echo", lambda *words, **how: signal.raise_signal(signal.SIGTERM))
    monkeypatch.setattr(builtins, "input", lambda: pytest.fail("a person is asked"))
    before = signal.signal(signal.SIGTERM, guard._interrupted)
    try:
        with pytest.raises(SystemExit) as ended:
            guard._confirm("Change them?")
    finally:
        signal.signal(signal.SIGTERM, before)
    assert ended.value.code == 128 + signal.SIGTERM
