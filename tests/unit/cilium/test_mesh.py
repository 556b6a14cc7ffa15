"""Cards of clusters: written and read again, compared with the spec, and made Secrets of."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from kubestead.cilium.mesh import differences, meetings, secrets
from kubestead.cilium.meshcard import Card, as_text, card, read_card
from kubestead.errors import InvalidInput
from kubestead.spec import ClusterSpec

KEY = "-----BEGIN RSA PRIVATE KEY-----\nswordfish\n-----END RSA PRIVATE KEY-----\n"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n"


def spec(name: str, number: int, *others: int, **choices: Any) -> ClusterSpec:
    """A cluster with pods in ``10.NUMBER.0.0/16`` that has these others in its mesh."""
    entries = [{"name": f"c{other}", "id": other, "pod_cidrs": [f"10.{other}.0.0/16"]} for other in others]
    own = {"cluster_name": name, "cilium_cluster_id": number, "pod_cidr": f"10.{number}.0.0/16"}
    return ClusterSpec.load(
        {**own, "cilium_mesh": entries, "cilium_mesh_addresses": [f"192.0.2.{number}", "192.0.2.9"], **choices}
    )


def card_of(number: int, **choices: Any) -> Card:
    """The card of another cluster."""
    made = CERTIFICATE.format(number)
    return card(spec(f"c{number}", number, 1, **choices), f"{made}authority", made, KEY)


def test_a_card_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "c2.yaml"
    path.touch(mode=0o600)
    path.write_text(as_text(card_of(2)))
    found = read_card(path)
    assert found == card_of(2)
    assert [str(one) for one in found.addresses] == ["https://192.0.2.2:32379", "https://192.0.2.9:32379"]
    assert found.key_is(hashlib.sha256(KEY.encode()).hexdigest())
    assert "swordfish" not in repr(found)


def test_a_card_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "c2.yaml"
    path.write_text(as_text(card_of(2)))
    path.chmod(0o640)
    with pytest.raises(InvalidInput, match="is open to others"):
        read_card(path)


@pytest.mark.parametrize("key", Card.model_fields)
def test_a_card_that_is_none_is_told_without_its_key(tmp_path: Path, key: str) -> None:
    path = tmp_path / "c2.yaml"
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump({**yaml.safe_load(as_text(card_of(2))), key: {"swordfish": "swordfish"}}))
    with pytest.raises(InvalidInput) as error:
        read_card(path)
    assert all(finding.where.startswith(str(path)) for finding in error.value.findings)
    if key in ("authority", "certificate", "key"):
        path.write_text(yaml.safe_dump({**yaml.safe_load(as_text(card_of(2))), "key": "swordfish"}))
        with pytest.raises(InvalidInput) as error:
            read_card(path)
        assert "swordfish" not in str(error.value)


def told(own: ClusterSpec, its: Card) -> list[str]:
    return [finding.where for finding in differences(own, own.cilium_mesh[0], its, "cilium_mesh.0")]


def test_a_card_that_agrees_is_taken() -> None:
    assert told(spec("c1", 1, 2), card_of(2)) == []
    # A part of what was written.
    assert told(spec("c1", 1, 2), card_of(2, pod_cidr="10.2.128.0/17")) == []


@pytest.mark.parametrize(
    ("its", "where"),
    [
        (card_of(3), ["cilium_mesh.0.name", "cilium_mesh.0.id", "cilium_mesh.0.pod_cidrs"]),
        (card_of(2, cilium_cluster_id=4), ["cilium_mesh.0.id"]),
        (card_of(2, cilium_mesh_port=32380), ["cilium_mesh.0.port"]),
        (card_of(2, cilium_more_pod_cidrs=["10.99.0.0/16"]), ["cilium_mesh.0.pod_cidrs"]),
        (card_of(2, cilium_routing="geneve"), ["cilium_mesh.0: cilium_routing"]),
        (card_of(2, cilium_encryption="wireguard"), ["cilium_mesh.0: cilium_encryption"]),
        (card_of(2, ip_families="dual"), ["cilium_mesh.0: ip_families"]),
        (
            card_of(2, cilium_extra_values={"clustermesh": {"maxConnectedClusters": 511}}),
            ["cilium_mesh.0: most_clusters"],
        ),
    ],
    ids=range(8),
)
def test_a_card_that_says_otherwise_is_refused(its: Card, where: list[str]) -> None:
    assert told(spec("c1", 1, 2), its) == where


def test_networks_that_meet_are_refused_also_of_a_cluster_that_runs() -> None:
    assert list(meetings(spec("c1", 1, 2, 3))) == []
    found = list(meetings(spec("c1", 1, 2, pod_cidr="10.2.0.0/15")))
    assert [(finding.where, finding.severity) for finding in found] == [("pod_cidr", "error")]
    assert "c2's pod network" in found[0].reason
    assert "runs" in found[0].fix


def opened(secret: dict[str, Any]) -> dict[str, str]:
    return {key: base64.b64decode(text).decode() for key, text in secret["data"].items()}


def test_the_secrets_are_the_charts_own_for_certificates_by_cluster() -> None:
    mesh, agents = secrets([card_of(2), card_of(3)])
    assert mesh["metadata"] == {"name": "cilium-kvstoremesh", "namespace": "kube-system"}
    found = opened(mesh)
    assert set(found) == {f"c{n}{end}" for n in (2, 3) for end in ("", *(f".etcd-client{e}" for e in CHART))}
    assert yaml.safe_load(found["c2"]) == {
        "endpoints": ["https://192.0.2.2:32379", "https://192.0.2.9:32379"],
        "trusted-ca-file": "/var/lib/cilium/clustermesh/c2.etcd-client-ca.crt",
        "key-file": "/var/lib/cilium/clustermesh/c2.etcd-client.key",
        "cert-file": "/var/lib/cilium/clustermesh/c2.etcd-client.crt",
    }
    assert found["c3.etcd-client.key"] == KEY
    assert found["c3.etcd-client-ca.crt"].endswith("authority")
    # Agents ask their own cluster's, which mirrors the others; they have no key of another cluster.
    assert agents["metadata"]["name"] == "cilium-clustermesh"
    assert set(opened(agents)) == {"c2", "c3"}
    assert yaml.safe_load(opened(agents)["c2"])["endpoints"] == ["https://clustermesh-apiserver.kube-system.svc:2379"]
    assert secrets([]) == []


CHART = ("-ca.crt", ".crt", ".key")
