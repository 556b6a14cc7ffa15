"""What a failed operation said is written down without the secrets it was given."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, NoReturn, cast

from pyinfra.api import FunctionCommand, QuoteString, StringCommand
from pyinfra.api.hiddenvalue import HiddenValue
from pyinfra.api.state import StateOperationHostData

from kubestead.runrecord.secrets import said


class Many:
    """As a network: it can be gone through, and that takes for ever."""

    def __iter__(self) -> NoReturn:
        raise AssertionError("gone through")


def failed(commands: list[object], output: str, **arguments: Any) -> str:
    meta = SimpleNamespace(_commands=commands, stdout_lines=[output], stderr_lines=[])
    return said(cast(StateOperationHostData, SimpleNamespace(operation_meta=meta, global_arguments=arguments)))


def test_an_argument_that_is_no_list_is_not_gone_through() -> None:
    command = FunctionCommand(lambda *_: None, [Many(), HiddenValue("shibboleth")], {"spec": Many()})
    assert "shibboleth" not in failed([command], "not shibboleth")


def test_lines_of_standard_input_are_not_repeated() -> None:
    command = StringCommand("tell", _stdin=["open sesame", "c2VjcmV0"])
    assert failed([command], "read sesame and c2VjcmV0, then ended").count("s") == 0


def test_hidden_words_at_any_depth_are_not_repeated() -> None:
    command = StringCommand("tell", QuoteString(HiddenValue("deep secret")))
    text = failed([command], "no deep secret, no swordfish", _env={"WORD": HiddenValue("swordfish")})
    assert "secret" not in text
    assert "swordfish" not in text
