"""Run records as a run leaves them: whole, failed, refused, killed, large, hostile."""

from __future__ import annotations

from socket import gethostname

from kubestead.owner import Owner
from kubestead.record.cluster import cluster_facts
from kubestead.record.read import BEGUN, END, HEAD, MESSAGES, OPERATIONS, folder_name
from kubestead.record.write import Writer
from kubestead.spec import ClusterSpec

BEGAN = 1741000000.0
# A process that is no more: the boot it began in is over.
DEAD = Owner("maria", gethostname(), 4711, "another-boot/1")
HOSTILE = "<script>alert('x')</script>&\"'\u202e\x1b[31m\x00\ud800 </title></svg>"
# Phase, operation, seconds on each host (control plane, workers), whether it changes.
STORY = [
    ("Host", "Kernel modules", 0.4, 0.3, True),
    ("Host", "Kernel settings", 0.3, 0.5, True),
    ("Host", "Time is kept", 2.4, 2.1, False),
    ("Containerd", "containerd 2.1.5, runc 1.3.3", 6.2, 7.4, True),
    ("Containerd", "Configuration", 0.6, 0.5, True),
    ("Images", "Pull in the background", 0.3, 0.3, True),
    ("Packages", "kubelet, kubeadm, kubectl 1.31.13", 8.0, 9.1, True),
    ("", "every host is prepared", 0.01, 0.01, False),
    ("Control plane", "kubeadm init", 14.2, None, True),
    ("Control plane", "Kubeconfig to .kubestead/kubeconfig", 0.2, None, True),
    ("Cilium", "Helm 3.19.0 and the chart 1.18.4", 1.4, None, True),
    ("Cilium", "Cilium 1.18.4", 3.3, None, True),
    ("Control plane", "Short-lived join token", 1.2, None, True),
    ("", "the API answers", 0.01, 0.01, False),
    ("Worker", "kubeadm join", None, 6.3, True),
    ("", "every node has joined", 0.01, 0.01, False),
    ("Nodes", "Labels and taints", 0.4, None, False),
    ("Verify", "Nodes and system pods", 17.5, None, False),
    ("Verify", "Smoke: pods, services, DNS, policies, Cilium, Hubble", 9.0, None, True),
]


def nodes(workers=2):
    """The lab's nodes, or more of them."""
    found = [{"name": "k8s-cp", "role": "control plane", "address": "192.168.1.187"}]
    return found + [
        {"name": f"k8s-worker{number}", "role": "worker", "address": f"192.168.{1 + number // 200}.{61 + number % 190}"}
        for number in range(1, workers + 1)
    ]


def head(writer, members, **more):
    """run.json."""
    facts = {
        "began": BEGAN,
        "deploys": ["cluster"],
        "command": "pyinfra -y inventory/lab.py deploys/cluster.py",
        "owner": DEAD.to_data(),
        "nodes": members,
        "hosts": [node["name"] for node in members],
        "cluster": cluster_facts(ClusterSpec()),
        "made_with": {"kubestead": "0.1.0", "commit": "0123456789", "pyinfra": "3.10.0", "Python": "3.11.7"},
        "findings": [
            {
                "where": "group_data/all.py: kubernetes_version",
                "reason": "upstream's support for this release ended on 2025-11-11",
                "fix": "it works, but gets no more security fixes; plan an upgrade, one minor release at a time",
                "severity": "warning",
            }
        ],
    }
    writer.whole(HEAD, {**facts, **more})


def end(writer, ended, outcome, code, **more):
    """end.json."""
    writer.whole(END, {"ended": ended, "outcome": outcome, "exit_code": code, "error": "", "failed_hosts": [], **more})


