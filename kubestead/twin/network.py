"""The twin's network: one namespace with a bridge and the gateway's address, one namespace per host, no way out."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from kubestead.twin.plan import GATEWAY, NETWORK, Node, bridge_netns
from kubestead.twin.process import run

BRIDGE = "br0"
NETNS_DIR = Path("/run/netns")
# In the folder of a host that is cut from the bridge.
CABLE_OUT = "cable-out"


def path(netns: str) -> Path:
    """The file that stands for a named namespace (ip-netns(8))."""
    return NETNS_DIR / netns


def bridge_commands(twin: str) -> list[list[str]]:
    """What makes the bridge's namespace. A new one inherits the machine's IPv4 forwarding, so it is switched off."""
    netns = bridge_netns(twin)
    inside = ["ip", "-n", netns]
    return [
        ["ip", "netns", "add", netns],
        ["ip", "netns", "exec", netns, "sysctl", "-qw", "net.ipv4.ip_forward=0"],
        [*inside, "link", "set", "lo", "up"],
        # Delay before forwarding frames is for bridges in loops; here it would only hold up a host's start.
        [*inside, "link", "add", BRIDGE, "type", "bridge", "forward_delay", "0"],
        [*inside, "addr", "add", f"{GATEWAY}/{NETWORK.prefixlen}", "dev", BRIDGE],
        [*inside, "link", "set", BRIDGE, "up"],
    ]


def node_commands(node: Node) -> list[list[str]]:
    """What makes a host's namespace, plugged into the bridge; the host configures ``eth0`` itself, as a server does."""
    bridge = ["ip", "-n", bridge_netns(node.twin)]
    return [
        ["ip", "netns", "add", node.netns],
        ["ip", "netns", "exec", node.netns, "sysctl", "-qw", "net.ipv4.ip_forward=0"],
        [
            *bridge,
            "link",
            "add",
            node.name,
            "type",
            "veth",
            "peer",
            "name",
            "eth0",
            "address",
            node.mac,
            "netns",
            node.netns,
        ],
        [*bridge, "link", "set", node.name, "master", BRIDGE, "up"],
    ]


def networkd_file(node: Node) -> str:
    """The host's own static configuration of ``eth0`` (systemd.network(5))."""
    return (
        f"[Match]\nName=eth0\n\n[Network]\nAddress={node.address}/{NETWORK.prefixlen}\nGateway={GATEWAY}\n"
        "LinkLocalAddressing=no\nIPv6AcceptRA=no\n"
    )


def create_bridge(twin: str) -> None:
    """Make the twin's bridge unless it is there whole."""
    netns = bridge_netns(twin)
    if exists(netns) and BRIDGE in run(["ip", "-n", netns, "-o", "link", "show"], check=False):
        return
    delete(netns)
    for argv in bridge_commands(twin):
        run(argv, fix="the kernel must offer network namespaces, bridges and veth")


def create_node(node: Node, folder: Path) -> None:
    """Give a host a fresh namespace; an old one of the same name goes first, and its interface with it.

    Args:
        node: the host.
        folder: its own, which knows whether its cable is plugged in.
    """
    delete(node.netns)
    run(["ip", "-n", bridge_netns(node.twin), "link", "del", node.name], check=False)
    for argv in node_commands(node):
        run(argv, fix="the kernel must offer network namespaces, bridges and veth")
    if (folder / CABLE_OUT).exists():
        _link(node, "down")


def pull_cable(node: Node, folder: Path) -> None:
    """Cut the host from the bridge; it stays so through reboots and power cycles, as with a machine's cable."""
    (folder / CABLE_OUT).touch()
    _link(node, "down")


def plug_cable(node: Node, folder: Path) -> None:
    """Undo :func:`pull_cable`."""
    (folder / CABLE_OUT).unlink(missing_ok=True)
    _link(node, "up")


def _link(node: Node, way: str) -> None:
    run(["ip", "-n", bridge_netns(node.twin), "link", "set", node.name, way])


def delete(netns: str) -> None:
    """Remove a named namespace; nothing happens when there is none."""
    if exists(netns):
        run(["ip", "netns", "del", netns])


def processes(netns: str) -> list[str]:
    """The processes in a namespace, each as ``PID (name)``."""
    inode = path(netns).stat().st_ino if exists(netns) else 0
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if inode and (entry / "ns/net").stat().st_ino == inode:
                found.append(f"{entry.name} ({(entry / 'comm').read_text().strip()})")
    return found


def exists(netns: str) -> bool:
    """Whether a namespace of this name is known."""
    return path(netns).exists()


def of_twin(twin: str) -> list[str]:
    """Every namespace of this twin there is, found by its name alone; hosts first, the bridge last."""
    bridge = bridge_netns(twin)
    names = sorted(entry.name for entry in NETNS_DIR.glob(f"{bridge}*")) if NETNS_DIR.is_dir() else []
    return [n for n in names if n.startswith(f"{bridge}.")] + [n for n in names if n == bridge]
