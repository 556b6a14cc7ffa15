"""What is told of a cluster that was recorded healthy, with one thing changed; and what is not told."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from itertools import combinations

import ciliumlab as lab
import pytest
from ciliumlab import CP, W1, W2, told
from hypothesis import given
from hypothesis import strategies as st

from kubestead.cilium.status.agent import Controller, RemoteCluster, State, agent_status
from kubestead.cilium.status.model import CiliumNode, ClusterView, HostView, Relay, Workload
from kubestead.cilium.status.objects import cluster_view
from kubestead.cilium.status.report import report
from kubestead.cilium.status.rules_paths import culprits
from kubestead.cilium.status.said import host_view, last_words
from kubestead.cilium.status.view import View
from kubestead.cilium.status.wanted import wanted
from kubestead.spec import ClusterSpec

OLD = '{"name": "old", "plugins": [{"type": "bridge"}, {"type": "portmap"}]}'
PRINTED_BY_A_HOST = [
    *("process\tT", "status\t0 {}", "status\t0 []", "status\t1 no", 'health\t0 {"nodes": 3}', "drops\t0 [1]"),
    *("cni_file\ta.conf !", "link\teth0 x", "node\tn", "end\tyes", "probe\t", "\t", ""),
]
PRINTED_ON_A_CONTROL_PLANE = [
    *("nodes\t0 {}", 'nodes\t0 {"items": [{}]}', "pods\t0 3", 'objects\t0 {"items": [3]}', "objects\t0 "),
    *('objects\t0 {"kind": "Lease"}', "relay\t1 refused", "relay\t0 []", "cilium_nodes\t127 ", "asked\t1"),
]
NO_STATUS = {"status": None, "troubles": {"status": "no answer in its time"}, "paths": None, "probes": {}}


def files(**more: str) -> dict[str, str]:
    return {**(lab.well().hosts[W1].cni_files or {}), **{key.replace("__", "."): text for key, text in more.items()}}


def drops(first: int, second: int, reason: str = "FIB lookup failed") -> dict[str, object]:
    return {"drops": ({(reason, "egress"): first}, {(reason, "egress"): second})}


def test_a_healthy_cluster_has_nothing_to_tell() -> None:
    found = report(lab.well())
    assert (found.healthy, found.troubles, found.unknown) == (True, (), {})
    assert [(one.name, one.agent, one.reached, one.others) for one in found.nodes] == [
        (name, "ok", 2, 2) for name in lab.NODES
    ]
    assert found.version == "1.18.4"
    assert found.modes == {"routing": "vxlan", "kube-proxy": "kept", "masquerading": "iptables", "encryption": "none"}
    assert (found.operator, found.relay, found.dns) == ("2 of 2", "1 of 1, hears 3 of 3 nodes", "2 of 2")


CASES = {
    "the API is silent": (lab.cluster(nodes=None, workloads=None, pods=None, cilium_nodes=None, config=None,
        troubles={"nodes": "refused"}), ("api-silent", "control plane")),
    "not installed": (lab.workloads(cilium=None), ("not-installed", "cilium")),
    "a node that is not Ready": (lab.node(W1, ready="Unknown"), ("node-not-ready", W1)),
    "no agent's process, and its pod crashes": (lab.pods("cilium", lab.host(W1, process="", status=None), on=W1,
        ready=False, waiting="CrashLoopBackOff", restarts=4), ("agent-down", W1)),
    "no agent's process, and no pod": (lab.cluster(lab.host(W1, process="", status=None), pods=tuple(
        one for one in lab.well().cluster.pods or () if one.node != W1 or one.app != "cilium")), ("agent-down", W1)),
    "no SSH, and the pod is not ready": (lab.pods("cilium", replace(lab.well(), hosts={**lab.well().hosts,
        W1: HostView(W1, "timed out")}), on=W1, ready=False), ("agent-down", W1)),
    "stopped by a signal": (lab.host(W1, process="T", **NO_STATUS), ("agent-suspended", W1)),
    "silent": (lab.host(W1, **NO_STATUS), ("agent-silent", W1)),
    "it says Failure": (lab.status(W1, cilium=State("Failure", "no CNI file")), ("agent-ill", W1)),
    "tasks that fail": (lab.status(W1, controllers=(Controller("sync", 7, "denied"),)), ("controller-fails", W1)),
    "no part of the network": (lab.cilium_node(W1, pod_cidrs=()), ("no-pod-network", W1)),
    "the pool is used up": (lab.cilium_node(W1, pod_cidrs=(), error="allocator full"), ("pool-exhausted", W1)),
    "used up, and so not Ready": (lab.node(W1, lab.cilium_node(W1, pod_cidrs=(), error="allocator full"),
        ready="False"), ("pool-exhausted", W1)),
    "a part that was refused": (lab.cilium_node(W1, error="already allocated"), ("no-pod-network", W1)),
    "no address left": (lab.status(W1, used=254, capacity=254), ("addresses-used-up", W1)),
    "no CNI file": (lab.host(W1, cni_files={}), ("cni-missing", W1)),
    "a foreign CNI file": (lab.host(W1, cni_files=files(**{"00-old__conflist": OLD})), ("cni-foreign", W1)),
    "half a CNI file": (lab.host(W1, cni_files=files(**{"00-old__conf": "{"})), ("cni-foreign", W1)),
    "the tunnel's port": (lab.silent(lab.around(W2), "endpoint"), ("tunnel-blocked", W2)),
    "the tunnel between two": (lab.silent({(W1, W2)}, "endpoint"), ("tunnel-blocked", f"{W1} and {W2}")),
    "the tunnel everywhere": (lab.silent(lab.around(*lab.NODES), "endpoint"),
        ("tunnel-blocked", f"all nodes ({CP}, {W1}, {W2})")),
    "a route": (lab.config(lab.silent(lab.around(W1), "endpoint"), routing_mode="native"), ("route-missing", W1)),
    "a link": (lab.silent(lab.around(W1), "endpoint", "node"), ("link-broken", W1)),
    "no operator": (lab.workloads(cilium_operator=Workload(2, 0)), ("operator-down", "cilium-operator")),
    "an operator scaled to nothing": (lab.workloads(cilium_operator=Workload(0, 0)),
        ("operator-down", "cilium-operator")),
    "nobody leads": (lab.cluster(asked=(lab.well().cluster.asked or 0) + 100), ("operator-down", "cilium-operator")),
    "no DNS": (lab.workloads(coredns=Workload(2, 0)), ("dns-down", "coredns")),
    "no relay": (lab.workloads(hubble_relay=Workload(1, 0)), ("relay-down", "hubble-relay")),
    "the relay is not there": (lab.workloads(hubble_relay=None), ("relay-down", "hubble-relay")),
    "the relay is silent": (lab.cluster(relay=Relay(trouble="timed out")), ("relay-silent", "hubble-relay")),
    "not encrypted": (replace(lab.well(), wanted=wanted(ClusterSpec(cilium_encryption="wireguard"))), None),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_one_thing_is_wrong_and_nothing_else_is_blamed(case: str) -> None:
    view, expected = CASES[case]
    if expected is None:
        assert told(view) == {("not-encrypted", name) for name in lab.NODES}
    else:
        assert told(view) == {expected}
    assert not report(view).healthy
    assert all(one.then and one.means for one in report(view).troubles)


GENTLE = {
    "one operator of two": (lab.workloads(cilium_operator=Workload(2, 1)), {("operator-down", "cilium-operator")}),
    "the relay misses a node": (lab.cluster(relay=Relay(2, 1, (f"lab/{W1}",))), {("relay-partial", "hubble-relay")}),
    "Hubble of one node": (lab.status(W1, parts={"Hubble": State("Warning", "not ready")}), {("hubble-ill", W1)}),
    "nearly no address left": (lab.status(W1, used=240, capacity=254), {("addresses-used-up", W1)}),
    "a foreign CNI file in the second place": (lab.host(W1, cni_files=files(**{"99-old__conflist": OLD})),
        {("cni-foreign", W1)}),
    "set aside": (lab.host(W1, cni_files=files(**{"00-old__conflist__cilium_bak": OLD})), {("cni-set-aside", W1)}),
    "only the health port": (lab.silent(lab.around(W1), "node"), {("health-blocked", W1)}),
    "packets dropped just now": (lab.host(W1, **drops(3, 9)), {("drops", W1)}),
    "another MTU": (lab.host(W1, links=dict.fromkeys(lab.well().hosts[W1].links, 1400)), {("link-mtu", W1)}),
    "ended a moment ago": (lab.pods("cilium", on=W1, restarts=2, ended="Error, exit code 1",
        ended_at=(lab.well().cluster.asked or 0) - 60), {("agent-restarted", W1)}),
    "a changed setting": (lab.cluster(config={**(lab.well().cluster.config or {}), "debug": "maybe"}),
        {("other-settings", name) for name in lab.NODES}),
    "two versions": (lab.status(W1, version="1.18.3"), {("other-versions", W1)}),
    "an older version": (lab.every(version="1.18.3"), {("other-versions", "all nodes")}),
    "another routing": (lab.every(routing="native"), {("other-mode", "all nodes")}),
    "another masquerading on one": (lab.status(W2, masquerade="bpf"), {("other-mode", W2)}),
    "a node that is gone": (lab.cluster(cilium_nodes=(*(lab.well().cluster.cilium_nodes or ()),
        CiliumNode("old", ("10.0.9.0/24",)))), {("addresses-held", "old")}),
}  # fmt: skip


@pytest.mark.parametrize("case", GENTLE)
def test_what_is_worth_knowing_keeps_nobody_from_being_healthy(case: str) -> None:
    view, expected = GENTLE[case]
    assert told(view, "warning") == expected
    assert report(view).healthy


NOTHING = {
    "policies at work": lab.host(W1, **drops(3, 900, "Policy denied")),
    "what every node drops": lab.host(W1, **drops(3, 900, "Unsupported L3 protocol")),
    "dropped long ago": lab.host(W1, **drops(900, 900)),
    "a task that failed once": lab.status(W1, controllers=(Controller("sync", 1, "conflict"),)),
    "the pool was appended to": lab.cluster(
        config={**(lab.well().cluster.config or {}), "cluster-pool-ipv4-cidr": "10.0.0.0/8 11.0.0.0/8"}
    ),
    "a node's own setting": lab.cluster(
        config={**(lab.well().cluster.config or {}), "debug": "maybe"}, node_config=frozenset({"debug"})
    ),
    "cilium-health saw a loss that is over": lab.host(
        W1, paths=tuple(replace(one, http="timed out") for one in lab.well().hosts[W1].paths or ())
    ),
}


@pytest.mark.parametrize("case", NOTHING)
def test_what_is_usual_is_not_told(case: str) -> None:
    assert report(NOTHING[case]).troubles == ()


def test_what_follows_from_something_told_is_not_told() -> None:
    """An agent that is stopped answers nobody, and the relay loses it."""
    view = lab.silent(lab.around(W1), "node", "endpoint", view=lab.well())
    view = lab.host(W1, view, process="T", **NO_STATUS)
    view = lab.cluster(view, relay=Relay(2, 1, (W1,)))
    assert told(view) == {("agent-suspended", W1)}
    assert told(view, "warning") == set()
    assert report(view).unknown == {}


def test_a_relay_behind_a_blocked_tunnel_is_not_blamed() -> None:
    view = lab.cluster(lab.silent(lab.around(W2), "endpoint"), relay=Relay(trouble="timed out"))
    assert told(view) == {("tunnel-blocked", W2)}


def test_cilium_health_counts_where_nothing_was_asked_now() -> None:
    view = lab.well()
    for name, one in view.hosts.items():
        lost = [
            replace(it, http="timed out") if it.kind == "endpoint" and it.node != name and W2 in (name, it.node) else it
            for it in one.paths or ()
        ]
        view = lab.host(name, view, paths=tuple(lost), probes={})
    assert told(view) == {("tunnel-blocked", W2)}


def test_in_a_cluster_of_two_nobody_can_say_which_it_is() -> None:
    view = lab.large(2)
    assert told(view) == set()
    view = lab.silent(lab.around("node-1", view=view), "endpoint", view=view)
    assert told(view) == {("tunnel-blocked", "node-0 and node-1")}


def test_the_pool_tells_how_large_it_is_and_who_holds_it() -> None:
    gone = CiliumNode("gone", ("10.128.0.0/9",))
    view = lab.cilium_node(W1, pod_cidrs=(), error="allocator full")
    view = lab.cluster(view, cilium_nodes=(*(view.cluster.cilium_nodes or ()), gone))
    (trouble,) = [one for one in report(view).troubles if one.severity == "error"]
    assert trouble.evidence == (
        f"CiliumNode {W1}: allocator full",
        "the pool 10.0.0.0/8 has 65536 parts of /24, and 32770 are given",
        "held by nodes that are gone: gone",
    )


def test_the_tunnels_port_is_the_one_in_use() -> None:
    for changes, words in (
        ({}, "vxlan, UDP 8472"),
        ({"tunnel_protocol": "geneve"}, "geneve, UDP 6081"),
        ({"tunnel_port": "4789"}, "vxlan, UDP 4789"),
        ({"enable_wireguard": "true"}, "vxlan, UDP 51871 (WireGuard)"),
    ):
        view = lab.config(lab.silent(lab.around(W2), "endpoint"), **changes)
        (trouble,) = [one for one in report(view).troubles if one.kind == "tunnel-blocked"]
        assert words in trouble.what


def test_a_ping_that_came_through_tells_a_firewall_from_a_link() -> None:
    for icmp, words in (("", "was answered: a firewall"), ("Connection timed out", "was not answered")):
        view = lab.silent(lab.around(W1), "endpoint", "node")
        view = lab.host(CP, view, paths=tuple(replace(one, icmp=icmp) for one in view.hosts[CP].paths or ()))
        (trouble,) = report(view).troubles
        assert words in trouble.evidence[-1]


def test_a_host_that_cannot_be_asked_is_not_known_and_not_healthy() -> None:
    view = replace(lab.well(), hosts={**lab.well().hosts, W2: HostView(W2, "timed out")})
    found = report(view)
    assert told(view) == set()
    assert found.unknown == {W2: "SSH: timed out"}
    assert not found.healthy


def test_a_node_that_is_not_in_the_inventory_is_not_known() -> None:
    view = replace(lab.well(), hosts={name: one for name, one in lab.well().hosts.items() if name != W2})
    assert list(report(view).unknown) == [W2]


def test_an_answer_that_is_missing_is_not_known() -> None:
    assert report(lab.host(W1, troubles={"health": "no answer in its time"})).unknown == {
        f"{W1}: cilium-health": "no answer in its time"
    }
    off = lab.config(lab.host(W1, troubles={"health": "no answer"}), enable_health_checking="false")
    assert report(off).unknown == {}
    assert report(lab.cluster(pods=None, troubles={"pods": "forbidden"})).unknown == {"Cilium's pods": "forbidden"}


def test_with_a_silent_api_the_agents_are_judged_all_the_same() -> None:
    view = lab.host(W1, replace(lab.well(), cluster=ClusterView(troubles={"nodes": "refused"})), **NO_STATUS)
    assert told(view) == {("api-silent", "control plane"), ("agent-silent", W1)}
    state = State("Failure", "dial tcp 192.0.2.1:6443: connect: connection refused")
    view = lab.status(
        W2, view, cilium=state, parts={"Kubernetes": state}, controllers=(Controller("sync", 9, "refused"),)
    )
    assert told(view) == {("api-silent", "control plane"), ("agent-silent", W1)}


def test_an_agent_that_alone_cannot_reach_the_api() -> None:
    state = State("Failure", "dial tcp 192.0.2.1:6443: i/o timeout")
    view = lab.status(W1, cilium=state, parts={"Kubernetes": state}, controllers=(Controller("sync", 9, "refused"),))
    (trouble,) = report(view).troubles
    assert (trouble.kind, trouble.where, trouble.what) == ("agent-ill", W1, "its agent cannot reach the API")
    assert "https://k8s-api:6443/livez" in trouble.then


def test_how_a_node_is_reached_is_known_from_either_side() -> None:
    """An agent that has just started has not asked the others yet, and is asked by them."""
    own = tuple(one for one in lab.well().hosts[W1].paths or () if one.node == W1)
    view = lab.host(W1, paths=own, probes={})
    assert report(view).unknown == {}
    assert next(one.reached for one in report(view).nodes if one.name == W1) == 2
    for name in (CP, W2):
        view = lab.host(name, view, paths=tuple(one for one in view.hosts[name].paths or () if one.node != W1))
    assert list(report(view).unknown) == [f"{W1}: paths to the other nodes"]


def test_nothing_at_all_is_not_healthy() -> None:
    assert not report(View(ClusterView(), {})).healthy


def test_the_heaviest_comes_first() -> None:
    view = lab.workloads(lab.host(W1, process="T", **NO_STATUS), hubble_relay=Workload(1, 0), coredns=Workload(2, 0))
    view = lab.host(CP, view, **drops(0, 5))
    assert [str(one.kind) for one in report(view).troubles] == ["agent-suspended", "dns-down", "relay-down", "drops"]


def test_choices_are_what_is_wanted() -> None:
    spec = ClusterSpec(cilium_routing="native", kube_proxy="replace", cilium_masquerade="bpf", hubble=False)
    found = wanted(spec)
    assert (found.routing, found.masquerade, found.hubble, found.relay) == ("native", "bpf", False, False)


@given(st.integers(3, 9), st.data())
def test_a_node_is_blamed_only_where_nobody_reaches_it(count: int, data: st.DataObject) -> None:
    nodes = [f"n{number}" for number in range(count)]
    known = {frozenset(pair) for pair in combinations(nodes, 2)}
    bad = data.draw(st.sets(st.sampled_from(sorted(known, key=sorted))))
    blamed = culprits(bad, known, nodes)
    for who in blamed:
        if len(who) == 1:
            assert all(pair in bad for pair in known if who[0] in pair)
        elif len(who) == 2:
            assert frozenset(who) in bad
    # Every pair that is lost is laid to somebody.
    assert all(any(pair & {*who} if len(who) != 2 else pair == {*who} for who in blamed) for pair in bad)
    assert bool(blamed) is bool(bad)


@given(st.lists(st.sampled_from(PRINTED_BY_A_HOST)))
def test_whatever_a_host_prints_is_understood_or_refused(printed: list[str]) -> None:
    try:
        host_view(printed)
    except ValueError:
        return


@given(st.lists(st.sampled_from(PRINTED_ON_A_CONTROL_PLANE)))
def test_whatever_a_control_plane_prints_is_understood(printed: list[str]) -> None:
    cluster_view(printed)


def test_a_cut_off_answer_is_refused() -> None:
    with pytest.raises(ValueError, match="cut off"):
        host_view(lab.lines(W1)[:-1])


def test_the_line_of_a_log_that_says_why() -> None:
    head = "2026-11-22T22:00:00.1Z stderr F time=2026-11-22T22:00:00Z"
    log = [
        f'{head} level=info source=/go/src/x.go:1 msg="Starting"',
        f'{head} level=fatal source=/go/src/x.go:2 msg="failed to start: invalid tunnel protocol" error="no such"',
        f'{head} level=error source=/go/src/x.go:3 msg="Stopping"',
    ]
    assert last_words(log) == 'level=fatal msg="failed to start: invalid tunnel protocol" error="no such"'
    assert last_words(log[:1]).endswith('msg="Starting"')
    assert last_words([]) == ""


def test_a_cni_file_is_read_whole() -> None:
    text = b64encode(OLD.encode()).decode()
    view = host_view(["node\tn", f"cni_file\t10-old.conflist {text}", "cni_files\tread", "end\tyes"])
    assert view.cni_files == {"10-old.conflist": OLD}


BETA = ClusterSpec.load(
    {
        "pod_cidr": "10.1.0.0/16", "cilium_cluster_id": 1, "cilium_mesh_addresses": ["192.168.1.187"],
        "cilium_mesh": [{"name": "beta", "id": 2, "pod_cidrs": ["10.2.0.0/16"]}],
    }
)  # fmt: skip
READY = RemoteCluster("beta", ready=True, status="etcd: 1/1 connected")
LOST = replace(READY, ready=False, status="etcd: 0/1 connected")


def meshed(*mirrored: RemoteCluster, agents: tuple[RemoteCluster, ...] = (READY,), server: bool = True) -> View:
    view = replace(lab.every(clusters=agents), wanted=replace(wanted(BETA), endpoint="k8s-api:6443"))
    return lab.cluster(view, mesh=mirrored if server else None)


def test_connected_clusters_are_counted_and_nothing_is_told_of_them() -> None:
    found = report(meshed(READY))
    assert (found.healthy, found.clusters) == (True, "beta: 3 of 3 agents")
    assert report(lab.well()).clusters == ""


@pytest.mark.parametrize(
    ("view", "then"),
    [
        (meshed(), "deploys/mesh.py"),
        (meshed(server=False), "describe pods"),
        (meshed(LOST), "logs deployment/clustermesh-apiserver"),
        (meshed(READY, agents=()), "troubleshoot clustermesh"),
        # One that was taken out of the spec and not out of the cluster.
        (lab.cluster(lab.every(clusters=(LOST,)), mesh=(LOST,)), "logs deployment/clustermesh-apiserver"),
    ],
    ids=range(5),
)
def test_a_cluster_that_is_not_connected_is_told_with_what_to_do(view: View, then: str) -> None:
    (trouble,) = report(view).troubles
    assert (trouble.kind.value, trouble.where) == ("cluster-lost", "beta")
    assert then in trouble.then


def test_other_clusters_are_read_from_agents_and_from_what_mirrors_them() -> None:
    said = '[{"name": "beta", "ready": true, "status": "etcd: 1/1\\n connected"}, {"name": "gamma"}]'
    found = cluster_view([f"mesh\t0 {said}"]).mesh
    assert found == (READY, RemoteCluster("gamma", ready=False))
    assert agent_status({"cluster-mesh": {"clusters": [{"name": "beta", "ready": True}]}}).clusters[0].ready
    assert cluster_view(["mesh\t1 no pods"]).mesh is None
