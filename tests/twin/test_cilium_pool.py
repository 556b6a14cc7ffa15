"""The pool of pods' addresses grows under a running cluster, and a node that joins then lives in the new network.

``make test-switch``.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network

import pytest

from tests.twin.conftest import Twin
from tests.twin.operator import KUBECTL, Run, deploy
from tests.twin.switching.lab import Lab, case, long
from tests.twin.switching.probe import NAMESPACE, start_pods

__all__ = ["case"]
# Two nodes' parts and no more.
FIRST, MORE = IPv4Network("10.32.0.0/25"), IPv4Network("100.64.0.0/24")
LATER = "k8s-worker2"


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A cluster of two nodes that have all of its pool."""
    twin = Twin("test-pool")
    twin.must("down")
    twin.must("up")
    try:
        always = {"pod_cidr": str(FIRST), "pod_cidr_mask_size": 26}
        lab = Lab(twin, tmp_path_factory.mktemp("pool"), always, (LATER,))
        run = deploy(twin, "cluster", site=lab.site(), inventory="inventory/twin.py")
        assert run.returncode == 0, run.text
        start_pods(twin, server="k8s-cp")
        yield lab
    finally:
        twin.must("down")


def pod_networks(lab: Lab) -> dict[str, IPv4Network]:
    """Each node's part of the pool."""
    row = '{range .items[*]}{.metadata.name} {.spec.ipam.podCIDRs[0]}{"\\n"}{end}'
    lines = lab.twin.ssh("k8s-cp", f"{KUBECTL} get ciliumnodes -o jsonpath='{row}'").splitlines()
    return {name: IPv4Network(part) for name, part in (line.split() for line in lines)}


@long("a pool network appended")
def test_the_pool_grows_and_a_node_that_joins_lives_in_the_new_network(full: Lab, case: str) -> None:
    before, agents = pod_networks(full), full.agents()
    assert sorted(before.values()) == list(FIRST.subnets(new_prefix=26))

    def grown(run: Run) -> None:
        full.is_well(run)
        assert "cilium_more_pod_cidrs" in run.text
        assert "the operator restarts" in run.text
        refused = full.switch()
        assert refused.returncode == 1
        assert "cannot be changed" in refused.text
        full.always["cilium_more_pod_cidrs"] = [str(MORE)]
        assert full.brought("--json").changed == []
        assert pod_networks(full) == before
        assert full.agents().keys() == agents.keys()
        joined(full)

    full.measured(case, then=grown, cilium_more_pod_cidrs=[str(MORE)])


def joined(lab: Lab) -> None:
    """The third host joins, and every node's pods reach those it has."""
    lab.without = ()
    run = deploy(lab.twin, "cluster", site=lab.site(), inventory="inventory/twin.py")
    assert run.returncode == 0, run.text
    assert run.text.count("ok      pod to pod") == 6, "the smoke has every node's pods reach every other's"
    part = pod_networks(lab)[LATER]
    assert part.subnet_of(MORE)
    lab.twin.ssh("k8s-cp", f"{KUBECTL} -n {NAMESPACE} delete pod server --now > /dev/null")
    start_pods(lab.twin, server=LATER)
    address = lab.twin.ssh("k8s-cp", f"{KUBECTL} -n {NAMESPACE} get pod server -o jsonpath='{{.status.podIP}}'")
    assert IPv4Address(address) in part
    for node in ("k8s-cp", "k8s-worker1"):
        assert lab.twin.ssh(node, f"curl -sS --max-time 10 http://{address}:8080/hostname") == "server"
