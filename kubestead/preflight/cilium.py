"""Can the hosts carry what was chosen for Cilium: the MTU, routes from node to node, the kernel for a pod's device?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Interface, IPv4Network

from kubestead.cilium.rule import extra
from kubestead.errors import Finding
from kubestead.preflight.findings import finding
from kubestead.preflight.model import Device
from kubestead.preflight.survey import Host, Survey
from kubestead.spec import ClusterSpec

# What the agent asks for itself, or the docs do (performance/tuning, 1.18), by choice and value.
KERNELS = {
    ("cilium_datapath", "netkit"): (6, 8),
    ("cilium_datapath", "netkit-l2"): (6, 8),
    ("cilium_bandwidth_manager", "bbr"): (5, 18),
}


def is_needed(feature: str, spec: ClusterSpec) -> bool:
    """Whether a feature of the kernel is wanted: some are only for what was chosen."""
    needed = {
        "geneve": spec.tunnel_protocol == "geneve",
        "wireguard": spec.cilium_encryption == "wireguard",
        "esp4": spec.cilium_encryption == "ipsec",
        "sch_fq": spec.cilium_bandwidth_manager != "off",
        "netkit": spec.cilium_datapath != "veth",
    }
    return needed.get(feature, True)


def check_kernel_for_choices(host: Host, survey: Survey) -> Iterator[Finding]:
    numbers = re.match(r"(\d+)\.(\d+)", host.info.kernel or "")
    for (key, value), wanted in KERNELS.items():
        if numbers and getattr(survey.spec, key) == value and (int(numbers[1]), int(numbers[2])) < wanted:
            reason = f'is older than {".".join(map(str, wanted))}, which {key} = "{value}" needs'
            yield finding(host, "kernel", host.info.kernel, reason, f"install a newer one and reboot, or change {key}")


def check_mtu(survey: Survey) -> Iterator[Finding]:
    """Packets larger than a node's link are lost without a word: nothing on the way tells the pod."""
    links = {host.name: link for host in survey.hosts if (link := _link(host)) and link.mtu}
    mtu, sizes = survey.spec.cilium_mtu, {link.mtu or 0 for link in links.values()}
    too_small = [f"{name}'s {link.name} {link.mtu}" for name, link in links.items() if (link.mtu or 0) < mtu]
    if too_small:
        reason = f"is larger than the MTU of {', '.join(too_small)}"
        yield Finding("cilium_mtu", reason, f"write cilium_mtu = {min(sizes)}, or 0, or raise the links'", value=mtu)
    elif mtu == 0 and len(sizes) > 1:
        told = ", ".join(f"{name}'s {link.name} {link.mtu}" for name, link in links.items())
        reason = f"is 0, and the nodes' links differ ({told}): each node takes its own, and larger packets are lost"
        fix = f"write cilium_mtu = {min(sizes)}, or have the links agree"
        yield Finding("cilium_mtu", reason, fix, value=mtu, severity="warning")


def check_neighbours(survey: Survey) -> Iterator[Finding]:
    """A route to another node's pods goes straight to that node, so the two must be neighbours.

    The agent tells the others in its log and leaves their pods unreachable (pkg/datapath/linux/node.go).
    """
    if not _routes_itself(survey.spec):
        return
    for host in survey.hosts:
        network = _network(host)
        far = [node for node in survey.nodes if network and node.address not in network]
        if network and far:
            names = ", ".join(f"{node.name} ({node.address})" for node in far)
            fix = (
                'write cilium_routing = "vxlan"; or, where cilium_bgp tells the routers of pod networks, '
                'cilium_extra_values = {"directRoutingSkipUnreachable": True}'
            )
            reason = f"needs all nodes in one network, and {names} are not in {host.name}'s, {network}"
            yield Finding("cilium_node_routes", reason, fix, value=True)
            return  # The other side of it would say the same.


def _routes_itself(spec: ClusterSpec) -> bool:
    skips = extra(spec, "directRoutingSkipUnreachable") is True
    return spec.cilium_routing == "native" and spec.cilium_node_routes and not skips


def _link(host: Host) -> Device | None:
    return host.info.device_of(host.node.address)


def _network(host: Host) -> IPv4Network | None:
    link = _link(host)
    own = [IPv4Interface(address) for address in (link.addresses if link else ())]
    return next((address.network for address in own if address.ip == host.node.address), None)
