"""Power as a remedy: only by the site's commands, and pods move only while it is proven off."""

from __future__ import annotations

from importlib import import_module

import pytest

from kubestead.facts.nodemarks import Marks, NodeMarks
from kubestead.operations.remedies.powering import OUT_OF_SERVICE, back_in_service, out_of_service, power_cycle
from kubestead.operations.steps import StepFailed
from tests.operations.patient import SILENT, WELL, control_plane, node, view

pytestmark = pytest.mark.usefixtures("no_wait")
POWERING = import_module("kubestead.operations.remedies.powering")
BACK = view(age=-2, boot_id="boot-2")


@pytest.fixture
def site(tmp_path, monkeypatch):
    """Power commands that write down what was done, and a host that boots when it has power."""
    (tmp_path / "state").write_text("on")
    at = f"cd {tmp_path} && "
    monkeypatch.setattr(
        POWERING, "boot_id", lambda host: "boot-2" if (tmp_path / "state").read_text() == "on" else None
    )
    return {
        "status": f"{at}cat state",
        "off": f"{at}printf off > state; echo off >> log",
        "on": f"{at}printf on > state; echo on >> log",
    }


def marks(*taints: str) -> dict:
    return {"facts": {NodeMarks: {"node1": Marks(taints=taints)}}}


def test_a_node_is_switched_off_and_on_and_watched(site, tmp_path):
    api = control_plane(view("Unknown", age=100), BACK, **marks())
    power_cycle(node(kubestead_power=site), api)
    assert (tmp_path / "log").read_text().split() == ["off", "on"]
    assert api.sent == []


def test_a_node_that_is_back_is_taken_into_service(site):
    api = control_plane(view("Unknown", age=100), BACK, **marks(f"{OUT_OF_SERVICE}=nodeshutdown:NoExecute"))
    power_cycle(node(kubestead_power=site), api)
    (command,) = api.sent
    assert f"taint node node1 {OUT_OF_SERVICE}-" in command


def test_a_host_that_never_boots_is_told(site, monkeypatch):
    monkeypatch.setattr(POWERING, "boot_id", lambda host: None)
    monkeypatch.setattr(POWERING, "BOOT_SECONDS", -1)
    with pytest.raises(StepFailed, match="node1: has power, and no SSH after"):
        power_cycle(node(kubestead_power=site), control_plane(view("Unknown", age=100)))


@pytest.mark.parametrize("remedy", [power_cycle, out_of_service])
def test_without_commands_nothing_is_done(remedy):
    api = control_plane()
    with pytest.raises(StepFailed, match=r"node1: the site gives no commands.*write hosts.node1.power"):
        remedy(node(), api)
    assert api.sent == []


@pytest.mark.parametrize("said", ["on", "", "off?", "OFF off"])
def test_pods_stay_where_the_power_is_not_proven_off(said):
    api = control_plane()
    with pytest.raises(StepFailed, match="not proven off; its pods stay with it"):
        out_of_service(node(kubestead_power={"status": f"echo '{said}'"}), api)
    assert api.sent == []


def test_pods_of_a_node_that_is_off_are_set_free():
    api = control_plane()
    out_of_service(node(kubestead_power={"status": "echo off"}), api)
    (command,) = api.sent
    assert f"taint --overwrite node node1 {OUT_OF_SERVICE}=nodeshutdown:NoExecute" in command


def test_another_taint_is_left():
    api = control_plane(**marks("dedicated=db:NoSchedule"))
    back_in_service(node(), api)
    assert api.sent == []


@pytest.mark.parametrize("seen", [WELL, SILENT], ids=["well", "the API is silent"])
def test_the_power_of_a_node_that_may_be_well_is_not_cut(site, tmp_path, seen):
    with pytest.raises(StepFailed, match="its power is not cut while it may be well"):
        power_cycle(node(kubestead_power=site), control_plane(seen))
    assert not (tmp_path / "log").exists()


def test_a_control_plane_that_is_off_is_switched_on_though_it_cannot_be_asked(site, tmp_path):
    (tmp_path / "state").write_text("off")
    api = control_plane(SILENT, BACK, **marks())
    power_cycle(node(kubestead_power=site), api)
    assert (tmp_path / "log").read_text().split() == ["on"]
