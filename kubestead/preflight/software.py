"""Is something on the host in the way of what is to be installed?"""

from __future__ import annotations

from collections.abc import Iterator

from kubestead.errors import Finding
from kubestead.preflight.findings import finding, unknown
from kubestead.preflight.survey import Host, Survey

OTHER_KUBERNETES = {
    "k3s.service": "k3s",
    "k3s-agent.service": "k3s",
    "rke2-server.service": "RKE2",
    "rke2-agent.service": "RKE2",
    "snap.microk8s.daemon-kubelite.service": "MicroK8s",
    "k0scontroller.service": "k0s",
    "k0sworker.service": "k0s",
    "crio.service": "CRI-O",
}
CONTAINERD_PACKAGES = ("containerd", "containerd.io")
FIREWALLS = {"firewalld.service": "firewalld"}


def check_other_kubernetes(host: Host, survey: Survey) -> Iterator[Finding]:
    if host.info.active_units is None and host.info.systemd:
        yield unknown(host, "systemd units", "try 'systemctl show kubelet' on it")
    for unit in host.info.active_units or ():
        if name := OTHER_KUBERNETES.get(unit):
            reason = f"{name} runs here and uses the same ports and folders"
            yield finding(host, "services", unit, reason, f"uninstall {name} first, or use another machine")


def check_containerd_package(host: Host, survey: Survey) -> Iterator[Finding]:
    """A containerd from a package would share socket and state with ours. On a node in service it is only told."""
    installed = host.info.packages or {}
    for package in CONTAINERD_PACKAGES:
        if package not in installed:
            continue
        dependants = [name for name in ("docker-ce", "docker.io") if name in installed]
        yield finding(
            host,
            "packages",
            f"{package} {installed[package]}",
            f"owns the containerd here; containerd {survey.spec.containerd_version} would share its socket and state",
            f"remove it ('apt-get remove {' '.join([package, *dependants])}') if nothing on this host needs it",
            severity="warning" if host.info.files.joined else "error",
        )


def check_package_locks(host: Host, survey: Survey) -> Iterator[Finding]:
    for process, pid in sorted({(lock.process, lock.pid) for lock in host.info.package_locks}):
        yield finding(
            host,
            "apt",
            f"{process} (pid {pid})",
            "holds apt's lock now; installing packages waits for it",
            f"let it finish; look at it with 'ps -fp {pid}'",
            severity="warning",
        )


def check_firewall(host: Host, survey: Survey) -> Iterator[Finding]:
    """VXLAN's UDP port has no listener yet, so a firewall that drops it cannot be seen before the cluster runs."""
    names = [name for unit, name in FIREWALLS.items() if unit in (host.info.active_units or ())]
    if host.info.ufw_enabled:
        names.append("ufw")
    for name in names:
        yield finding(
            host,
            "firewall",
            name,
            "is on, and what it does to VXLAN (8472/udp) cannot be tested before the cluster runs",
            "let the nodes reach each other on every port, or turn it off",
            severity="warning",
        )
