"""Where the watcher is to run, and how it reaches every node: settled once, before anything is changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pyinfra import host, logger
from pyinfra.api import DeployError
from pyinfra.api.host import Host

from kubestead.connection.sudo import sudo_password
from kubestead.errors import Finding
from kubestead.facts.watcher import WatcherHost, WatcherHostFacts
from kubestead.operations.watcher_rights import Watcher
from kubestead.phases.gather import fact_of, once
from kubestead.phases.hostkeys import trusted_host_key
from kubestead.phases.known import membership
from kubestead.phases.load import stop_at
from kubestead.phases.topology import CONTROL_PLANE, WORKERS, first_control_plane, group, node_address
from kubestead.watchhost.files import Target

# One acts, the other takes over when it dies; a third would only ask for the Lease.
AT_MOST = 2


@dataclass(frozen=True)
class Plan:
    """The hosts the watcher runs on with what is known of each, and every node as the watcher reaches it."""

    watchers: tuple[Watcher, ...]
    hosts: dict[str, WatcherHost]
    targets: tuple[Target, ...]


def watcher_hosts() -> list[Host]:
    """The hosts named by ``--data watcher_hosts=a,b``, else the first two control planes; none for ``state=absent``.

    A worker only where it is named: it runs other people's pods, and the watcher's key is root on every node.

    Raises:
        DeployError: ``state`` is something else, or no host has that name.
    """
    wanted = host.data.get("state", "present")
    if wanted not in ("present", "absent"):
        raise DeployError(f"--data state={wanted}: say present or absent")
    named = host.data.get("watcher_hosts")
    if wanted == "absent":
        return []
    if not named:
        return group(CONTROL_PLANE)[:AT_MOST]
    names = [name.strip() for name in named.split(",")] if isinstance(named, str) else [str(name) for name in named]
    everyone = {node.name: node for node in _nodes()}
    if unknown := [name for name in names if name not in everyone]:
        raise DeployError(f"--data watcher_hosts: {', '.join(unknown)}: no such host; there are {', '.join(everyone)}")
    return [everyone[name] for name in dict.fromkeys(names)]


def plan() -> Plan:
    """The plan of this run.

    Raises:
        DeployError: something is missing; every finding was printed, and nothing was changed.
    """
    return once("watcher plan", _plan)


def _plan() -> Plan:
    chosen = watcher_hosts()
    findings: list[Finding] = []
    if chosen and not membership(first_control_plane()).is_control_plane:
        fix = "build it first: pyinfra INVENTORY deploys/cluster.py"
        findings.append(Finding(first_control_plane().name, "there is no cluster to watch", fix))
    hosts = {node.name: _host(node, findings) for node in chosen}
    targets = [_target(node, findings) for node in _nodes()] if chosen else []
    stop_at(findings)
    if len(chosen) == 1:
        logger.warning(
            f"kubestead: the watcher runs on {chosen[0].name} alone, and nobody takes over when that host dies; "
            "a second host, which has to be as well guarded: --data watcher_hosts=a,b"
        )
    known = {name: facts for name, facts in hosts.items() if facts}
    watchers = [Watcher(node, node_address(node), known[node.name].public_key) for node in chosen]
    return Plan(tuple(watchers), known, tuple(target for target in targets if target))


def _host(node: Host, findings: list[Finding]) -> WatcherHost | None:
    facts, failure = fact_of(node, WatcherHostFacts)
    if facts is None:
        findings.append(Finding(node.name, failure.reason if failure else "cannot be asked", "see that it answers"))
    elif facts.python is None:
        fix = f"on {node.name}: sudo apt-get install python3"
        findings.append(Finding(node.name, "has no Python with its whole standard library", fix))
    elif tuple(map(int, facts.python.split("."))) < (3, 10):
        findings.append(Finding(node.name, f"has Python {facts.python}", "kubestead needs 3.10 or newer"))
    return facts


def _target(node: Host, findings: list[Finding]) -> Target | None:
    key, user = trusted_host_key(node), node.data.get("ssh_user")
    if key is None:
        reason, fix = "its SSH host key is not known on this machine", f"connect once: ssh {node_address(node)}"
        findings.append(Finding(node.name, reason, fix))
    if user is None:
        facts, _ = fact_of(node, WatcherHostFacts)
        user = facts.login if facts else None
        if user is None:
            fix = f"write hosts.{node.name}.user in the site file"
            findings.append(Finding(node.name, "cannot tell who SSH logs in as", fix))
    if sudo_password(node):
        reason, fix = "sudo asks for a password there, and the watcher keeps none", f"allow {user} sudo without one"
        findings.append(Finding(node.name, reason, fix))
    if key is None or user is None:
        return None
    address = node_address(node)
    # The operator may come in by another way (a forwarded port); among the nodes it is SSH's own port.
    port = int(node.data.get("ssh_port") or 22) if node.data.get("ssh_hostname") == address else 22
    keys = {"labels": "labels", "taints": "taints", "power": "kubestead_power"}
    own = {key: value for key, name in keys.items() if (value := node.data.get(name))}
    return Target(
        name=node.name, group=CONTROL_PLANE if node in group(CONTROL_PLANE) else WORKERS, address=address, port=port,
        user=str(user), sudo=bool(node.data.get("_sudo")), host_key=key,
        own=own,
    )  # fmt: skip


def _nodes() -> Sequence[Host]:
    return [*group(CONTROL_PLANE), *group(WORKERS)]
