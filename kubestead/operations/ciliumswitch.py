"""The switch of a running Cilium to other values, and back by itself where a node does not come back."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import yaml
from pyinfra import host
from pyinfra.api import FunctionCommand, StringCommand, operation
from pyinfra.api.host import Host

from kubestead.cilium.rollout import Rollout, batches
from kubestead.facts.ciliumrollout import SWITCH_MARK
from kubestead.facts.health import SMOKE_STAMP
from kubestead.facts.helm import HELM, HelmRelease
from kubestead.operations import shown
from kubestead.operations.ciliumagents import WITHIN_SECONDS, WITNESSES, last_words, restart, rollout, until_well, watch
from kubestead.operations.files import TextFile, install_files
from kubestead.operations.steps import StepFailed, ask, attempt, told
from kubestead.render import render

VALUES = "/var/lib/kubestead/cilium-values.yaml"
# What the agents wait for us to do, node by node.
SWITCHING_VALUES = "/var/lib/kubestead/cilium-switching-values.yaml"
ON_DELETE = {"updateStrategy": {"type": "OnDelete"}}
FIRST_ERROR = "/var/lib/kubestead/cilium-first-error.log"
OPERATOR_SECONDS = 300


@dataclass(frozen=True)
class Switch:
    """What shall be, and how.

    Args:
        chart: path of the chart's archive on the control plane.
        chart_version: the version it holds.
        values: the release's values, whole.
        good: the revision to go back to.
        begun: a switch was begun before and not ended.
        apart: nodes of the old and the new kind cannot talk to each other.
        together: all nodes at once.
        probes: agents probe each other (cilium-health), so that they can be asked.
        witnesses: hosts that try the way to the nodes.
        undo: what this run did before, by its words, and the commands that take it back on the control plane, then on
            every host, once all agents are back.
    """

    chart: str
    chart_version: str
    values: Mapping[str, Any]
    good: int
    begun: bool = False
    apart: bool = False
    together: bool = False
    probes: bool = True
    witnesses: Sequence[Host] = field(default=(), repr=False)
    undo: tuple[str, str, str] | None = None


@operation()
def switched(switch: Switch) -> Generator[StringCommand | FunctionCommand, None, None]:
    """Have every agent run the release with exactly these values, one node after the other.

    Args:
        switch: what shall be.
    """
    present = host.get_fact(HelmRelease, release="cilium", namespace="kube-system")
    values, switching = dict(switch.values), {**switch.values, **ON_DELETE}
    deployed = present is not None and (present.chart_version, present.status) == (switch.chart_version, "deployed")
    agrees = deployed and present is not None and present.values == values
    if agrees and not switch.begun:
        host.noop(f"cilium {switch.chart_version} is deployed with these values")
        return
    shown.show_values("values of the Helm release cilium", present.values if present else None, switch.values)
    files = [
        TextFile(path, yaml.safe_dump(text), mode="600", shown=False)
        for path, text in ((VALUES, values), (SWITCHING_VALUES, switching))
    ]
    yield from install_files._inner(files)
    there = agrees or (deployed and present is not None and present.values == switching)
    yield FunctionCommand(attempt(_switch), (switch, agrees, there), {})


def _switch(host: Host, switch: Switch, agrees: bool, there: bool) -> None:
    """Switch the release and its agents.

    Args:
        host: the control plane.
        switch: what shall be.
        agrees: the release is as it shall be, agents that follow by themselves included.
        there: it is as this would leave it until the agents have followed, or agrees.
    """
    mark = json.dumps({"good": switch.good, "apart": switch.apart})
    ask(host, f"mkdir -p /var/lib/kubestead && echo '{mark}' > {SWITCH_MARK}", what="marking the last good revision")
    try:
        if not there:
            _upgrade(host, switch, SWITCHING_VALUES, "the new configuration is there; agents still run the old one")
        _agents(host, switch)
    except StepFailed as error:
        _back(host, switch, error)
    if not agrees:
        # The template of the agents' pods is the same, so that nothing restarts.
        _upgrade(host, switch, VALUES, "agents follow by themselves again")
        watch(host, _old, "agents of the newest configuration", WITHIN_SECONDS)
    _end(host)


def _agents(host: Host, switch: Switch) -> None:
    """The operator first, for it brings what agents wait for; then the agents."""
    found = watch(host, _unsettled, "the operator with the new configuration", OPERATOR_SECONDS)
    for nodes in batches(found.outdated, switch.together):
        told(host, f"restarting the agent of {', '.join(nodes)}")
        restart(host, nodes)
        # While some nodes cannot talk to others, only the agents themselves can say anything.
        until_well(host, nodes, [] if switch.apart else _witnesses(switch, nodes))
    everybody = watch(host, _old, "agents of the newest configuration", WITHIN_SECONDS).nodes
    until_well(host, everybody, _witnesses(switch, ()), probed_by=everybody[: WITNESSES if switch.probes else 0])


def _witnesses(switch: Switch, nodes: Sequence[str]) -> list[Host]:
    return [witness for witness in switch.witnesses if witness.name not in nodes][:WITNESSES]


def _unsettled(now: Rollout) -> str:
    if not now.settled:
        return "the agents' new form is not seen yet"
    return "" if now.operator else "the operator is not ready"


def _old(now: Rollout) -> str:
    behind = [node for node in now.nodes if not now.runs_newest(node)]
    return _unsettled(now) or ", ".join(str(pod) for node in behind for pod in now.on(node))


def _back(host: Host, switch: Switch, error: StepFailed) -> None:
    """Go back to the last good revision; whatever comes of it, the run has failed.

    Raises:
        StepFailed: always; tells what failed first and what is so now.
    """
    told(host, f"{error}; going back to Helm revision {switch.good}")
    with suppress(StepFailed):  # what failed first is told all the same
        error = StepFailed(f"{error}{last_words(host, FIRST_ERROR)}")
    try:
        _roll_back(host, switch)
    except StepFailed as then:
        raise StepFailed(
            f"{error}; and going back to Helm revision {switch.good} failed too: {then}; logs: {FIRST_ERROR}; "
            f"next: {HELM} history cilium --namespace kube-system, then the same deploy again"
        ) from None
    _end(host)
    raise StepFailed(
        f"{error}; Cilium is back at Helm revision {switch.good}, and every agent is well; logs of what failed are on "
        f"{host.name}: {FIRST_ERROR}; next: mend the values and run the same again"
    )


def _roll_back(host: Host, switch: Switch) -> None:
    script = render("helm-rollback.sh.j2", release="cilium", namespace="kube-system", revision=switch.good)
    ask(host, script, what=f"helm rollback to revision {switch.good}", timeout=400)
    # The DaemonSet's controller itself restarts those that got the new configuration, and no others.
    bound = WITHIN_SECONDS * (1 + len(rollout(host).nodes) // 2)
    everybody = watch(host, _old, "agents of the old configuration", bound).nodes
    if switch.undo:
        what, here, everywhere = switch.undo
        ask(host, here, what=what, timeout=200)
        for node in switch.witnesses:
            ask(node, everywhere, what=what, timeout=120)
    until_well(host, everybody, _witnesses(switch, ()), probed_by=everybody[: WITNESSES if switch.probes else 0])
    told(host, f"back at Helm revision {switch.good}: every agent is well")


def _upgrade(host: Host, switch: Switch, values: str, then: str) -> None:
    script = render(
        "helm-upgrade.sh.j2", release="cilium", namespace="kube-system", chart=switch.chart, values=values,
        smoke_stamp=SMOKE_STAMP,
    )  # fmt: skip
    ask(host, script, what="helm upgrade", timeout=400)
    told(host, then)


def _end(host: Host) -> None:
    ask(host, f"rm -f {SWITCH_MARK} {SWITCHING_VALUES}", what="removing the mark of the switch")