def tell(writer, members, story=None, changed=True, fails=None, stops=None):
    """The operations; returns when the last ended.

    ``fails``: operation, host and what it said; ``stops``: the operation under way when the run was killed.
    """
    time = BEGAN + 3
    for phase, name, on_control_plane, on_worker, changes in story or STORY:
        took = {node["name"]: on_control_plane if "control" in node["role"] else on_worker for node in members}
        took = {host: seconds for host, seconds in took.items() if seconds is not None}
        writer.line(BEGUN, {"start": time, "phase": phase, "operation": name, "hosts": list(took)})
        failed = fails[1] if fails and fails[0] == name else None
        for number, (host, seconds) in enumerate(took.items()):
            if stops == name and number % 2 == 0:
                continue
            line = {"host": host, "phase": phase, "operation": name, "start": time}
            line |= {"end": time + seconds * (1 + number % 3 / 10), "error": host == failed}
            line["changed"] = changes and changed and host != failed
            writer.line(OPERATIONS, {**line, "said": fails[2]} if host == failed else line)
        time += max(took.values(), default=0) * 1.2
        if failed or stops == name:
            break
    return time


def succeeded(folder, workers=2, changed=True):
    """A run as it should be."""
    writer = Writer(folder / folder_name(BEGAN))
    head(writer, nodes(workers))
    end(writer, tell(writer, nodes(workers), changed=changed) + 1, "succeeded", 0)
    return writer.folder


def failed(folder):
    """A join that failed."""
    writer = Writer(folder / folder_name(BEGAN))
    head(writer, nodes())
    said = "[preflight] Running pre-flight checks\nerror execution phase preflight: couldn't validate the identity\n"
    said += 'of the API Server: Get "https://k8s-api:6443/api/v1/": dial tcp 192.168.1.187:6443: connect: refused'
    last = tell(writer, nodes(), fails=("kubeadm join", "k8s-worker2", said))
    line = {"time": last, "level": "error", "host": "k8s-worker2", "text": "Error: executed 0 commands"}
    writer.line(MESSAGES, line)
    writer.line(MESSAGES, {**line, "level": "warning", "host": "k8s-cp", "text": "its clock is 0.4 s ahead"})
    end(writer, last, "failed", 1, error="Over 0% of hosts failed (33%)", failed_hosts=["k8s-worker2"])
    return writer.folder


def killed(folder):
    """A run that was killed while it wrote a line."""
    writer = Writer(folder / folder_name(BEGAN))
    head(writer, nodes())
    tell(writer, nodes(), stops="kubeadm join")
    with (writer.folder / OPERATIONS).open("a") as file:
        file.write('{"host": "k8s-worker1", "phase": "Wor')
    return writer.folder


def refused(folder):
    """A run preflight ended: no operation."""
    writer = Writer(folder / folder_name(BEGAN))
    finding = {
        "where": "group_data/all.py: pod_cidr",
        "reason": "overlaps the route 10.0.2.0/24 of k8s-worker1",
        "fix": 'write: pod_cidr = "10.128.0.0/9"',
        "severity": "error",
    }
    head(writer, nodes(), findings=[finding])
    end(writer, BEGAN + 2, "refused", 1, error="preflight: 1 error, nothing was changed")
    return writer.folder


def hostile(folder):
    """Names and words that would break a page that trusted them."""
    writer = Writer(folder / folder_name(BEGAN))
    members = [{"name": HOSTILE, "role": "control plane", "address": HOSTILE}]
    members += [{"name": "\u5bbf\u4e3b" * 60, "role": "worker", "address": "x" * 300}]
    text = {"where": HOSTILE, "reason": HOSTILE, "fix": HOSTILE, "severity": "warning"}
    cluster = {HOSTILE: HOSTILE, "cluster": HOSTILE, "pods": HOSTILE, "services": HOSTILE, "endpoint": HOSTILE}
    head(
        writer, members, cluster=cluster, command=HOSTILE, deploys=[HOSTILE], findings=[text], made_with={HOSTILE: "1"}
    )
    story = [(HOSTILE, HOSTILE, 2, 3, True), ("", HOSTILE, 1, 1, False)]
    last = tell(writer, members, story, fails=(HOSTILE, HOSTILE, HOSTILE))
    for level in ("warning", "error"):
        writer.line(MESSAGES, {"time": last, "level": level, "host": HOSTILE, "text": HOSTILE})
    end(writer, last, "failed", 1, error=HOSTILE, failed_hosts=[HOSTILE])
    return writer.folder
