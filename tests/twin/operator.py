"""What an operator does and sees: pyinfra's runs inside the twin's network, looks at hosts and cluster from outside."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from kubestead.record.read import find, read
from tests.twin.conftest import Twin

PYINFRA = str(Path(sys.executable).with_name("pyinfra"))
NODES = ("k8s-cp", "k8s-worker1", "k8s-worker2")
KUBECTL = "kubectl --kubeconfig /etc/kubernetes/admin.conf"


@dataclass(frozen=True)
class Run:
    """A finished run of pyinfra: its exit code and what it printed."""

    returncode: int
    stdout: str
    stderr: str

    @property
    def text(self) -> str:
        """Everything the operator could read."""
        return self.stdout + self.stderr

    @property
    def totals(self) -> dict[str, int]:
        """Operations by outcome over all hosts, from ``--json``."""
        operations = json.loads(self.stdout)["results"]["operations"]
        return {key: sum(len(item[key]) for item in operations) for key in ("success", "error", "no_change")}

    @property
    def changed(self) -> list[str]:
        """Names of the operations that changed anything on any host, from ``--json``."""
        return [item["name"] for item in json.loads(self.stdout)["results"]["operations"] if item["success"]]


def deploy(
    twin: Twin,
    name: str,
    *arguments: str,
    site: Path | None = None,
    inventory: str = "inventory/lab.py",
    temporary: Path | None = None,
) -> Run:
    """Run ``deploys/<name>.py`` on the lab inside the twin's network, with its site file or another.

    ``temporary`` is the folder for its temporary files.
    """
    yes = [] if "--dry" in arguments else ["-y"]  # -y leaves change detection out
    settings = ["env", *([f"KUBESTEAD_SITE={site}"] if site else []), *([f"TMPDIR={temporary}"] if temporary else [])]
    done = twin.cli("exec", "--", *settings, PYINFRA, *yes, *arguments, inventory, f"deploys/{name}.py", timeout=900)
    return Run(done.returncode, done.stdout, done.stderr)


def planned(run: Run) -> set[tuple[str, str]]:
    """What a dry run with ``--json`` says will be changed: host and operation."""
    plan = json.loads(run.stdout)["plan"]
    assert [item["name"] for item in plan if item["hosts_with_conditional_change"]] == [], "a plan is certain"
    return {(host, item["name"]) for item in plan for host in item["hosts_with_change"]}


def changes() -> set[tuple[str, str]]:
    """What the newest run changed, as its record tells it: host and operation."""
    return {(one.host, one.title) for one in read(find(None)).operations if one.changed}


def altered_site(twin: Twin, folder: Path, **parts: dict[str, Any]) -> Path:
    """A copy of the twin's site file with some values replaced in ``sources``, ``overrides`` or a host of ``hosts``."""
    site = yaml.safe_load((twin.state / "site.yaml").read_text())
    for part, values in parts.items():
        present = site.setdefault(part, {})
        for key, value in values.items():
            present[key] = {**present.get(key, {}), **value} if part == "hosts" else value
    path = folder / "site.yaml"
    path.write_text(yaml.safe_dump(site))
    return path


def host_fingerprint(twin: Twin, node: str) -> str:
    """A host as it is: every file's inode and times, the services' start times, the packages and their holds."""
    return twin.ssh(
        node,
        "find /etc /usr/local /opt/cni /var/lib/kubestead /var/lib/kubelet/config.yaml /usr/bin/kube* -xdev -type f "
        "-printf '%p %i %T@ %C@\\n' | sort; "
        "systemctl show containerd kubelet -p Id,MainPID,ExecMainStartTimestampMonotonic; "
        "dpkg-query -W; apt-mark showhold; sysctl -a 2>/dev/null | grep -E '^(net.ipv4.ip_forward|fs.inotify)'",
    )


def cluster_fingerprint(twin: Twin) -> str:
    """The cluster as it is: generations of its workloads, versions of its configuration, Helm's revisions, tokens."""
    versions = (
        '{range .items[*]}{.kind}/{.metadata.name} {.metadata.generation} {.metadata.resourceVersion}{"\\n"}{end}'
    )
    names = '{range .items[*]}{.kind}/{.metadata.name} {.metadata.generation}{"\\n"}{end}'
    return twin.ssh(
        "k8s-cp",
        f"{KUBECTL} -n kube-system get configmaps -o jsonpath='{versions}'; "
        f"{KUBECTL} -n kube-system get daemonsets,deployments,secrets -o jsonpath='{names}'",
    )


def run_outside(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pyinfra in this machine's own network, where only commands that connect to nobody may be used."""
    assert "debug-inventory" in arguments
    return subprocess.run([PYINFRA, *arguments], capture_output=True, text=True, check=False, timeout=60)


@contextmanager
def inside_network(twin: Twin) -> Iterator[None]:
    """Commands this thread starts live in the twin's network, as ``kubestead twin exec`` has it (setns(2))."""
    clone_newnet = 0x40000000
    libc = ctypes.CDLL(None, use_errno=True)
    here, there = Path("/proc/self/ns/net"), Path(f"/run/netns/kubestead-{twin.name}")
    with here.open() as ours, there.open() as theirs:
        if libc.setns(theirs.fileno(), clone_newnet):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(there))
        try:
            yield
        finally:
            if libc.setns(ours.fileno(), clone_newnet):
                os._exit(70)  # lost in the wrong network: nothing after this may run
