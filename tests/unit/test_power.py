"""A host's power by the site's commands: only what is said plainly is believed."""

from __future__ import annotations

import pytest

from kubestead import power
from kubestead.errors import KubesteadError


def commands(folder, said="$(cat state)", off="echo off > state", on="echo on > state"):
    at = f"cd {folder} && "
    return {"status": f"{at}echo {said}", "off": at + off, "on": at + on}


@pytest.mark.parametrize(
    ("command", "state"),
    [
        ("echo on", "on"), ("echo ' OFF '", "off"), ("echo Chassis Power is on", None), ("true", None),
        ("echo off; exit 1", None), ("echo on; echo off", None), ("no-such-command", None), ("sleep 60", None),
    ],
)  # fmt: skip
def test_only_the_one_word_is_believed(command, state):
    assert power.status({"status": command}, timeout=0.5) == state


def test_without_commands_nothing_is_known():
    assert power.status(None) is None
    assert power.status({}) is None


def test_a_cycle_ends_with_power(tmp_path):
    (tmp_path / "state").write_text("on")
    log = "echo {} >> log; echo {} > state"
    power.cycle(commands(tmp_path, off=log.format("off", "off"), on=log.format("on", "on")))
    assert (tmp_path / "log").read_text().split() == ["off", "on"]
    assert power.status(commands(tmp_path)) == "on"


@pytest.mark.parametrize("off", ["true", "exit 1", "sleep 60"], ids=["status lags", "fails", "hangs"])
def test_whatever_became_of_off_it_is_switched_on(tmp_path, off):
    """What was told to go off may do so a minute later; nobody would be there to switch it on again."""
    (tmp_path / "state").write_text("on")
    with pytest.raises(KubesteadError, match="'off' command"):
        power.cycle(commands(tmp_path, off=off, on="touch switched-on"), timeout=0.5)
    assert (tmp_path / "switched-on").exists()


def test_switching_on_is_tried_again(tmp_path):
    (tmp_path / "state").write_text("on")
    once = "if [ -e tried ]; then echo on > state; else touch tried; exit 1; fi"
    power.cycle(commands(tmp_path, on=once), timeout=10)
    assert power.status(commands(tmp_path)) == "on"


def test_a_host_that_may_be_off_is_told_to_be(tmp_path):
    (tmp_path / "state").write_text("on")
    with pytest.raises(KubesteadError, match="the host may be off: switch it on"):
        power.cycle(commands(tmp_path, on="exit 1"), timeout=0.5)


@pytest.mark.parametrize("off", ["echo wrong password secret >&2; exit 3 # -P secret", "sleep 60 # -P secret", "true"])
def test_a_command_that_fails_is_told_without_what_it_holds_or_says(off):
    """It may hold the password of a management controller, and the error goes to events and notifications."""
    commands = {"status": "echo on # -P secret", "on": "true", "off": off}
    with pytest.raises(KubesteadError, match="the site's 'off' command") as error:
        power.switch(commands, "off", timeout=0.5)
    assert "secret" not in str(error.value)
    assert error.value.__cause__ is None
