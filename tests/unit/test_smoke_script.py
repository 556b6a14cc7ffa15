"""The smoke's script, run here against a kubectl that plays a cluster: every check is made, and each can fail."""

import re

import pytest
import yaml

from kubestead.render import render
from kubestead.smoke import parse
from tests.scripts import SCRIPTS
from tests.shell import sh

# Answers of a healthy cluster of two nodes; a case of a test comes first and may answer otherwise.
KUBECTL = r"""#!/bin/sh
echo "$*" >> "$0.log"
case "$*" in *' exec '*) cat > /dev/null ;; esac
case "$*" in
CASES
*'get pods -l app=server -o'*) printf 'server-1 a 10.0.0.1\nserver-2 b 10.0.1.1\n' ;;
*'get service server '*) printf 172.20.0.9 ;;
*'get pod guarded '*) printf 10.0.0.2 ;;
*'exec stranger -- /agnhost connect 10.0.0.2:8080'*) echo TIMEOUT; exit 1 ;;
*'get pods -l k8s-app=cilium '*'-o name'*) printf 'pod/cilium-1\npod/cilium-2\n' ;;
*'get pod/cilium-1 '*) printf a ;;
*'get pod/cilium-2 '*) printf b ;;
*'cilium-health status -o'*) printf 'a|2025||2025|\nb|2025||2025|\n' ;;
*'get service hubble-relay '*) printf 172.20.0.8 ;;
*'hubble status --server 172.20.0.8:80'*) echo 'Connected Nodes: 2/2' ;;
'apply -f -') cat > "$0.manifest" ;;
esac
"""
CHECKS = [
    "pods start on every node", "pods of the policy test start",
    "a server on every node", "pod to pod: a to b", "pod to pod: b to a",
    "service by address", "service by name (DNS)",
    "network policy lets a friend in", "network policy keeps a stranger out", "egress to 192.0.2.1:80",
    "a Cilium agent on every node", "Cilium agent healthy on a", "Cilium on a reaches every node",
    "Cilium agent healthy on b", "Cilium on b reaches every node", "Hubble relay answers for every node",
]  # fmt: skip


@pytest.fixture
def smoke(tmp_path):
    kubectl = tmp_path / "kubectl"

    def run(cases="", **changes):
        kubectl.write_text(KUBECTL.replace("CASES", cases))
        kubectl.chmod(0o755)
        # Two minutes of looks, a second apart, at what never changes here.
        text = re.sub(r"seq \d+", "seq 2", render("smoke.sh.j2", **{**SCRIPTS["smoke.sh.j2"], **changes}))
        done = sh(text.replace("sleep 1", ":"), path=f"{tmp_path}:/usr/bin:/bin")
        return done, parse(done.stdout.decode().splitlines())

    run.log = tmp_path / "kubectl.log"
    run.manifest = tmp_path / "kubectl.manifest"
    return run


def test_the_relay_is_given_time_to_find_an_agent_that_was_away(smoke):
    found = '[ -e "$0.asked" ] && echo "Connected Nodes: 2/2" || echo "Connected Nodes: 1/2"; : > "$0.asked"'
    _, checks = smoke(f"*'hubble status'*) {found} ;;")
    assert all(check.passed for check in checks)


def test_a_healthy_cluster_passes_every_check(smoke):
    done, checks = smoke()
    assert (done.returncode, done.stderr) == (0, b"")
    assert [check.name for check in checks] == CHECKS
    assert [check for check in checks if not check.passed] == []


def test_a_service_may_take_a_moment_to_reach_the_nodes(smoke):
    """The first connection to a new service comes before Cilium's socket load balancer knows it (seen on the twin)."""
    done, checks = smoke('*\'connect 172.20.0.9:80\'*) [ -e "$0.early" ] || { touch "$0.early"; exit 1; } ;;')
    assert done.returncode == 0
    assert [check for check in checks if not check.passed] == []


@pytest.mark.parametrize(("b", "passed"), [("x", True), ("", False)])
def test_nodes_of_other_clusters_do_not_count(smoke, b, passed):
    own = "*'jsonpath={.local.name}'*) printf alpha/a ;;"
    nodes = f"*'cilium-health status -o'*) printf 'alpha/a|x||x|\\nalpha/b|{b}||{b}|\\nbeta/a|x||x|\\n' ;;"
    _, checks = smoke(f"{own}\n{nodes}")
    assert {check.passed for check in checks if check.name.endswith("reaches every node")} == {passed}


def test_the_pods_are_made_from_the_manifest_and_gone_afterwards(smoke):
    manifest = render("smoke.yaml.j2", image="r/agnhost@sha256:1", absent=())
    smoke(manifest=manifest)
    assert smoke.manifest.read_text().strip() == manifest.strip()
    assert smoke.log.read_text().splitlines()[-1].startswith("delete namespace kubestead-smoke")


