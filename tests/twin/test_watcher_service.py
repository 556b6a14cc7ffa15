"""The watcher as a service, on a twin of its own: installed, repairing a node, taken over, removed without a trace."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

import pytest

from tests.twin.conftest import Twin, eventually
from tests.twin.operator import KUBECTL, Run, deploy

pytestmark = pytest.mark.twin_long

CP, WORKER = "k8s-cp", "k8s-worker1"
UNIT = "kubestead-watch.service"
AS_WATCHER = "runuser -u kubestead-watch --"
KUBE = f"{AS_WATCHER} kubectl --kubeconfig /etc/kubestead-watch/kubeconfig"
HOSTS = ("--data", f"watcher_hosts={CP},{WORKER}")


def install(twin: Twin, *arguments: str) -> Run:
    return deploy(twin, "watcher", *arguments, inventory="inventory/twin.py")


@pytest.fixture(scope="module")
def watched() -> Iterator[Twin]:
    """A cluster of two hosts, watched from both.

    ``KUBESTEAD_TEST_TWIN`` names a twin with such a cluster that is up already and stays up, for quick work on a test.
    """
    kept = os.environ.get("KUBESTEAD_TEST_TWIN")
    twin = Twin(kept or "test-watcher")
    if not kept:
        twin.must("down")
        twin.must("up", "--workers", "1")
        built = deploy(twin, "cluster", inventory="inventory/twin.py")
        assert built.returncode == 0, built.text
    installed = install(twin, *HOSTS)
    assert installed.returncode == 0, installed.text
    yield twin
    if not kept:
        twin.must("down")


def lease(twin: Twin) -> str:
    """Who holds the watchers' Lease: the host's name."""
    query = f"{KUBECTL} -n kube-system get lease kubestead-recovery -o jsonpath='{{.spec.holderIdentity}}'"
    return twin.ssh(CP, query).partition("_")[0]


def audit(twin: Twin, node: str) -> list[dict[str, object]]:
    text = twin.ssh(node, "cat /var/lib/kubestead-watch/audit.jsonl")
    return [json.loads(line) for line in text.splitlines()]


def test_both_run_and_one_leads(watched: Twin) -> None:
    for node in (CP, WORKER):
        assert watched.ssh(node, f"systemctl is-active {UNIT}; systemctl is-enabled {UNIT}") == "active\nenabled"
    assert lease(watched) in (CP, WORKER)


def test_a_second_run_changes_nothing(watched: Twin) -> None:
    again = install(watched, "--json", *HOSTS)
    assert again.returncode == 0, again.text
    assert again.changed == []
    assert again.totals["error"] == 0


def test_the_key_never_leaves_and_opens_from_its_own_host_alone(watched: Twin) -> None:
    lines = watched.ssh(WORKER, "grep kubestead-watch@ /root/.ssh/authorized_keys").splitlines()
    assert [line.split(" ")[0] for line in lines] == ['from="192.168.1.187",restrict', 'from="192.168.1.61",restrict']
    assert watched.ssh(CP, "stat -c '%a %U' /var/lib/kubestead-watch/ssh/id_ed25519") == "600 kubestead-watch"
    ssh = (
        "ssh -F /dev/null -o BatchMode=yes -o StrictHostKeyChecking=yes "
        "-o UserKnownHostsFile=/etc/kubestead-watch/known_hosts -i /var/lib/kubestead-watch/ssh/id_ed25519"
    )
    assert watched.ssh(CP, f"{AS_WATCHER} {ssh} root@192.168.1.61 id -un") == "root"
    # No forwarding; and the other host's key is refused here.
    forwarded = f"{AS_WATCHER} {ssh} -W 127.0.0.1:22 root@192.168.1.61 </dev/null 2>&1 || true"
    assert "prohibited" in watched.ssh(CP, forwarded)
    stolen = watched.ssh(WORKER, "cat /var/lib/kubestead-watch/ssh/id_ed25519")
    watched.ssh(CP, f"umask 077; printf '%s\\n' '{stolen}' >/root/stolen")
    used = ssh.replace("/var/lib/kubestead-watch/ssh/id_ed25519", "/root/stolen")
    assert "Permission denied" in watched.ssh(CP, f"{used} root@192.168.1.61 true 2>&1 || true; rm /root/stolen")


@pytest.mark.parametrize(
    ("verb", "what", "answer"),
    [
        ("list", "nodes", "yes"),
        ("patch", "nodes", "yes"),
        ("list", "leases -n kube-node-lease", "yes"),
        ("update", "lease/kubestead-recovery -n kube-system", "yes"),
        ("patch", "configmap/kubestead-recovery -n kube-system", "yes"),
        ("create", "events -n default", "yes"),
        ("update", "lease/kube-scheduler -n kube-system", "no"),
        ("get", "secrets -n kube-system", "no"),
        ("delete", "nodes", "no"),
        ("delete", "pods -n kube-system", "no"),
        ("create", "pods", "no"),
        ("patch", "configmap/kubeadm-config -n kube-system", "no"),
    ],
)
def test_its_rights_in_the_cluster(watched: Twin, verb: str, what: str, answer: str) -> None:
    assert watched.ssh(CP, f"{KUBE} auth can-i {verb} {what} 2>/dev/null || true") == answer


def test_the_sandbox_holds(watched: Twin) -> None:
    shown = watched.ssh(
        CP, f"systemctl show {UNIT} -p User,NoNewPrivileges,ProtectSystem,CapabilityBoundingSet,NRestarts"
    )
    assert {"User=kubestead-watch", "NoNewPrivileges=yes", "ProtectSystem=strict", "NRestarts=0"} <= set(shown.split())
    status = watched.ssh(CP, f"cat /proc/$(systemctl show -P MainPID {UNIT})/status")
    for words in ("CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"):
        assert words in status


def test_it_repairs_a_node_whose_kubelet_was_stopped_and_tells(watched: Twin) -> None:
    # It may have found an incident of another watcher's, which it ended.
    before = {node: len(audit(watched, node)) for node in (CP, WORKER)}
    watched.ssh(WORKER, "systemctl stop kubelet")
    told = lambda: [line for node, known in before.items() for line in audit(watched, node)[known:]]  # noqa: E731
    eventually(lambda: {"recovered", "ended"} <= {line["decision"] for line in told()}, 240)
    assert watched.ssh(WORKER, "systemctl is-active kubelet") == "active"
    ended = [line for line in told() if line["decision"] == "ended"]
    assert [(line["cause"], line["remedy"], line["outcome"]) for line in ended] == [
        ("kubelet-stopped", "restart_kubelet", "recovered")
    ]
    events = watched.ssh(CP, f"{KUBECTL} get events -o jsonpath='{{.items[*].reason}}'")
    assert {"RecoveryStarted", "RecoveryDone"} <= set(events.split())
    metrics = watched.ssh(WORKER, "for a in 192.168.1.187 192.168.1.61; do curl -fsS http://$a:9469/metrics; done")
    assert 'kubestead_recovery_remedies_total{outcome="recovered",remedy="restart_kubelet"} 1.0' in metrics


def test_when_one_dies_the_other_takes_over(watched: Twin) -> None:
    leader = lease(watched)
    other = {CP: WORKER, WORKER: CP}[leader]
    watched.ssh(leader, f"systemctl kill --signal KILL {UNIT}; systemctl stop {UNIT}")
    eventually(lambda: lease(watched) == other, 60)
    watched.ssh(leader, f"systemctl start {UNIT}")


def test_a_host_that_is_named_no_more_is_cleaned_and_locked_out(watched: Twin) -> None:
    run = install(watched, "--json", "--data", f"watcher_hosts={CP}")
    assert run.returncode == 0, run.text
    assert trace(watched, WORKER) == ""
    assert watched.ssh(CP, "grep -c kubestead-watch@ /root/.ssh/authorized_keys") == "1"
    secrets = watched.ssh(CP, f"{KUBECTL} -n kube-system get secrets -o name")
    assert [name for name in secrets.split() if "kubestead-watch" in name] == ["secret/kubestead-watch-k8s-cp"]


def test_absent_leaves_no_trace(watched: Twin) -> None:
    run = install(watched, "--json", "--data", "state=absent")
    assert run.returncode == 0, run.text
    for node in (CP, WORKER):
        assert trace(watched, node) == ""
        assert watched.ssh(node, "grep -c kubestead-watch@ /root/.ssh/authorized_keys || true") == "0"
        assert "kubestead-watch" not in watched.ssh(node, "cat /etc/passwd /etc/group")
    objects = "sa,secrets,roles,rolebindings,clusterroles,clusterrolebindings,leases,configmaps"
    left = watched.ssh(CP, f"{KUBECTL} get {objects} -A -o name")
    assert [name for name in left.split() if "kubestead" in name] == []
    again = install(watched, "--json", "--data", "state=absent")
    assert (again.returncode, again.changed) == (0, [])


def trace(twin: Twin, node: str) -> str:
    """What is left of the watcher's files; /var/lib/kubestead is the cluster's own."""
    return twin.ssh(node, "find / /var -xdev -name 'kubestead-watch*' -print; ls -d /opt/kubestead 2>/dev/null || true")
