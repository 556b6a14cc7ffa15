"""The floor: two plain namespaces on the twin's bridge, like its hosts, with nothing of Kubernetes or Cilium in them.

Host to host itself is no floor for comparing modes: Cilium's programs, or kube-proxy's rules, are on the hosts' links.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bench.cilium.lab import Place
from kubestead.twin.network import BRIDGE
from kubestead.twin.plan import NETWORK, bridge_netns
from kubestead.twin.process import run

CLIENT, SERVER = "floor1", "floor2"
# Past the addresses a twin of two hosts has.
ADDRESSES = {CLIENT: str(NETWORK.network_address + 251), SERVER: str(NETWORK.network_address + 252)}


def place(twin: str, name: str) -> Place:
    """One of the namespaces."""
    return Place(network=f"{bridge_netns(twin)}.{name}")


@contextmanager
def plugged_in(twin: str) -> Iterator[None]:
    """Both namespaces, until the end of the block.

    Raises:
        KubesteadError: one cannot be made.
    """
    made = []
    try:
        for name, address in ADDRESSES.items():
            netns = place(twin, name).network
            run(["ip", "netns", "del", netns], check=False)  # of a run that was killed
            run(["ip", "netns", "add", netns])
            made.append(netns)
            for argv in commands(bridge_netns(twin), netns, name, address):
                run(argv)
        yield
    finally:
        for netns in made:
            run(["ip", "netns", "del", netns], check=False)


def commands(bridge: str, netns: str, name: str, address: str) -> list[list[str]]:
    """What plugs a namespace into the bridge."""
    outside, inside = ["ip", "-n", bridge, "link"], ["ip", "-n", netns]
    return [
        [*outside, "add", name, "type", "veth", "peer", "name", "eth0", "netns", netns],
        [*outside, "set", name, "master", BRIDGE, "up"],
        [*inside, "addr", "add", f"{address}/{NETWORK.prefixlen}", "dev", "eth0"],
        [*inside, "link", "set", "eth0", "up"],
    ]
