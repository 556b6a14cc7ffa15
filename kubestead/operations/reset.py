"""Taking a node out of Kubernetes, and saying what is left of it."""

from __future__ import annotations

from collections.abc import Generator

from pyinfra import host, logger
from pyinfra.api import FunctionCommand, StringCommand, operation
from pyinfra.api.host import Host
from pyinfra.api.state import State

from kubestead.facts.leftovers import Leftovers
from kubestead.facts.membership import NodeMembership
from kubestead.membership import Membership
from kubestead.render import render


@operation()
def reset_node() -> Generator[StringCommand | FunctionCommand, None, None]:
    """Remove the node's cluster state: kubeadm's files, pods, CNI, Cilium's links, rules and programs.

    The software, the images, SSH, the network and rules of others stay. Ends with the list of what is left over.
    """
    if host.get_fact(NodeMembership) == Membership() and not host.get_fact(Leftovers):
        host.noop("no cluster and nothing left of one")
        return
    yield StringCommand(render("reset.sh.j2"), _timeout=600)
    yield FunctionCommand(_report, (), {})


def _report(state: State, host: Host) -> bool:
    left = host.get_fact(Leftovers)
    for item in left:
        logger.warning(f"{host.print_prefix}left over: {item}")
    if not left:
        logger.info(f"{host.print_prefix}nothing of the cluster is left; software and images stay")
    return not left
