"""Two clusters in a mesh, on one twin: their pods reach each other, and a service has pods in both. ``make test-mesh``.

The tests follow each other: the last one takes a whole cluster's power.
"""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic

import pytest

from kubestead.cilium.meshcard import read_card
from tests.twin.conftest import eventually
from tests.twin.meshed import GLOBAL, Mesh, answers, meshed
from tests.twin.operator import KUBECTL
from tests.twin.traffic.pods import HTTP, Pod, start

pytestmark = pytest.mark.twin_long

LOCAL = {**GLOBAL, "service.cilium.io/affinity": "local"}
A, B = "backend-alpha", "backend-beta"
APISERVER = "deployment/clustermesh-apiserver"


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    with meshed("test-mesh", tmp_path_factory.mktemp("mesh"), {}, {}) as found:
        yield found


@pytest.fixture(scope="module")
def pods(mesh: Mesh) -> dict[str, Pod]:
    return mesh.pods()


@pytest.fixture(scope="module")
def shared(mesh: Mesh, pods: dict[str, Pod]) -> dict[str, str]:
    """The addresses of the service they share, by cluster; each knows of both pods."""
    found = {side.cluster: side.share() for side in (mesh.alpha, mesh.beta)}
    for cluster, address in found.items():
        eventually(lambda c=cluster, a=address: {A, B} == set(answers(pods[f"asker-{c}"], a, 10)))  # type: ignore[misc]
    return found


def test_three_runs_connect_two_clusters(mesh: Mesh) -> None:
    first, second, third = mesh.runs
    assert first.returncode == 1
    assert "beta has not handed over its card" in first.text
    assert second.returncode == 0, second.text
    assert third.returncode == 0, third.text


def test_keys_stay_in_files_of_the_operators_own(mesh: Mesh) -> None:
    cards = mesh.alpha.folder / "cards"
    assert {path.name: path.stat().st_mode & 0o777 for path in cards.iterdir()} == {
        "alpha.yaml": 0o600, "beta.yaml": 0o600,
    }  # fmt: skip
    for name in ("alpha", "beta"):
        lines = read_card(cards / f"{name}.yaml").key.splitlines()[1:-1]
        assert len(lines) > 10
        assert not [run for run in mesh.runs for line in lines if line in run.text]


@pytest.mark.parametrize("name", ["mesh", "cluster"])
def test_the_next_run_changes_nothing(mesh: Mesh, name: str) -> None:
    for side, other in ((mesh.alpha, mesh.beta), (mesh.beta, mesh.alpha)):
        run = side.deploy(name, "--json", others=(other,))
        assert run.returncode == 0, run.text
        # The operator's kubeconfig is that of the cluster whose deploys/cluster.py ran last in this folder.
        assert [one for one in run.changed if "Kubeconfig" not in one] == []


def test_the_status_counts_the_agents_that_are_connected(mesh: Mesh) -> None:
    for side, other in ((mesh.alpha, mesh.beta), (mesh.beta, mesh.alpha)):
        found = side.cilium_status(other)
        assert found["clusters"] == f"{other.cluster}: 2 of 2 agents"
        assert "cluster-lost" not in {trouble["kind"] for trouble in found["troubles"]}


def test_pods_of_one_cluster_reach_those_of_the_other_as_themselves(pods: dict[str, Pod]) -> None:
    for one, other in (("asker-alpha", B), ("asker-beta", A)):
        assert pods[one].asks(pods[other].address, HTTP, "hostname") == [other]
        (caller,) = pods[one].asks(pods[other].address, HTTP, "clientip")
        assert caller.rpartition(":")[0] == pods[one].address


def test_a_global_service_is_answered_by_pods_of_both(pods: dict[str, Pod], shared: dict[str, str]) -> None:
    for cluster, address in shared.items():
        assert set(answers(pods[f"asker-{cluster}"], address)) == {A, B}


