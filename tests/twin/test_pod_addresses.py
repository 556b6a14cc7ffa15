"""Who hands out pods' addresses other than by default: Kubernetes, or Cilium from several pools. ``make test-long``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.twin.canary import AGNHOST
from tests.twin.conftest import Twin
from tests.twin.operator import KUBECTL, Run, altered_site, deploy

pytestmark = pytest.mark.twin_long

POOL, GREEN, MORE = IPv4Network("10.32.0.0/16"), IPv4Network("100.64.0.0/16"), IPv4Network("10.33.0.0/16")
APPENDED = IPv4Network("100.65.0.0/16")
SEVERAL: dict[str, Any] = {
    "kube_proxy": "replace", "cilium_masquerade": "bpf", "cilium_ipam": "multi-pool",
    "cilium_more_pod_cidrs": [str(MORE)],
}  # fmt: skip
SERVER = """
apiVersion: v1
kind: Pod
metadata:
  name: green
  annotations: {ipam.cilium.io/ip-pool: green}
spec:
  nodeSelector: {kubernetes.io/hostname: k8s-worker1}
  containers:
  - {name: agnhost, image: IMAGE, args: [netexec, --http-port=8080, --udp-port=-1]}
"""


@pytest.fixture(scope="module")
def own() -> Iterator[Twin]:
    """A twin of two bare hosts."""
    twin = Twin("test-addresses")
    twin.must("up", "--workers", "1")
    try:
        yield twin
    finally:
        twin.must("down")


def build(twin: Twin, folder: Path, **choices: Any) -> Run:
    """A new cluster in the place of the one before; its run's own test pods have reached each other."""
    deploy(twin, "reset", "--data", "confirm=lab", inventory="inventory/twin.py")
    site = altered_site(twin, folder, overrides={"pod_cidr": str(POOL), **choices})
    run = deploy(twin, "cluster", site=site, inventory="inventory/twin.py")
    assert run.returncode == 0, run.text
    assert run.text.count("ok      pod to pod") == 2
    return run


def objects(twin: Twin, kind: str) -> list[Any]:
    """What the API has of a kind, in all namespaces."""
    return list(json.loads(twin.ssh("k8s-cp", f"{KUBECTL} get {kind} --all-namespaces -o json"))["items"])


def green(*cidrs: IPv4Network) -> dict[str, Any]:
    return {"name": "green", "cidrs": [str(cidr) for cidr in cidrs], "mask_size": 26}


def pools(twin: Twin) -> dict[str, Any]:
    return {pool["metadata"]["name"]: pool["spec"]["ipv4"] for pool in objects(twin, "ciliumpodippools")}


def test_kubernetes_hands_out_the_parts_and_cilium_takes_them(own: Twin, tmp_path: Path) -> None:
    build(own, tmp_path, cilium_ipam="kubernetes", pod_cidr_mask_size=25)
    parts = {node["metadata"]["name"]: IPv4Network(node["spec"]["podCIDR"]) for node in objects(own, "nodes")}
    assert {part.prefixlen for part in parts.values()} == {25}
    assert all(part.subnet_of(POOL) for part in parts.values())
    agents = {node["metadata"]["name"]: node["spec"]["ipam"]["podCIDRs"] for node in objects(own, "ciliumnodes")}
    assert agents == {name: [str(part)] for name, part in parts.items()}
    pods = [pod for pod in objects(own, "pods") if not pod["spec"].get("hostNetwork")]
    assert pods
    assert all(IPv4Address(pod["status"]["podIP"]) in parts[pod["spec"]["nodeName"]] for pod in pods)


def test_a_pod_has_an_address_of_the_pool_it_asks_for(own: Twin, tmp_path: Path) -> None:
    build(own, tmp_path, **SEVERAL, cilium_pools=[green(GREEN)])
    assert pools(own) == {
        "default": {"cidrs": [str(POOL), str(MORE)], "maskSize": 24},
        "green": {"cidrs": [str(GREEN)], "maskSize": 26},
    }
    catalog = yaml.safe_load(Path(own.status()["mirror"]["folder"], "catalog.yaml").read_text())
    manifest = SERVER.replace("IMAGE", f"{AGNHOST}@sha256:{catalog['images'][AGNHOST]['sha256']}")
    own.ssh("k8s-cp", f"{KUBECTL} apply -f -", stdin=manifest)
    own.ssh("k8s-cp", f"{KUBECTL} wait --for=condition=Ready pod/green --timeout=120s")
    address = own.ssh("k8s-cp", f"{KUBECTL} get pod green -o jsonpath='{{.status.podIP}}'").strip()
    assert IPv4Address(address) in GREEN
    # From the other node, where the answer has to find its way back.
    assert own.ssh("k8s-cp", f"curl -sS --max-time 10 http://{address}:8080/hostname").strip() == "green"


def test_a_pool_grows_at_its_end_by_a_run_alone(own: Twin, tmp_path: Path) -> None:
    """The cluster of the test before: Cilium's operator, which made the pool, passes over what is new in its values."""
    overrides = {"pod_cidr": str(POOL), **SEVERAL, "cilium_pools": [green(GREEN, APPENDED)]}
    site = altered_site(own, tmp_path, overrides=overrides)
    run = deploy(own, "cluster", "--json", site=site, inventory="inventory/twin.py")
    assert run.returncode == 0, run.text
    assert "Cilium | Pools, announcements, BGP" in run.changed
    assert pools(own)["green"] == {"cidrs": [str(GREEN), str(APPENDED)], "maskSize": 26}
    again = deploy(own, "cluster", "--json", site=site, inventory="inventory/twin.py")
    assert (again.returncode, again.changed) == (0, []), again.text
