"""Is each host itself, and none of them a clone of another?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator

from kubestead.errors import Finding
from kubestead.preflight.findings import finding, unknown
from kubestead.preflight.survey import Host, Survey


def check_hostname(host: Host, survey: Survey) -> Iterator[Finding]:
    """The node is named after the inventory whatever the host calls itself, so a difference is only told."""
    hostname = host.info.hostname
    if hostname is None:
        yield unknown(host, "hostname", "try 'uname -n' on it")
    elif hostname.lower() != host.name:
        yield finding(
            host,
            "hostname",
            hostname,
            f"differs from the inventory's name; the node will be called {host.name}",
            f"to make them one: hostnamectl set-hostname {host.name}",
            severity="warning",
        )


def check_machine_id(host: Host, survey: Survey) -> Iterator[Finding]:
    machine_id = host.info.machine_id
    if machine_id is None or machine_id == "uninitialized":
        yield unknown(host, "machine-id", "run 'systemd-machine-id-setup' on it")


def check_clones(survey: Survey) -> Iterator[Finding]:
    """Hostname, machine-id and MAC address must each be one host's alone (kubeadm's installation page asks for it)."""
    yield from _shared(
        survey, "hostname", lambda host: (host.info.hostname or "").lower(), "hostnamectl set-hostname NAME on each"
    )
    yield from _shared(
        survey,
        "machine-id",
        lambda host: "" if host.info.machine_id == "uninitialized" else host.info.machine_id or "",
        "on the clones: rm -f /etc/machine-id /var/lib/dbus/machine-id; systemd-machine-id-setup; reboot",
    )
    yield from _shared(
        survey, "MAC address", _mac, "give each clone's network card an address of its own in the hypervisor"
    )


def _mac(host: Host) -> str:
    device = host.info.device_of(host.node.address)
    return (device.mac or "") if device else ""


def _shared(survey: Survey, what: str, value_of: Callable[[Host], str], fix: str) -> Iterator[Finding]:
    holders: dict[str, list[Host]] = defaultdict(list)
    for host in survey.hosts:
        holders[value_of(host)].append(host)
    for value, hosts in holders.items():
        if value and len(hosts) > 1:
            yield finding(hosts, what, value, f"is the same on {len(hosts)} hosts", fix)
