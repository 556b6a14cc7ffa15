"""Steps with Cilium's agents, all through a control plane: some restarted and awaited, and looks at all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from pyinfra.api import QuoteString
from pyinfra.api.host import Host

from kubestead.cilium import checks
from kubestead.cilium.rollout import Rollout
from kubestead.facts.ciliumrollout import CiliumRollout
from kubestead.facts.reachability import ReachedPorts
from kubestead.health import KUBECTL
from kubestead.operations.steps import StepFailed, ask, told
from kubestead.render import render

# Three init containers, then the agent compiles its programs; readiness is asked every 5 s.
WITHIN_SECONDS = 240
# An agent that is ready settles a little later; a round of cilium-health takes 20 s with few nodes.
WELL_SECONDS = 120
BETWEEN_LOOKS = 1
# Who is asked for the way to a node that was switched.
WITNESSES = 3
HEALTH_PORT = 4240
_KUBECTL = f"{KUBECTL} --request-timeout=10s --namespace kube-system"


class AgentEnds(StepFailed):
    """An agent of the newest configuration, or the operator, keeps ending."""


def rollout(control_plane: Host) -> Rollout:
    """The agents as they are.

    Raises:
        StepFailed: the API does not answer.
    """
    found: Rollout | None = control_plane.get_fact(CiliumRollout)
    if found is None:
        raise StepFailed(f"{control_plane.name}: its API does not answer; try: {KUBECTL} get --raw /readyz")
    return found


def watch(
    control_plane: Host, wrong: Callable[[Rollout], str], what: str, within_seconds: float, failing: Sequence[str] = ()
) -> Rollout:
    """Look at the agents until nothing is wrong; a moment without the API is waited over.

    Args:
        control_plane: the host whose API is asked.
        wrong: what is wrong, in words; empty where nothing is.
        what: what is waited for, for the error.
        within_seconds: how long.
        failing: nodes whose agent, should it keep ending, is not waited for any longer.

    Raises:
        StepFailed: the time is up, or an agent keeps ending.
    """
    started = time.monotonic()
    reason = ""
    while True:
        try:
            found = rollout(control_plane)
            reason = wrong(found)
            if not reason:
                return found
            if found.failing_operators:
                raise AgentEnds(f"the operator keeps ending: {found.failing_operators[0]}")
            ending = [pod for node in failing for pod in found.on(node) if pod.newest and pod.fails]
            if ending and found.settled:
                raise AgentEnds(f"{ending[0].node}: its agent keeps ending: {ending[0]}")
        except AgentEnds:
            raise
        except StepFailed as error:
            reason = str(error)
        elapsed = time.monotonic() - started
        if elapsed > within_seconds:
            raise StepFailed(f"{what}: not within {elapsed:.0f} s: {reason}")
        time.sleep(BETWEEN_LOOKS)


def restart(control_plane: Host, nodes: Sequence[str]) -> None:
    """Have the agents of ``nodes``, all at once, run the newest configuration, and wait until they are ready.

    Raises:
        StepFailed: one did not come.
    """
    before = rollout(control_plane)
    names = [pod.name for node in nodes for pod in before.on(node) if not pod.newest]
    if names:
        delete = (_KUBECTL, "delete pod --wait=false --ignore-not-found")
        ask(control_plane, *delete, *map(QuoteString, names), "> /dev/null", what="restarting agents")
    started = time.monotonic()
    watch(control_plane, lambda now: _missing(now, nodes), ", ".join(nodes), WITHIN_SECONDS, failing=nodes)
    told(control_plane, f"{', '.join(nodes)}: agent ready, {time.monotonic() - started:.0f} s later")


def _missing(now: Rollout, nodes: Iterable[str]) -> str:
    behind = [node for node in nodes if not now.runs_newest(node)]
    return "; ".join(f"{node}: {', '.join(map(str, now.on(node))) or 'no agent'}" for node in behind)


def until_well(
    control_plane: Host, nodes: Sequence[str], witnesses: Sequence[Host], probed_by: Sequence[str] = ()
) -> None:
    """Wait until the agents of ``nodes`` find themselves well, and other nodes reach them.

    Args:
        control_plane: the host whose API is asked.
        nodes: names of nodes that run the newest configuration.
        witnesses: hosts that try the way to each node's health endpoint, which is a pod to them.
        probed_by: nodes whose agents' own probes count too: each has to have gone well since now.

    Raises:
        StepFailed: something is wrong still when the time is up.
    """
    script = render("cilium-said.sh.j2", nodes=list(nodes), witnesses=list(probed_by))
    started = time.monotonic()
    since = ""
    while True:
        try:
            lines = ask(control_plane, script, what="asking the agents", timeout=150)
            since = since or checks.clock(lines)
            wrong = checks.ill(checks.statuses(lines), nodes)
            wrong += _unreached(control_plane, nodes, witnesses)
            wrong += checks.unreached(checks.reached(lines, since), nodes, probed_by)
        except StepFailed as error:  # the API may be away for a moment
            wrong = [str(error)]
        if not wrong:
            return
        if time.monotonic() - started > WELL_SECONDS:
            raise StepFailed(f"{', '.join(nodes)}: not well after {WELL_SECONDS} s: {'; '.join(wrong[:3])}")
        time.sleep(BETWEEN_LOOKS)


def _unreached(control_plane: Host, nodes: Sequence[str], witnesses: Sequence[Host]) -> list[str]:
    """Which health endpoints a witness does not reach."""
    row = '{range .items[*]}{.metadata.name}{"\\t"}{.spec.health.ipv4}{"\\n"}{end}'
    lines = ask(control_plane, _KUBECTL, f"get ciliumnodes --output=jsonpath='{row}'", what="asking for addresses")
    addresses = {name: address for name, _, address in (line.partition("\t") for line in lines) if address}
    wrong = []
    for witness in witnesses:
        wanted = [(addresses[node], HEALTH_PORT) for node in nodes if node in addresses and node != witness.name]
        if not wanted:
            continue
        fact = ReachedPorts()
        probes = fact.process(ask(witness, fact.command(wanted), what="trying the way to other nodes"))
        opened = {probe.address for probe in probes if probe.result == "open"}
        wrong += [
            f"{witness.name} does not reach {node}'s health endpoint {address}"
            for node, address in addresses.items()
            if (address, HEALTH_PORT) in wanted and address not in opened
        ]
    return wrong


def last_words(control_plane: Host, kept: str) -> str:
    """The first error in the logs of what does not come up. They are kept, for a rollback ends the pods.

    Args:
        control_plane: the host whose API is asked.
        kept: a file on the control plane.
    """
    found = rollout(control_plane)
    names = [*found.failing_operators, *(pod.name for pod in found.pods if not pod.ready)]
    if not names:
        return ""
    lines = ask(control_plane, render("cilium-last-words.sh.j2", pods=names, kept=kept), what="reading logs")
    said = " | ".join(line.strip()[:400] for line in lines[:2])
    return f"; its first error: {said}" if said else ""
