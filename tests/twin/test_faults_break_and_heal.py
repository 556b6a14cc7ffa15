"""A few faults do to a real host what they say, and healing leaves nothing of them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.twin.conftest import Twin, eventually
from tests.twin.operator import KUBECTL

pytestmark = pytest.mark.twin_long

NODE = "k8s-worker2"
# Each command succeeds on the host while the fault is in force, and fails on a well one.
SHOWS = {
    "kubelet-suspended": "grep -q '^State:.T' /proc/$(pidof kubelet)/status",
    "kubelet-cgroup-frozen": "! curl --silent --max-time 2 http://127.0.0.1:10248/healthz",
    "kubelet-config-bad-value": "! systemctl is-active --quiet kubelet",
    "kubelet-certificate-expired": (
        "! openssl x509 -checkend 0 -noout -in /var/lib/kubelet/pki/kubelet-client-current.pem >/dev/null"
    ),
    "containerd-suspended": "! timeout 3 ctr version >/dev/null 2>&1",
    "disk-full-of-logs": "! head -c 65536 /dev/zero > /var/tmp/probe 2>/dev/null || { rm /var/tmp/probe; false; }",
    "disk-read-only": "! touch /var/tmp 2>/dev/null",
    "api-port-blocked": "! curl --silent --insecure --max-time 3 https://k8s-api:6443/livez >/dev/null",
    "clock-skewed": '[ "$(($(date +%s) - $(/usr/bin/date +%s)))" -gt 400 ]',
    "swap-on": "grep -q swapfile /proc/swaps",
}


def shows(twin: Twin, command: str) -> bool:
    done = twin.cli("ssh", NODE, f"{{ {command}; }} && echo broken || echo well")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip() == "broken"


def files(twin: Twin) -> str:
    """The content of the files that faults change, and who may read them."""
    places = "/etc /usr/local /opt/cni /usr/bin/kubelet /var/lib/kubelet/pki /var/lib/kubelet/config.yaml"
    places += " /var/lib/kubelet/kubeadm-flags.env"
    return twin.ssh(
        NODE,
        f"find {places} -xdev -printf '%p %m %u %g %l\\n' | sort; "
        f"find {places} -xdev -type f | sort | xargs sha256sum; "
        "systemctl is-enabled kubelet containerd; cat /proc/swaps",
    )


def ready(twin: Twin) -> bool:
    """Whether the node is Ready by its kubelet's own fresh word, and nothing presses on it."""
    row = "{range .status.conditions[*]}{.type}={.status} {end}"
    done = twin.cli("ssh", "k8s-cp", f"{KUBECTL} get node {NODE} -o jsonpath='{row}'")
    words = set(done.stdout.split())
    return "Ready=True" in words and not words & {"DiskPressure=True", "MemoryPressure=True", "PIDPressure=True"}


@pytest.fixture
def well(built: Twin) -> Iterator[Twin]:
    """The built lab; whatever a test leaves in force is undone."""
    eventually(lambda: ready(built), 90)
    yield built
    built.must("heal", NODE)


@pytest.mark.parametrize("fault", SHOWS)
def test_a_fault_shows_and_its_healing_leaves_nothing(well: Twin, fault: str) -> None:
    before = files(well)
    assert not shows(well, SHOWS[fault])
    well.must("break", NODE, fault)
    eventually(lambda: shows(well, SHOWS[fault]))
    well.must("heal", NODE, fault)
    eventually(lambda: not shows(well, SHOWS[fault]))
    eventually(lambda: ready(well), 90)
    assert files(well) == before


def test_a_stopped_kubelet_makes_its_node_not_ready_and_no_other(well: Twin) -> None:
    well.must("break", NODE, "kubelet-stopped")
    eventually(lambda: not ready(well), 75)
    row = '{range .items[*]}{.metadata.name} {.status.conditions[?(@.type=="Ready")].status}{"\\n"}{end}'
    nodes = well.ssh("k8s-cp", f"{KUBECTL} get nodes -o jsonpath='{row}'")
    assert nodes.splitlines() == ["k8s-cp True", "k8s-worker1 True", f"{NODE} Unknown"]
    well.must("heal", NODE)
    eventually(lambda: ready(well), 60)


def test_a_pulled_cable_silences_the_host_which_runs_on(well: Twin) -> None:
    boot = well.ssh(NODE, "cat /proc/sys/kernel/random/boot_id")
    well.must("break", NODE, "cable-pulled")
    eventually(lambda: not well.host(NODE)["ssh"])
    assert well.host(NODE)["power"] == "on"
    well.must("heal", NODE, "cable-pulled")
    assert well.ssh(NODE, "cat /proc/sys/kernel/random/boot_id") == boot


def test_what_healing_needs_is_kept_outside_the_host(well: Twin) -> None:
    well.must("break", NODE, "kubelet-flag-unknown")
    folder = well.state / "faults" / NODE / "kubelet-flag-unknown"
    names = subprocess.run(["tar", "-tf", folder / "saved.tar"], capture_output=True, text=True, check=True).stdout
    assert names.split() == ["var/lib/kubelet/kubeadm-flags.env"]
    disk = well.state / "nodes" / NODE
    assert not Path(disk, "upper").joinpath(str(folder).lstrip("/")).exists()
    assert well.cli("break", NODE, "kubelet-flag-unknown").returncode == 1
