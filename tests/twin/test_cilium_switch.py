"""A running Cilium switched by deploys/cilium.py, with a probe between pods all the while.

The long ones: ``make test-switch``, which goes on where it stopped, on one commit. They follow each other on one
cluster; each brings it into the state it needs.
"""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.twin.conftest import Twin
from tests.twin.operator import KUBECTL, NODES, PYINFRA, Run, altered_site, deploy, planned
from tests.twin.switching.lab import HELM, Lab, case, long
from tests.twin.switching.probe import probing, start_pods
from tests.twin.switching.results import record

__all__ = ["case"]

QUIET_SECONDS = 30
NATIVE = {"cilium_routing": "native"}
REPLACED = {"kube_proxy": "replace"}
# The chart and the operator take it; the agents end with an error. No key of the spec can say it.
BROKEN = {"extraConfig": {"node-port-mode": "annotation"}}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A cluster of its own, with the pods of the probe."""
    twin = Twin("test-switch")
    twin.must("down")
    twin.must("up")
    try:
        lab = Lab(twin, tmp_path_factory.mktemp("switch"))
        run = deploy(twin, "cluster", site=lab.site(), inventory="inventory/twin.py")
        assert run.returncode == 0, run.text
        start_pods(twin)
        yield lab
    finally:
        twin.must("down")


def one_by_one(case: str) -> list[str]:
    """What the operator says for it."""
    return ["--data", "one_by_one=true"] if "one by one" in case else []


@pytest.mark.twin
def test_nothing_to_switch_is_said_and_a_change_is_told_before_it_is_done(built: Twin, tmp_path: Path) -> None:
    same = deploy(built, "cilium", "--json")
    assert same.returncode == 0, same.text
    assert same.changed == []
    assert "Cilium: nothing changes" in same.stderr
    site = altered_site(built, tmp_path, overrides={**NATIVE, **REPLACED})
    dry = deploy(built, "cilium", "--dry", "--json", site=site)
    assert dry.returncode == 0, dry.text
    assert "Cilium: traffic is lost for a moment" in dry.stderr
    assert "routingMode: tunnel -> native" in dry.stderr
    assert "agents of k8s-worker1, k8s-worker2, k8s-cp, all at once" in dry.stderr
    assert {name for _, name in planned(dry)} == {
        "Cilium | Cilium 1.18.4, node by node", "Cilium | No kube-proxy", "Cilium | kubeadm's record of kube-proxy",
        "No rules of kube-proxy's", "Verify | Smoke: pods, services, DNS, policies, Cilium, Hubble",
    }  # fmt: skip
    refused = deploy(built, "cluster", site=site)
    assert refused.returncode == 1
    assert "pyinfra INVENTORY deploys/cilium.py" in refused.text
    assert "nothing was changed" in refused.text


@pytest.mark.twin
def test_a_switch_goes_through_and_one_that_breaks_agents_is_taken_back(built: Twin, tmp_path: Path) -> None:
    lab = Lab(built, tmp_path)
    try:
        off = lab.brought(hubble=False, smoke=False)
        assert "hubble.enabled: True -> False: agents restart" in off.text
        assert lab.config("enable-hubble") == "false"
        before = lab.agents()
        broken = lab.switch(hubble=False, smoke=False, extra=BROKEN)
        assert broken.returncode == 1
        assert "Invalid value for --bpf-lb-mode" in broken.text, "the agent's own words"
        assert "is back at Helm revision" in broken.text
        assert lab.left() == ""
        after = lab.agents()
        assert {node for node in after if after[node] != before[node]} == {"k8s-worker1"}, "nobody else was touched"
        assert lab.brought("--json", hubble=False, smoke=False).changed == []
    finally:
        # What only restarts agents is done in passing, and shown by the full smoke.
        back = deploy(built, "cluster")
    assert back.returncode == 0, back.text
    assert "ok      Hubble relay answers" in back.text


@long("nothing")
def test_the_probe_alone(lab: Lab, case: str) -> None:
    lab.brought()
    with probing(lab.twin) as seen:
        time.sleep(QUIET_SECONDS)  # a measurement lasts as long as it lasts
    record(case, seen, 0)


@long("Hubble off")
def test_hubble_goes_off(lab: Lab, case: str) -> None:
    lab.brought()
    before = lab.agents()
    run = lab.measured(case, hubble=False)
    assert "hubble.enabled: True -> False: agents restart" in run.text
    assert lab.config("enable-hubble") == "false"
    after = lab.agents()
    assert after.keys() == before.keys()
    assert not set(after.values()) & set(before.values()), "every agent was restarted"


@long("Hubble on")
def test_hubble_comes_on_and_a_second_run_changes_nothing(lab: Lab, case: str) -> None:
    lab.brought(hubble=False)
    run = lab.measured(case)
    assert "ok      Hubble relay answers" in run.text
    before = lab.agents()
    assert lab.brought("--json").changed == []
    assert lab.agents() == before
    assert planned(lab.switch("--dry", "--json")) == set()


@long("a broken value, rolled back")
def test_a_value_that_breaks_agents_is_rolled_back(lab: Lab, case: str) -> None:
    lab.brought()
    before, values = lab.agents(), lab.twin.ssh("k8s-cp", f"{HELM} get values cilium")

    def refused(run: Run) -> None:
        assert run.returncode == 1
        assert "k8s-worker1: its agent keeps ending" in run.text
        assert "Invalid value for --bpf-lb-mode" in run.text, "the agent's own words"
        assert "is back at Helm revision" in run.text
        assert lab.left() == ""
        assert lab.twin.ssh("k8s-cp", f"{HELM} get values cilium") == values
        after = lab.agents()
        assert {node for node in after if after[node] != before[node]} == {"k8s-worker1"}, "nobody else was touched"
        assert "fatal" in lab.twin.ssh("k8s-cp", "cat /var/lib/kubestead/cilium-first-error.log")
        assert deploy(lab.twin, "verify", site=lab.site(), inventory="inventory/twin.py").returncode == 0

    lab.measured(case, then=refused, extra=BROKEN)


@long("VXLAN to native", "native to VXLAN", "VXLAN to native, one by one", "native to VXLAN, one by one")
def test_routing_goes_there_and_back(lab: Lab, case: str) -> None:
    there = case.startswith("VXLAN")
    lab.brought(smoke=False, **({} if there else NATIVE))
    smoke = {} if case == "VXLAN to native" else {"smoke": False}
    run = lab.measured(case, *one_by_one(case), **(NATIVE if there else {}), **smoke)
    assert ("all at once" in run.text) is not ("one by one" in case)
    assert lab.config("routing-mode") == ("native" if there else "tunnel")
    for node in NODES:
        assert ("cilium_vxlan" in lab.twin.ssh(node, "ip -o link show")) is not there
        routes = lab.twin.ssh(node, "ip route | grep -c '^10[.].* via 192[.]168[.]1[.]' || true")
        assert routes == ("2" if there else "0"), "a route to each other node's pods"


@long("kube-proxy to Cilium")
def test_cilium_takes_services_over(lab: Lab, case: str) -> None:
    lab.brought()
    assert "0" not in lab.kube_proxy_chains()
    lab.measured(case, **REPLACED)
    assert "kube-proxy" not in lab.twin.ssh(
        "k8s-cp", f"{KUBECTL} -n kube-system get daemonsets,pods,configmaps -o name"
    )
    assert lab.kube_proxy_chains() == ["0", "0", "0"]
    assert "disabled: true" in lab.twin.ssh("k8s-cp", f"{KUBECTL} -n kube-system get configmap kubeadm-config -o yaml")
    assert lab.brought("--json", **REPLACED).changed == []
    plain = deploy(lab.twin, "cluster", "--json", site=lab.site(**REPLACED), inventory="inventory/twin.py")
    assert (plain.returncode, plain.changed) == (0, [])


@long("Cilium to kube-proxy")
def test_kube_proxy_takes_services_back(lab: Lab, case: str) -> None:
    lab.brought(smoke=False, **REPLACED)
    lab.measured(case)
    assert "0" not in lab.kube_proxy_chains()
    assert lab.config("kube-proxy-replacement") == "false"
    plain = deploy(lab.twin, "cluster", "--json", site=lab.site(), inventory="inventory/twin.py")
    assert (plain.returncode, plain.changed) == (0, [])


@long("killed in the middle, gone on")
def test_a_run_that_is_killed_is_ended_by_the_next_one(lab: Lab, case: str) -> None:
    lab.brought()
    site = lab.site(hubble=False)
    argv = ["env", f"KUBESTEAD_SITE={site}", PYINFRA, "-y", "inventory/twin.py", "deploys/cilium.py"]
    command = ["nsenter", f"--net=/run/netns/kubestead-{lab.twin.name}", *argv]
    with probing(lab.twin) as seen:
        began = time.monotonic()
        run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert run.stdout is not None
        said = next((line for line in run.stdout if "restarting the agent of k8s-worker2" in line), None)
        assert said, "the second node is never restarted"
        run.send_signal(signal.SIGKILL)
        run.wait()
        assert lab.left(), "the mark stays"
        plain = deploy(lab.twin, "cluster", site=site, inventory="inventory/twin.py")
        assert plain.returncode == 1
        assert "was begun and not ended" in plain.text
        first = lab.agents()["k8s-worker1"]
        again = lab.switch(hubble=False)
        seconds = time.monotonic() - began
    lab.is_well(again)
    assert "it goes on. Agents of an older configuration: " in again.text
    assert lab.agents()["k8s-worker1"] == first, "what was switched is left alone"
    record(case, seen, seconds)
