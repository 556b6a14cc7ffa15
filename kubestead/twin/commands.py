"""What is done to a twin that is up: status, power, reset, and commands inside its network."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, NoReturn

from kubestead.errors import KubesteadError
from kubestead.twin import cgroups, control, machine, network, plan, state
from kubestead.twin.faults import records
from kubestead.twin.plan import Plan


def status(name: str) -> dict[str, Any]:
    """The twin's hosts and mirror: the supervisor's answer, or what the files and cgroups tell when it is gone.

    Raises:
        KubesteadError: there is no such twin.
    """
    machine.require_root()
    paths = state.files(name)
    known = state.load_plan(paths)
    simulated = {"simulated": plan.SIMULATED} if known and known.light else {}
    if state.supervisor_alive(paths):
        return {"name": name, "supervisor": "running", **simulated, **control.order(paths, "status")}
    if known is None:
        raise KubesteadError(f"there is no twin {name!r}; run 'kubestead twin up'")
    running = {
        path.name for top in cgroups.find(plan.cgroup(name)) for path in top.iterdir() if cgroups.populated(path)
    }
    hosts = [
        {
            "node": n.name,
            "address": n.address,
            "power": "on" if n.name in running else "off",
            "ssh": None,
            "since": "",
            "last": "",
        }
        for n in known.nodes
    ]
    return {"name": name, "supervisor": "gone", **simulated, "hosts": hosts}


def power(name: str, action: str, nodes: Sequence[str]) -> None:
    """Switch hosts ``on`` or ``off``, or ``cycle`` them; ``on`` and ``cycle`` return when SSH answers."""
    paths = _running(name, nodes)
    control.order(paths, action, list(nodes))
    if action != "off":
        control.wait_ssh(paths, nodes)


def power_status(name: str, nodes: Sequence[str]) -> list[str]:
    """``on`` or ``off`` for each of the hosts."""
    paths = _running(name, nodes)
    found = {host["node"]: str(host["power"]) for host in control.order(paths, "status")["hosts"]}
    return [found[node] for node in nodes]


def reset(name: str, nodes: Sequence[str]) -> None:
    """Hosts back to bare: power cut, disks written anew, on again. Without names, all of them."""
    paths = _running(name, nodes)
    control.order(paths, "reset", list(nodes))
    records.forget(paths, nodes)
    control.wait_ssh(paths, nodes)


def plan_of(name: str) -> Plan:
    """The hosts of a twin that is up."""
    return _plan(_running(name, ()))


def execute(name: str, argv: Sequence[str]) -> NoReturn:
    """Become a command inside the twin's network, with ``KUBESTEAD_SITE`` set to its site file; never returns."""
    paths = _running(name, ())
    inside = ["nsenter", f"--net={network.path(plan.bridge_netns(name))}", "--", *argv]
    os.execvpe(inside[0], inside, os.environ | {"KUBESTEAD_SITE": str(paths.site)})  # noqa: S606


def ssh_command(name: str, node: str, user: str, argv: Sequence[str]) -> list[str]:
    """The ssh command line for a host; run it with :func:`execute`."""
    paths = _running(name, [node])
    address = _plan(paths).node(node).address
    options = ("StrictHostKeyChecking=yes", f"UserKnownHostsFile={paths.known_hosts}", "IdentitiesOnly=yes")
    flags = [part for option in options for part in ("-o", option)]
    return ["ssh", "-F", "none", "-i", str(paths.key), *flags, f"{user}@{address}", *argv]


def _plan(paths: state.Files) -> Plan:
    found = state.load_plan(paths)
    if found is None:
        raise KubesteadError(f"there is no twin {paths.run.name!r}; run 'kubestead twin up'")
    return found


def _running(name: str, nodes: Sequence[str]) -> state.Files:
    """The files of a twin that is up and has these hosts."""
    machine.require_root()
    paths = state.files(name)
    known = _plan(paths)
    for node in nodes:
        known.node(node)
    if not state.supervisor_alive(paths):
        raise KubesteadError(
            f"twin {name}: its supervisor is not running; run 'kubestead twin up', or 'kubestead twin down'"
        )
    return paths
