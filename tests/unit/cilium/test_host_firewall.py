"""Policies that select nodes: whom they would shut out, said before they are applied."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from kubestead.cilium.hostfirewall import Firewall, closing, shutting_out, unenforced, without_a_cluster
from kubestead.cilium.nodeneeds import CONTROL_PLANE, NodeView, Settings
from kubestead.cilium.policy import CCNP, CNP, Policy

PLANE = NodeView("k8s-cp", {CONTROL_PLANE: "", "zone": "a"}, frozenset({"192.168.1.187"}))
WORKER = NodeView("k8s-worker1", {"zone": "b"}, frozenset({"192.168.1.61"}))
NODES = (PLANE, WORKER)
CALLER = "192.168.1.1"
LAB = Firewall(Settings(enabled=True, tunnel=8472), NODES)
CLUSTER = {"fromEntities": ["cluster"]}


def ports(*numbers: int | str, protocol: str = "TCP", **more: Any) -> list[dict[str, Any]]:
    return [{"ports": [{"port": str(number), "protocol": protocol, **more} for number in numbers]}]


SSH = {"fromCIDR": ["192.168.1.0/24"], "toPorts": ports(22)}


def policy(*ingress: Any, name: str = "nodes", selector: Any = None, **spec: Any) -> Policy:
    rule = {"nodeSelector": selector or {}, **({"ingress": list(ingress)} if ingress else {}), **spec}
    content = {"apiVersion": "cilium.io/v2", "kind": CCNP, "metadata": {"name": name}, "spec": rule}
    return Policy(content, Path(f"{name}.yaml"))


def found(*policies: Policy, firewall: Firewall = LAB, caller: str | None = CALLER, **more: Any) -> list[str]:
    return [str(one) for one in shutting_out(policies, firewall, lambda _: False, caller, **more)]


def shut(*policies: Policy, **more: Any) -> list[tuple[str, str]]:
    """Whom, and port and nodes."""
    cut = [one.partition("would shut out ")[2].partition(";")[0] for one in found(*policies, **more)]
    return [(whom, which) for whom, _, which in (one.partition(": nothing lets through ") for one in cut)]


def test_what_closes_no_node_shuts_nobody_out() -> None:
    pods = {"kind": CCNP, "metadata": {"name": "p"}, "spec": {"endpointSelector": {}, "ingress": [{}]}}
    assert shut() == shut(Policy(pods, Path("p.yaml"))) == []
    assert shut(policy({}, enableDefaultDeny={"ingress": False})) == []
    assert shut(policy({}, selector={"matchLabels": {"zone": "c"}})) == []
    assert shut(Policy({**policy({}).content, "kind": CNP}, Path("p.yaml"))) == []


def test_a_policy_of_nothing_shuts_everybody_out() -> None:
    assert shut(policy({})) == [
        ("SSH from 192.168.1.1, which this run comes from", "22/TCP of k8s-cp, k8s-worker1"),
        ("the cluster's DNS, which asks the API", "6443/TCP of k8s-cp"),
        ("the other nodes, which ask the API", "6443/TCP of k8s-cp"),
        ("the tunnel to other nodes' pods", "8472/UDP of k8s-cp, k8s-worker1"),
        ("the probes of Cilium's agents", "4240/TCP of k8s-cp, k8s-worker1"),
        ("control planes, which ask the kubelet", "10250/TCP of k8s-worker1"),
    ]


def test_the_cluster_alone_leaves_ssh_out_and_the_line_to_write_is_said() -> None:
    assert found(policy(CLUSTER)) == [
        "nodes.yaml: spec.nodeSelector: would shut out SSH from 192.168.1.1, which this run comes from: nothing lets "
        "through 22/TCP of k8s-cp, k8s-worker1; where a policy denies it, narrow that; add to ingress: "
        "{fromEntities: [world], toPorts: [{ports: [{port: '22', protocol: TCP}]}]}"
    ]
    advice = yaml.safe_load("{fromEntities: [world], toPorts: [{ports: [{port: '22', protocol: TCP}]}]}")
    assert found(policy(CLUSTER, advice)) == []


@pytest.mark.parametrize(
    "entry",
    [
        SSH,
        {"toPorts": ports(22)},
        {"fromEntities": ["all"]},
        {"fromEntities": ["world"], "toPorts": ports(20, endPort=25)},
        {"fromEntities": ["world-ipv4"], "toPorts": ports(22, protocol="ANY")},
        {"fromCIDRSet": [{"cidr": "192.168.0.0/16", "except": ["192.168.1.128/25"]}]},
        {"fromCIDRSet": [{"cidrGroupRef": "offices"}]},
        {"fromEndpoints": [{"matchLabels": {"reserved:world": ""}}], "toPorts": ports(0)},
    ],
)
def test_what_lets_ssh_in(entry: dict[str, Any]) -> None:
    assert shut(policy(CLUSTER, entry)) == []


@pytest.mark.parametrize(
    "entry",
    [
        {"fromCIDR": ["192.168.1.128/25"], "toPorts": ports(22)},
        {"fromEntities": ["world"], "toPorts": ports(2222)},
        {"fromEntities": ["world"], "toPorts": ports(22, protocol="UDP")},
        {"fromEntities": ["world"], "toPorts": ports("ssh")},
        {"fromEntities": ["world"], "icmps": [{"fields": [{"type": 8}]}]},
        {"fromCIDRSet": [{"cidr": "192.168.0.0/16", "except": ["192.168.1.0/25"]}]},
        {"fromEndpoints": [{}]},
        {"fromEntities": []},
        {"fromEntities": ["world-ipv6"]},
    ],
)
def test_what_does_not(entry: dict[str, Any]) -> None:
    assert [whom[:3] for whom, _ in shut(policy(CLUSTER, entry))] == ["SSH"]


def test_ssh_on_another_port() -> None:
    assert shut(policy(CLUSTER, SSH), ssh_ports={"k8s-worker1": 2222}) == [
        ("SSH from 192.168.1.1, which this run comes from", "2222/TCP of k8s-worker1")
    ]


def test_a_run_that_comes_by_a_node_is_that_node_to_cilium() -> None:
    """To Cilium a node is no network, whatever its address: the usual trap with fromCIDR."""
    assert shut(policy(SSH, CLUSTER), caller="192.168.1.61") == []
    only = policy(SSH, {"fromEntities": ["remote-node"], "toPorts": ports(6443, 10250, 4240)}, CLUSTER)
    assert shut(only, caller="192.168.1.61") == []
    names = [whom for whom, _ in shut(policy(SSH), caller="192.168.1.61")]
    assert "SSH from 192.168.1.61, the node this run comes by" in names


def test_where_nobody_knows_the_caller_any_network_may_be_its() -> None:
    assert shut(policy(CLUSTER, SSH), caller=None) == []
    assert shut(policy(CLUSTER), caller=None)[0][0] == "SSH from outside the cluster"
    denied = policy(CLUSTER, SSH, ingressDeny=[{"fromCIDR": ["203.0.113.0/24"]}])
    assert shut(denied, caller=None) == []


def test_nodes_are_no_networks_unless_cilium_is_told_so() -> None:
    lan = policy({"fromCIDR": ["192.168.1.0/24"]}, {"fromEndpoints": [{}]})
    whom = [whom for whom, _ in shut(lan)]
    assert "control planes, which ask the kubelet" in whom
    assert not any("SSH" in one or "DNS" in one for one in whom)
    told = replace(LAB, settings=replace(LAB.settings, cidr_nodes=True))
    assert shut(lan, firewall=told) == []


def test_deny_wins() -> None:
    denied = policy(CLUSTER, SSH, ingressDeny=[{"fromCIDR": ["192.168.1.1/32"], "toPorts": ports(22)}])
    assert [whom[:3] for whom, _ in shut(denied)] == ["SSH"]
    api = policy(ingressDeny=[{"fromEntities": ["remote-node"], "toPorts": ports(6443)}])
    assert ("the other nodes, which ask the API", "6443/TCP of k8s-cp") in shut(api)
    # What denies and nothing else closes the node as well.
    assert any("SSH" in whom for whom, _ in shut(api))


def test_egress_is_looked_at_too() -> None:
    out = policy(egress=[{"toEntities": ["world"]}])
    assert shut(out) == [
        ("kubelets, which the API asks", "10250/TCP of k8s-cp"),
        ("the tunnel to other nodes' pods", "8472/UDP of k8s-cp, k8s-worker1"),
        ("the probes of Cilium's agents", "4240/TCP of k8s-cp, k8s-worker1"),
        ("the API, which the kubelet asks", "6443/TCP of k8s-worker1"),
    ]
    assert "add to egress: {toEntities: [remote-node]," in found(out)[0]
    assert shut(policy(egress=[{"toEntities": ["remote-node"]}])) == []
    api = {"toEntities": ["kube-apiserver"], "toPorts": ports(6443)}
    assert ("the API, which the kubelet asks", "6443/TCP of k8s-worker1") not in shut(policy(egress=[api]))


def test_etcd_is_needed_where_there_are_several_control_planes() -> None:
    second = NodeView("k8s-cp2", {CONTROL_PLANE: ""}, frozenset({"192.168.1.188"}))
    three = replace(LAB, nodes=(*NODES, second))
    told = [which for whom, which in shut(policy(SSH), firewall=three) if whom == "etcd's members"]
    assert told == ["2379/TCP of k8s-cp, k8s-cp2", "2380/TCP of k8s-cp, k8s-cp2"]


def test_a_node_alone_needs_no_other() -> None:
    alone = replace(LAB, nodes=(PLANE,))
    assert [whom for whom, _ in shut(policy(SSH), firewall=alone)] == ["the cluster's DNS, which asks the API"]


def test_without_a_tunnel_its_port_is_not_needed() -> None:
    native = replace(LAB, settings=replace(LAB.settings, tunnel=0))
    assert not any("tunnel" in whom for whom, _ in shut(policy({}), firewall=native))


def test_policies_add_up_also_with_those_of_other_folders() -> None:
    assert shut(policy(CLUSTER), policy(SSH, name="ssh")) == []
    theirs = replace(LAB, policies=(policy(SSH, name="ssh").content,))
    assert shut(policy(CLUSTER), firewall=theirs) == []


def test_taking_a_policy_away_may_shut_out_too() -> None:
    both = replace(LAB, policies=(policy(CLUSTER).content, policy(SSH, name="ssh").content))
    (one,) = shutting_out([], both, lambda item: item["metadata"]["name"] == "ssh", CALLER)
    assert one.where == f"{CCNP} nodes"
    assert "SSH from 192.168.1.1" in one.reason
    assert not list(shutting_out([], both, lambda _: True, CALLER))
    # The one that lets SSH in closes the node for all others.
    alone = shutting_out([], both, lambda item: item["metadata"]["name"] == "nodes", CALLER)
    assert any("which ask the API" in one.reason for one in alone)


def test_what_is_shut_out_already_is_no_news() -> None:
    shutting = replace(LAB, policies=(policy(CLUSTER).content,))
    assert shut(firewall=shutting) == []
    assert shut(policy(CLUSTER), firewall=shutting) == []


def test_turning_the_firewall_on_brings_the_clusters_own_policies_into_force() -> None:
    shutting = replace(LAB, policies=(policy(CLUSTER).content,))
    (one,) = closing(shutting, CALLER, {})
    assert (one.where, one.severity) == (f"{CCNP} nodes", "error")
    assert "SSH from 192.168.1.1" in one.reason
    assert not list(closing(LAB, CALLER, {}))


def test_with_the_firewall_off_a_policy_on_nodes_is_not_enforced() -> None:
    off = replace(LAB, settings=Settings())
    (one,) = unenforced([policy(CLUSTER)], off)
    assert "host firewall is off" in one.reason
    assert "cilium_host_firewall = True" in one.fix
    assert not list(unenforced([policy(CLUSTER)], LAB))
    assert not list(unenforced([], off))


def test_without_a_cluster_nodes_are_imagined_and_only_warned_of() -> None:
    told = list(without_a_cluster([policy(CLUSTER)]))
    assert {(one.severity, one.reason) for one in told} == {
        ("warning", "would shut out SSH from outside the cluster: nothing lets through 22/TCP")
    }
    assert not list(without_a_cluster([policy(CLUSTER, SSH)]))
    zone = {"matchLabels": {"zone": "a"}}
    assert list(without_a_cluster([policy(CLUSTER, selector=zone)]))
    assert not list(without_a_cluster([policy(CLUSTER, selector=zone), policy(SSH, name="ssh", selector=zone)]))
    edge = {"matchExpressions": [{"key": "role", "operator": "In", "values": ["edge"]}]}
    assert not list(without_a_cluster([policy(CLUSTER, selector=edge), policy(SSH, name="ssh", selector=edge)]))


def test_settings_come_from_ciliums_own_configuration() -> None:
    vxlan = {"routing-mode": "tunnel", "tunnel-protocol": "vxlan", "enable-host-firewall": "true"}
    assert Settings.of(vxlan) == Settings(enabled=True, tunnel=8472)
    assert Settings.of({"routing-mode": "native"}) == Settings()
    assert Settings.of({"routing-mode": "tunnel", "tunnel-port": "8473"}).tunnel == 8473
    assert Settings.of({"routing-mode": "tunnel", "tunnel-protocol": "geneve", "tunnel-port": "0"}).tunnel == 6081
    assert Settings.of({"policy-cidr-match-mode": "nodes"}).cidr_nodes
