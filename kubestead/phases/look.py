"""A look at nodes from all sides at once: the nodes themselves, the API, and, where SSH fails, their neighbours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import gevent  # type: ignore[import-untyped]
from gevent.pool import Pool  # type: ignore[import-untyped]
from pyinfra import inventory, logger, state
from pyinfra.api.host import Host

from kubestead import power
from kubestead.clock import now
from kubestead.connection.client import refusal
from kubestead.diagnose import ApiView, Cause, Diagnosis, NodeReport, Reach, Seen, api_views, diagnose
from kubestead.diagnose.model import Neighbour, Role
from kubestead.diagnose.skew import Offset, skews
from kubestead.facts.api_view import ApiAnswer, ClusterObjects
from kubestead.facts.node_report import NodeReports
from kubestead.facts.reach import Echo, Echoes
from kubestead.phases.gather import fact_of
from kubestead.phases.topology import CONTROL_PLANE, group, node_address

# Who is asked for what they get from a node that SSH cannot reach: enough that one of them is well.
WITNESSES = 3


@dataclass(frozen=True)
class Report:
    """A host's report, why there is none, and how far its clock is off the controller's."""

    report: NodeReport | None
    trouble: str = ""
    clock: Offset | None = None


def look(asked: Sequence[Host]) -> list[Diagnosis]:
    """The diagnosis of each of ``asked``, in their order."""
    asking = gevent.spawn(_ask_api)
    reaching = gevent.spawn(_reach, [node for node in asked if not _connected(node)])
    reports = _reports([node for node in asked if _connected(node)])
    (answer, witness), reach = asking.get(), reaching.get()
    reports = _judged(reports, witness)
    views = _views(answer, [node.name for node in inventory])
    seen = {node.name: _seen(node, reports, views[node.name], reach) for node in asked}
    if answer.objects is None and not _somebody_is_heard(seen):
        seen = _explained(seen)
    return [diagnose(seen[node.name]) for node in asked]


def _connected(node: Host) -> bool:
    """SSH reaches it: pyinfra leaves a host out of the run for one fact that failed, and it is there all the same."""
    return node in state.active_hosts or bool(node.connected)


def _reports(nodes: Sequence[Host]) -> dict[str, Report]:
    """What each of these hosts says of itself, all asked at once."""
    return dict(zip([node.name for node in nodes], _pool().map(_report, nodes), strict=True))


def _judged(reports: Mapping[str, Report], witness: Mapping[str, Offset]) -> dict[str, Report]:
    """The reports with how far each clock is off the others, those of ``witness`` among them."""
    off = skews({**witness, **{name: one.clock for name, one in reports.items() if one.clock}})
    return {name: replace(one, clock=off.get(name)) for name, one in reports.items()}


def _report(node: Host) -> Report:
    sent = now()
    report, failure = fact_of(node, NodeReports, node_name=node.name)
    received = now()
    if report is None:
        return Report(None, f"what the host says of itself: {failure.reason if failure else 'no answer'}")
    clock = Offset(report.clock - received, report.clock - sent) if report.clock is not None else None
    return Report(report, "", clock)


def _ask_api() -> tuple[ApiAnswer, dict[str, Offset]]:
    """The API's answer to the first control plane that gets one, and that host's clock against the controller's."""
    answer = ApiAnswer(trouble="no control plane can be reached over SSH")
    reached = False
    for node in group(CONTROL_PLANE):
        if state.is_host_in_limit(node) and node not in state.active_hosts:
            continue
        sent = now()
        said = fact_of(node, ClusterObjects)
        received = now()
        found, failure = said
        reached = reached or found is not None
        answer = found or replace(answer, trouble=f"{node.name}: {failure.reason if failure else 'no answer'}")
        if answer.objects and answer.asked is not None:
            return answer, {node.name: Offset(answer.asked - received, answer.asked - sent)}
    if not reached:
        names = ", ".join(node.name for node in group(CONTROL_PLANE))
        logger.error(f"no control plane can be reached over SSH ({names}): what the API says of the nodes is not known")
    return answer, {}


def _views(answer: ApiAnswer, names: Sequence[str]) -> Mapping[str, ApiView]:
    if answer.objects:
        return api_views(answer.objects, names)
    return dict.fromkeys(names, ApiView(answers=False, asked=answer.asked, trouble=answer.trouble))


def _reach(nodes: Sequence[Host]) -> dict[str, Reach]:
    """How the hosts that SSH cannot reach look from others, and whether they have power."""
    if not nodes:
        return {}
    witnesses = sorted(state.active_hosts, key=lambda node: node.name)[:WITNESSES]
    addresses = [node_address(node) for node in nodes]
    powers = _pool().map(lambda node: power.status(node.data.get("kubestead_power")), nodes)
    told = _pool().map(partial(_echoes, addresses=addresses), witnesses)
    found = {}
    for node, its_power in zip(nodes, powers, strict=True):
        neighbours = tuple(
            Neighbour(witness.name, echo.ping, echo.ssh, echo.kubelet)
            for witness, echoes in zip(witnesses, told, strict=True)
            for echo in echoes
            if echo.address == node_address(node)
        )
        refused = refusal(node)
        found[node.name] = Reach(False, neighbours, its_power, (refused.reason, refused.fix) if refused else None)
    return found


def _echoes(witness: Host, addresses: Sequence[str]) -> tuple[Echo, ...]:
    return fact_of(witness, Echoes, addresses=addresses)[0] or ()


def _seen(node: Host, reports: Mapping[str, Report], view: ApiView, reach: Mapping[str, Reach]) -> Seen:
    role: Role = "control_plane" if node in group(CONTROL_PLANE) else "worker"
    found = reports.get(node.name) or Report(None, "what the host says of itself")
    return Seen(
        node=node.name,
        role=role,
        report=found.report,
        api=view,
        reach=reach.get(node.name) or Reach(ssh=True),
        clock_skew=found.clock.certain if found.clock else None,
        trouble=found.trouble,
    )


def _somebody_is_heard(seen: Mapping[str, Seen]) -> bool:
    """Some node got an answer from the API by itself: then it is not down, only not asked."""
    return any(one.report and one.report.identity.api and one.report.identity.api.code == 0 for one in seen.values())


def _explained(seen: Mapping[str, Seen]) -> dict[str, Seen]:
    """The API is silent: every node is told what a control plane says of itself, asked for now if it was not yet."""
    known = [one for one in seen.values() if one.role == "control_plane"]
    if not known:
        others = [node for node in group(CONTROL_PLANE) if not state.is_host_in_limit(node)]
        reports = _judged(_reports(others), {})
        silent = next(iter(seen.values())).api
        known = [_seen(node, reports, silent, {}) for node in others]
    down = next((found for found in map(diagnose, known) if found.cause is not Cause.HEALTHY), None)
    return {name: replace(one, api=replace(one.api, down=down)) for name, one in seen.items()}


def _pool() -> Pool:
    # Not state.pool: its every place may be taken by the hosts being prepared, which wait for this very answer.
    return Pool(state.config.PARALLEL)
