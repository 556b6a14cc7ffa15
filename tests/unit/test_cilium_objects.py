"""Cilium's objects for pools, announcements and BGP, as the spec asks for them."""

from __future__ import annotations

import base64
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from kubestead import cache
from kubestead.cilium.objects import KINDS, cilium_objects, written_at
from kubestead.cilium.passwords import password_findings, passwords
from kubestead.manifests import Identity
from kubestead.spec import ClusterSpec

POOL = {"name": "lan", "blocks": ["10.9.0.0/28", "10.9.1.5", "10.9.2.1 - 10.9.2.9"], "services": {"a": "b"}}
PEER = {"name": "tor", "address": "192.0.2.1", "asn": 64513}
BGP = {"name": "lab", "asn": 64512, "peers": [PEER]}
ALL: dict[str, Any] = {
    "kube_proxy": "replace",
    "cilium_masquerade": "bpf",
    "cilium_ipam": "multi-pool",
    "cilium_pools": [{"name": "green", "cidrs": ["10.200.0.0/16"]}],
    "pod_cidr": "10.128.0.0/16",
    "cilium_lb_pools": [POOL],
    "cilium_l2_announcements": [
        {"name": "lan", "interfaces": ["^eth0$"], "services": {"a": "b"}, "nodes": {"zone": "a"}, "external_ips": True}
    ],
    "cilium_bgp": [
        {
            **BGP,
            "nodes": {"zone": "a"},
            "services": {"c": "d"},
            "advertise": ["pods", "load-balancers", "cluster-ips", "external-ips"],
            "peers": [{**PEER, "restart_seconds": 120, "hold_seconds": 10, "multihop": 3}],
        }
    ],
}


def made(*, workers: bool = True, secrets: dict[str, str] | None = None, **values: Any) -> dict[str, dict[str, Any]]:
    """The objects by kind and name (``Secret/x``)."""
    found = cilium_objects(ClusterSpec.load(values), workers, secrets or {})
    return {f"{item['kind']}/{item['metadata']['name']}": item for item in found}


def test_a_spec_that_asks_for_none_has_none():
    assert cilium_objects(ClusterSpec(), True, {}) == []


def test_there_is_a_mark_as_long_as_there_is_anything():
    assert next(iter(made(cilium_lb_pools=[POOL]))) == "ConfigMap/kubestead-cilium"


def test_the_mark_names_them_all():
    """By which the next run sees that it has none to add."""
    objects = cilium_objects(ClusterSpec.load({"cilium_lb_pools": [POOL], "cilium_bgp": [BGP]}), True, {"lab.tor": "x"})
    assert objects[0]["data"]["objects"].splitlines() == [str(Identity.of(one)) for one in objects]
    assert "Secret kube-system/kubestead-bgp.lab.tor" in objects[0]["data"]["objects"]


def test_where_the_spec_asks_for_an_object():
    objects = cilium_objects(ClusterSpec.load(ALL), True, {"lab.tor": "x"})
    assert [written_at(Identity.of(one), {"cilium_bgp": "site.yaml:3: cilium_bgp"}) for one in objects] == [
        "ConfigMap kube-system/kubestead-cilium",
        "site.yaml:3: cilium_bgp: kubestead-bgp.lab.tor",
        "group_data/all.py: cilium_pools: default",
        "group_data/all.py: cilium_pools: green",
        "group_data/all.py: cilium_lb_pools: lan",
        "group_data/all.py: cilium_l2_announcements: lan",
        *["site.yaml:3: cilium_bgp: lab", "site.yaml:3: cilium_bgp: lab.tor", "site.yaml:3: cilium_bgp: lab"],
    ]


def test_a_block_is_a_network_an_address_or_a_range():
    spec = made(cilium_lb_pools=[POOL])["CiliumLoadBalancerIPPool/lan"]["spec"]
    assert spec == {
        "allowFirstLastIPs": "No",
        "blocks": [
            {"cidr": "10.9.0.0/28"},
            {"start": "10.9.1.5", "stop": "10.9.1.5"},
            {"start": "10.9.2.1", "stop": "10.9.2.9"},
        ],
        "serviceSelector": {"matchLabels": {"a": "b"}},
    }


@pytest.mark.parametrize(("workers", "answers"), [(True, "DoesNotExist"), (False, None)])
def test_control_planes_answer_only_where_there_is_nobody_else(workers, answers):
    objects = made(workers=workers, kube_proxy="replace", cilium_l2_announcements=[{"name": "lan"}])
    spec = objects["CiliumL2AnnouncementPolicy/lan"]["spec"]
    selected = spec.pop("nodeSelector", None)
    assert spec == {"loadBalancerIPs": True, "externalIPs": False}
    expression = {"key": "node-role.kubernetes.io/control-plane", "operator": answers}
    assert selected == ({"matchExpressions": [expression]} if answers else None)


