"""The Cilium agent of one node started anew: its init containers also put the plugin and its configuration back."""

from __future__ import annotations

import time
from collections.abc import Generator
from datetime import datetime

from pyinfra import host
from pyinfra.api import FunctionCommand, QuoteString, StringCommand, operation
from pyinfra.api.host import Host

from kubestead.facts.cilium import Agent, CiliumAgents, MissingNetworkFiles
from kubestead.facts.node import ApiNode, NodeView
from kubestead.facts.service import Service, Services
from kubestead.health import KUBECTL
from kubestead.operations.flow import failure
from kubestead.operations.remedies.watch import KUBELET
from kubestead.operations.steps import StepFailed, ask, attempt, told

# Three init containers, then the agent compiles its programs; readiness is asked every 5 s.
WITHIN_SECONDS = 240


@operation()
def restart_cilium(control_plane: Host, force: bool = False) -> Generator[StringCommand | FunctionCommand, None, None]:
    """Delete the node's Cilium agent pod and wait for the next one; pods keep their connections meanwhile.

    Args:
        control_plane: the host whose API is asked.
        force: do it even though the agent is ready and its files are there.
    """
    agents = control_plane.get_fact(CiliumAgents, node=host.name)
    view: NodeView = control_plane.get_fact(ApiNode, node=host.name)
    kubelet = host.get_fact(Services, units=(KUBELET,)).get(KUBELET, Service())
    missing = host.get_fact(MissingNetworkFiles)
    if agents is None:
        yield failure(f"{control_plane.name}: its API does not answer; try: {KUBECTL} get --raw /readyz")
        return
    if not kubelet.runs:
        yield failure(
            f"{host.name}: its kubelet ({kubelet}) would start no pod; "
            f"first: pyinfra INVENTORY deploys/restart_kubelet.py --limit {host.name}"
        )
        return
    ready = any(agent.ready for agent in agents)
    if view.well and ready and not missing and not force:
        host.noop(f"the node is well ({view}) and its agent ready; --data force=true restarts it all the same")
        return
    yield FunctionCommand(attempt(_restart), (control_plane, agents, missing), {})


def _restart(host: Host, control_plane: Host, agents: tuple[Agent, ...], missing: list[str]) -> None:
    lacking = f"; missing: {', '.join(missing)}" if missing else ""
    told(host, f"before: {', '.join(map(str, agents)) or 'no agent on this node'}{lacking}")
    if agents:
        names = [QuoteString(agent.name) for agent in agents]
        delete = (KUBECTL, "--request-timeout=10s --namespace kube-system delete pod --wait=false --ignore-not-found")
        ask(control_plane, *delete, *names, "> /dev/null", what=f"deleting the agent of {host.name}")
    until_agent_ready(host, control_plane, besides={agent.uid for agent in agents})


def until_agent_ready(
    host: Host,
    control_plane: Host,
    besides: set[str] | None = None,
    since: datetime | None = None,
    within_seconds: float = WITHIN_SECONDS,
) -> None:
    """Wait until the node's Cilium agent is ready, its files are in place and the node is Ready.

    Args:
        host: the node.
        control_plane: the host whose API is asked.
        besides: uids of pods that do not count.
        since: only an agent counts that started after this, by the node's clock; the API's word may be older.
        within_seconds: how long to watch.

    Raises:
        StepFailed: it did not come; says what is missing.
    """
    started = time.monotonic()
    while True:
        agents = [
            agent
            for agent in control_plane.get_fact(CiliumAgents, node=host.name) or ()
            if agent.uid not in (besides or set()) and (since is None or (agent.started and agent.started > since))
        ]
        missing = host.get_fact(MissingNetworkFiles)
        view: NodeView = control_plane.get_fact(ApiNode, node=host.name)
        elapsed = time.monotonic() - started
        if any(agent.ready for agent in agents) and not missing and view.well:
            told(host, f"after: Cilium agent ready, {view}, {elapsed:.0f} s later")
            return
        if elapsed > within_seconds:
            seen = ", ".join(map(str, agents)) or "no new agent"
            lacking = f", missing: {', '.join(missing)}" if missing else ""
            raise StepFailed(
                f"{host.name}: after {elapsed:.0f} s: {seen}{lacking}, {view}; next: {KUBECTL} --namespace kube-system "
                f"describe pods --selector k8s-app=cilium --field-selector spec.nodeName={host.name}"
            )
        time.sleep(1)  # between two looks