@pytest.mark.parametrize(
    ("cases", "failed"),
    [
        ("*'rollout status'*) echo timed out; exit 1 ;;", ["pods start on every node"]),
        ("*'exec server-2 '*) exit 1 ;;", ["pod to pod: b to a"]),
        ("*'connect 172.20.0.9:80'*) exit 1 ;;", ["service by address"]),
        ("*'connect server-'*.kubestead-smoke.svc.cluster.local:80*) exit 1 ;;", ["service by name (DNS)"]),
        ("*'exec friend '*) exit 1 ;;", ["network policy lets a friend in"]),
        ("*'exec stranger -- /agnhost connect 10.0.0.2'*) ;;", ["network policy keeps a stranger out"]),
        ("*192.0.2.1:80*) exit 1 ;;", ["egress to 192.0.2.1:80"]),
        ("*'cilium-2 '*'cilium-dbg status'*) exit 1 ;;", ["Cilium agent healthy on b"]),
        ("*'cilium-1 '*cilium-health*) echo 'a|2025||2025|' ;;", ["Cilium on a reaches every node"]),
        ("*'cilium-1 '*cilium-health*) printf 'a|x||x|\\nb|x|refused|x|\\n' ;;", ["Cilium on a reaches every node"]),
        ("*'cilium-1 '*cilium-health*) printf 'a|x||x|\\nb||||\\n' ;;", ["Cilium on a reaches every node"]),
        ("*'hubble status'*) echo 'Connected Nodes: 1/2' ;;", ["Hubble relay answers for every node"]),
        ("*'hubble status'*) exit 1 ;;", ["Hubble relay answers for every node"]),
    ],
)
def test_each_check_can_fail_alone(smoke, cases, failed):
    done, checks = smoke(cases)
    assert done.returncode == 0
    assert [check.name for check in checks] == CHECKS
    assert [check.name for check in checks if not check.passed] == failed
    assert all(check.next_command for check in checks if not check.passed)


def test_every_pair_of_nodes_is_tried_in_both_directions(smoke):
    three = "*'get pods -l app=server -o'*) printf 'server-%s\\n' '1 a 10.0.0.1' '2 b 10.0.1.1' '3 c 10.0.2.1' ;;"
    _, checks = smoke(three)
    pairs = [check.name.partition(": ")[2] for check in checks if check.name.startswith("pod to pod")]
    assert pairs == ["a to b", "a to c", "b to a", "b to c", "c to a", "c to b"]


def test_a_node_without_a_pod_to_ask_is_no_success(smoke):
    _, checks = smoke("*'get pods -l '*' -o '*) ;;")
    assert [check.name for check in checks if not check.passed][:2] == [
        "a server on every node", "a Cilium agent on every node",
    ]  # fmt: skip


def test_what_a_check_saw_is_told_on_one_line(smoke):
    _, checks = smoke("*'exec friend '*) printf 'one\\ttwo\\nthree\\n'; exit 1 ;;")
    (failed,) = [check for check in checks if not check.passed]
    assert failed.seen == "one two three"


def test_a_manifest_that_is_refused_ends_the_smoke_as_a_failure(smoke):
    done, checks = smoke("'apply -f -') echo denied >&2; exit 1 ;;")
    assert (done.returncode, checks) == (1, [])
    assert b"denied" in done.stderr


def test_what_is_not_part_of_the_cluster_is_not_checked(smoke):
    _, checks = smoke(egress_target=None, hubble_relay=False)
    assert [check.name for check in checks] == [name for name in CHECKS if not name.startswith(("egress", "Hubble"))]


def test_a_node_that_is_away_is_asked_for_nothing(smoke):
    """Cilium's health and Hubble's relay tell of it all the same."""
    cases = r"""*'status -o'*) printf 'a|2025||2025|\nb|2025||2025|\nc|2025|no route|2025|no route\n' ;;
*'hubble status --server'*) echo 'Connected Nodes: 2/3' ;;"""
    _, checks = smoke(cases, absent=["c", "d"])
    assert [check for check in checks if not check.passed] == []
    assert "-l k8s-app=cilium --field-selector=spec.nodeName!=c,spec.nodeName!=d -o name" in smoke.log.read_text()


def test_pods_of_the_smoke_do_not_go_where_nobody_answers():
    documents = [one for one in yaml.safe_load_all(render("smoke.yaml.j2", image="i", absent=["c", "d"])) if one]
    pods = [one for one in documents if one["kind"] == "Pod"]
    pods += [one["spec"]["template"] for one in documents if one["kind"] == "DaemonSet"]
    assert len(pods) == 4
    for pod in pods:
        (terms,) = pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][
            "nodeSelectorTerms"
        ]
        wanted = {"key": "kubernetes.io/hostname", "operator": "NotIn", "values": ["c", "d"]}
        assert terms == {"matchExpressions": [wanted]}


def test_among_many_nodes_each_talks_to_the_next(smoke):
    rows = "".join(f"server-{n} {n} 10.0.{n}.1|" for n in range(6)).replace("|", r"\n")
    _, checks = smoke(f"*'get pods -l app=server -o'*) printf '{rows}' ;;", nodes=list("012345"))
    talks = [check.name for check in checks if check.name.startswith("pod to pod")]
    assert talks == [f"pod to pod: {n} to {(n + 1) % 6}" for n in range(6)]
    assert "exec server-5 -- /agnhost connect 10.0.0.1:8080" in smoke.log.read_text()