def test_with_local_affinity_the_own_pods_answer_as_long_as_there_are_any(
    mesh: Mesh, pods: dict[str, Pod], shared: dict[str, str]
) -> None:
    asker, address = pods["asker-alpha"], mesh.alpha.share(LOCAL)
    eventually(lambda: set(answers(asker, address)) == {A})
    assert set(answers(pods["asker-beta"], shared["beta"])) == {A, B}, "beta has its own word"
    mesh.alpha.drop(pods[A])
    eventually(lambda: set(answers(asker, address, 10)) == {B})
    start(mesh.alpha, {A: mesh.alpha.worker})
    eventually(lambda: set(answers(asker, address)) == {A})
    mesh.alpha.share()
    eventually(lambda: set(answers(asker, address)) == {A, B})


@pytest.mark.parametrize(("gone", "left"), [("alpha", B), ("beta", A)])
def test_where_the_pods_of_one_are_gone_those_of_the_other_answer(
    mesh: Mesh, pods: dict[str, Pod], shared: dict[str, str], gone: str, left: str
) -> None:
    side = mesh.alpha if gone == "alpha" else mesh.beta
    side.drop(pods[f"backend-{gone}"])
    for cluster, address in shared.items():
        eventually(lambda c=cluster, a=address: set(answers(pods[f"asker-{c}"], a, 10)) == {left})  # type: ignore[misc]
        assert answers(pods[f"asker-{cluster}"], address) == [left] * 30
    start(side, {f"backend-{gone}": side.worker})
    for cluster, address in shared.items():
        eventually(lambda c=cluster, a=address: set(answers(pods[f"asker-{c}"], a, 10)) == {A, B})  # type: ignore[misc]


def test_without_the_others_api_server_what_is_known_stays(
    mesh: Mesh, pods: dict[str, Pod], shared: dict[str, str]
) -> None:
    scale = f"{KUBECTL} -n kube-system scale {APISERVER} --replicas="
    mesh.beta.ssh("k8s-cp", f"{scale}0 > /dev/null")
    gone = f"{KUBECTL} -n kube-system wait --for=delete pod --selector k8s-app=clustermesh-apiserver --timeout=60s"
    mesh.beta.ssh("k8s-cp", f"{gone} > /dev/null")
    found = answers(pods["asker-alpha"], shared["alpha"], 60)
    assert (set(found), len(found)) == ({A, B}, 60)
    mesh.beta.ssh("k8s-cp", f"{scale}1 > /dev/null; {KUBECTL} -n kube-system rollout status {APISERVER} > /dev/null")


def test_a_cluster_without_power_is_asked_until_it_is_taken_out_of_the_mesh(
    mesh: Mesh, pods: dict[str, Pod], shared: dict[str, str]
) -> None:
    asker = pods["asker-alpha"]
    for host in (mesh.beta.control_plane, mesh.beta.worker):
        mesh.beta.must("power", "off", host)
    found, started = answers(asker, shared["alpha"], 60, seconds=0.5), monotonic()
    assert set(found) == {A, "lost"}
    print(f"without power: {found.count('lost')} of {len(found)} requests to the shared service are lost")
    lost = ("cluster-lost", "beta")
    eventually(
        lambda: lost in {(one["kind"], one["where"]) for one in mesh.alpha.cilium_status(mesh.beta)["troubles"]},
        seconds=120,
    )
    print(f"the status tells it within {monotonic() - started:.0f} s more")
    # With affinity none is.
    mesh.alpha.share(LOCAL)
    eventually(lambda: set(answers(asker, shared["alpha"], 20, seconds=0.5)) == {A})
    mesh.alpha.share()
    eventually(lambda: "lost" in answers(asker, shared["alpha"], 20, seconds=0.5))
    run, started = mesh.alpha.deploy("mesh", others=()), monotonic()
    assert run.returncode == 0, run.text
    eventually(lambda: set(answers(asker, shared["alpha"], 20, seconds=0.5)) == {A}, seconds=120)
    print(f"out of the mesh: forgotten within {monotonic() - started:.0f} s")
    assert answers(asker, shared["alpha"], 60, seconds=0.5) == [A] * 60
