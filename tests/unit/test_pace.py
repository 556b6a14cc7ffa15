"""What is looked up at a lower price is still what pyinfra needs: the line an operation was called from."""

from __future__ import annotations

import inspect
import typing

import pytest
from pyinfra.api import arguments, util

from kubestead.pace import spare_the_controller


@pytest.fixture(autouse=True)
def restored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(util, "stack", inspect.stack)
    monkeypatch.setattr(util, "getframeinfo", inspect.getframeinfo)
    monkeypatch.setattr(arguments, "get_type_hints", typing.get_type_hints)


def caller() -> inspect.Traceback:
    return util.get_caller_frameinfo()


def test_the_line_of_a_call_is_found_without_reading_the_file() -> None:
    before = caller()
    spare_the_controller()
    after = caller()
    assert (after.filename, after.function) == (before.filename, before.function)
    assert after.lineno == before.lineno + 2
    assert (before.code_context is None, after.code_context) == (False, None)


def test_arguments_are_those_of_before() -> None:
    before = arguments.all_global_arguments()
    spare_the_controller()
    assert arguments.all_global_arguments() == arguments.all_global_arguments() == before