def test_bgp_is_an_instance_its_peers_and_what_they_are_told():
    objects = made(cilium_bgp=[BGP])
    assert objects["CiliumBGPClusterConfig/lab"]["spec"] == {
        "bgpInstances": [
            {
                "name": "lab",
                "localASN": 64512,
                "peers": [
                    {"name": "tor", "peerASN": 64513, "peerAddress": "192.0.2.1", "peerConfigRef": {"name": "lab.tor"}}
                ],
            }
        ]
    }
    peer = objects["CiliumBGPPeerConfig/lab.tor"]["spec"]
    assert peer["timers"] == {"connectRetryTimeSeconds": 5, "holdTimeSeconds": 9, "keepAliveTimeSeconds": 3}
    assert "authSecretRef" not in peer
    assert "gracefulRestart" not in peer
    told = objects["CiliumBGPAdvertisement/lab"]
    assert peer["families"][0]["advertisements"]["matchLabels"] == told["metadata"]["labels"]
    pods, services = told["spec"]["advertisements"]
    assert pods == {"advertisementType": "PodCIDR"}
    assert services["service"] == {"addresses": ["LoadBalancerIP"]}
    assert services["selector"]["matchExpressions"][0]["operator"] == "DoesNotExist", "one that is left out is nobody's"


def test_multi_pool_tells_of_its_pools_and_lets_them_grow():
    objects = made(**ALL, cilium_more_pod_cidrs=["10.129.0.0/16"])
    assert objects["CiliumPodIPPool/default"]["spec"] == {
        "ipv4": {"cidrs": ["10.128.0.0/16", "10.129.0.0/16"], "maskSize": 24}
    }
    assert objects["CiliumPodIPPool/green"]["spec"]["ipv4"] == {"cidrs": ["10.200.0.0/16"], "maskSize": 27}
    types = [one["advertisementType"] for one in objects["CiliumBGPAdvertisement/lab"]["spec"]["advertisements"]]
    assert types == ["CiliumPodIPPool", "Service"]


def test_a_password_is_a_secret_of_its_own(tmp_path):
    file = tmp_path / "password"
    file.write_text("sword: {fish}\nmore\n")
    bgp = [{**BGP, "peers": [{**PEER, "password_file": str(file)}]}]
    spec = ClusterSpec.load({"cilium_bgp": bgp})
    found = {item["kind"]: item for item in cilium_objects(spec, True, passwords(spec))}
    assert found["Secret"]["metadata"] == {"name": "kubestead-bgp.lab.tor", "namespace": "kube-system"}
    assert base64.b64decode(found["Secret"]["data"]["password"]) == b"sword: {fish}"
    assert found["CiliumBGPPeerConfig"]["spec"]["authSecretRef"] == "kubestead-bgp.lab.tor"


@pytest.mark.parametrize(
    ("content", "mode", "reason"),
    [
        ("swordfish\n", 0o600, ""),
        ("swordfish\n", 0o644, "is open to others (mode 0644)"),
        ("\n", 0o600, "has an empty first line"),
        ("x" * 81, 0o600, "holds a password of 81 bytes, and TCP takes 80"),
        (None, 0o600, "cannot be read: No such file or directory"),
    ],
    ids=["right", "open", "empty", "long", "missing"],
)
def test_a_password_file_is_looked_at_before_anything_is_touched(tmp_path, content, mode, reason):
    file = tmp_path / "password"
    if content is not None:
        file.write_text(content)
        file.chmod(mode)
    spec = ClusterSpec.load({"cilium_bgp": [{**BGP, "peers": [{**PEER, "password_file": str(file)}]}]})
    found = password_findings(spec, "group_data/all.py: cilium_bgp")
    assert [(one.where, one.reason) for one in found] == (
        [("group_data/all.py: cilium_bgp: lab.tor: password_file", reason)] if reason else []
    )


def crds() -> dict[str, tuple[str, dict[str, Any]]]:
    """Each kind's version and schema, from the CRDs in Cilium's own module."""
    folders = sorted(
        (cache.root() / "go/mod/github.com/cilium").glob("cilium@v1.18.4/pkg/k8s/apis/cilium.io/client/crds")
    )
    if not folders:
        pytest.skip("needs Cilium's module in the cache: make components")
    found = {}
    for path in folders[-1].rglob("*.yaml"):
        spec = yaml.safe_load(path.read_text())["spec"]
        stored = next(version for version in spec["versions"] if version["storage"])
        found[spec["names"]["kind"]] = (f"{spec['group']}/{stored['name']}", stored["schema"]["openAPIV3Schema"])
        assert KINDS.get(spec["names"]["kind"], f"{spec['names']['plural']}.{spec['group']}") == (
            f"{spec['names']['plural']}.{spec['group']}"
        )
    return found


def closed(schema: Any) -> Any:
    """The schema that refuses fields it does not name, as the API server does with strict validation."""
    if isinstance(schema, dict):
        more = (
            {"additionalProperties": False} if "properties" in schema and "additionalProperties" not in schema else {}
        )
        return {**{key: closed(value) for key, value in schema.items()}, **more}
    return [closed(item) for item in schema] if isinstance(schema, list) else schema


def test_every_object_is_as_its_crd_has_it():
    known = crds()
    objects = made(**ALL, secrets={"lab.tor": "swordfish"})
    checked = set()
    for item in objects.values():
        if item["kind"] in known:
            version, schema = known[item["kind"]]
            assert item["apiVersion"] == version
            body = {"spec": item["spec"]}
            problems = Draft202012Validator(closed(schema)["properties"]["spec"]).iter_errors(body["spec"])
            assert [error.message for error in problems] == []
            checked.add(item["kind"])
    assert checked == {kind for kind in KINDS if kind.startswith("Cilium")}
