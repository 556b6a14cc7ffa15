"""A look at Cilium from all sides at once: its agents on every host, and what the API knows of it. Read-only."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import gevent  # type: ignore[import-untyped]
from pyinfra import host, inventory, logger, state
from pyinfra.api.host import Host

from kubestead.cilium.status.model import ClusterView, HostView
from kubestead.cilium.status.report import Report, report
from kubestead.cilium.status.view import View
from kubestead.cilium.status.wanted import wanted
from kubestead.connection.client import refusal
from kubestead.facts.cilium import CiliumCluster, CiliumHost
from kubestead.phases.gather import fact_of, on_all, once
from kubestead.phases.load import spec_of
from kubestead.phases.topology import CONTROL_PLANE, group


def tell_cilium_status() -> None:
    """Say what is wrong with Cilium; the exit code is not 0 unless everything is well and known.

    With ``--data cilium_status_file=PATH`` the whole report is also written there, as JSON.
    """
    once("cilium status", _tell)


def _tell() -> None:
    asked = [node for node in inventory if state.is_host_in_limit(node)]
    found = look(asked)
    for line in lines(found):
        logger.info(line)
    if path := host.data.get("cilium_status_file"):
        Path(str(path)).write_text(json.dumps(found.to_data()))
    if not found.healthy:
        ill = {one.where for one in found.troubles if one.severity == "error"}
        # pyinfra's exit code is 1 when a host is among these.
        state.failed_hosts.update([node for node in asked if node.name in ill] or asked[:1])


def look(asked: Sequence[Host]) -> Report:
    """What these hosts and the API say, judged."""
    asking = gevent.spawn(_ask_cluster)
    hosts = on_all(asked, _ask_host)
    spec, _ = spec_of(inventory)
    views = {node.name: hosts[node.name] for node in asked}
    return report(View(asking.get(), views, wanted(spec) if spec else None))


def lines(found: Report) -> list[str]:
    """One line for each thing, the heaviest first."""
    told = [f"{one.where}: {one.what}; next: {one.then}" for one in found.troubles]
    told += [f"{what}: not known ({why})" for what, why in found.unknown.items()]
    return told or ["Cilium is healthy"]


def _ask_host(node: Host) -> HostView:
    # pyinfra leaves a host out of the run for one fact that failed, and it is there all the same.
    if node not in state.active_hosts and not node.connected:
        refused = refusal(node)
        return HostView(node.name, trouble=refused.reason.splitlines()[0] if refused else "does not answer")
    found, failure = fact_of(node, CiliumHost, node_name=node.name)
    return found or HostView(node.name, trouble=failure.reason if failure else "no answer")


def _ask_cluster() -> ClusterView:
    """What the API says to the first control plane that gets an answer."""
    answer = ClusterView(troubles={"control plane": "none can be reached over SSH"})
    for node in group(CONTROL_PLANE):
        if state.is_host_in_limit(node) and node not in state.active_hosts:
            continue
        said = fact_of(node, CiliumCluster)
        found, failure = said
        if found is None:
            answer = ClusterView(troubles={node.name: failure.reason if failure else "no answer"})
        elif found.answers:
            return found
        elif found.asked is not None:
            answer = found
    return answer
