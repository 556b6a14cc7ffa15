"""What is looked up at a lower price is still what pyinfra needs: the line an operation was called from."""

from __future__ import annotations

import inspect
import typing

import pytest
from pyinfra.api import Config, Inventory, State, arguments, util
from pyinfra.api.host import HostData

from kubestead.pace import spare_the_controller


@pytest.fixture(autouse=True)
def restored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(util, "stack", inspect.stack)
    monkeypatch.setattr(util, "getframeinfo", inspect.getframeinfo)
    monkeypatch.setattr(arguments, "get_type_hints", typing.get_type_hints)
    monkeypatch.setattr(HostData, "__getattr__", HostData.__getattr__)
    monkeypatch.setattr(Inventory, "get_groups_data", Inventory.get_groups_data)


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


def data_of_a_host() -> dict[str, object]:
    """Every kind of data a host has, by what it is called here; the stronger one wins where both are given."""
    groups = {
        "workers": (["here"], {"group": "workers", "later": "workers", "a": [1]}),
        "racks": (["here"], {"later": "racks"}),
    }
    inventory = Inventory((["here"], {"all": 1, "group": "all"}), override_data={"all": 2}, **groups)
    host = inventory.get_host("here")
    State(inventory, Config())
    host.data.own = "set in a deploy"
    host.data.a.append(2)
    missing = {key: host.data.get(key, "none") for key in ("_sudo", "nothing")}
    return missing | {key: getattr(host.data, key) for key in ("all", "group", "later", "own", "a")} | host.data.dict()


def test_a_host_s_data_is_what_it_was() -> None:
    before = data_of_a_host()
    spare_the_controller()
    assert data_of_a_host() == before
    assert before["_sudo"] == "none"
    assert before["own"] == "set in a deploy"


def test_data_that_is_missing_is_an_attribute_error() -> None:
    spare_the_controller()
    host = Inventory((["here"], {})).get_host("here")
    with pytest.raises(AttributeError, match="no data `nothing`"):
        host.data.nothing  # noqa: B018 - looking is what fails
