"""Two clusters in a mesh with native routing and without kube-proxy; one address of beta's never answers.

``make test-mesh``.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.twin.conftest import eventually
from tests.twin.meshed import GLOBAL, SHARED, Mesh, answers, meshed
from tests.twin.traffic import outside
from tests.twin.traffic.pods import HTTP, Pod, of_service, start

pytestmark = pytest.mark.twin_long

A, B = "backend-alpha", "backend-beta"
CHOICES = {
    "cilium_routing": "native", "cilium_native_cidr": "10.0.0.0/8", "kube_proxy": "replace", "cilium_masquerade": "bpf",
}  # fmt: skip
NOBODY = "192.168.1.250"


@pytest.fixture(scope="module")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    beta = {"choices": CHOICES, "port": 32380, "absent": (NOBODY,)}
    with meshed("test-mesh", tmp_path_factory.mktemp("mesh"), {"choices": CHOICES}, beta) as found:
        yield found


@pytest.fixture(scope="module")
def pods(mesh: Mesh) -> dict[str, Pod]:
    return mesh.pods()


def test_clusters_are_connected_though_one_address_never_answers(mesh: Mesh) -> None:
    assert [run.returncode for run in mesh.runs] == [1, 0, 0], mesh.runs[2].text
    card = (mesh.alpha.folder / "cards" / "beta.yaml").read_text()
    assert f"https://{NOBODY}:32380" in card


def test_pods_are_routed_as_themselves(mesh: Mesh, pods: dict[str, Pod]) -> None:
    for one, other in (("asker-alpha", B), ("asker-beta", A)):
        assert pods[one].asks(pods[other].address, HTTP, "hostname") == [other]
        (caller,) = pods[one].asks(pods[other].address, HTTP, "clientip")
        assert caller.rpartition(":")[0] == pods[one].address
    route = mesh.alpha.ssh("k8s-cp", f"ip -4 route get {pods[B].address}")
    assert f"via {mesh.beta.address_of(mesh.beta.worker)} dev " in route


def test_a_node_port_is_answered_by_pods_of_both_and_of_the_one_that_is_left(mesh: Mesh, pods: dict[str, Pod]) -> None:
    for side, address in [(side, side.share(GLOBAL, "NodePort")) for side in (mesh.alpha, mesh.beta)]:
        eventually(lambda s=side, a=address: set(answers(pods[f"asker-{s.cluster}"], a, 10)) == {A, B})  # type: ignore[misc]
    port = int(of_service(mesh.alpha, SHARED, ".spec.ports[0].nodePort"))
    node = mesh.alpha.address_of(mesh.alpha.control_plane)

    def once() -> str:
        try:
            return outside.get(mesh.alpha, node, port, "/hostname")
        except OSError:
            return "lost"

    def asked(times: int = 30) -> list[str]:
        return [once() for _ in range(times)]

    assert set(asked()) == {A, B}
    mesh.alpha.drop(pods[A])
    eventually(lambda: set(asked(10)) == {B})
    assert asked() == [B] * 30
    start(mesh.alpha, {A: mesh.alpha.worker})
    eventually(lambda: set(asked(10)) == {A, B})
