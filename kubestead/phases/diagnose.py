"""Diagnosis: what is wrong with the nodes of this run. Read-only."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from pyinfra import host, inventory, logger, state
from pyinfra.api.host import Host

from kubestead.diagnose import Cause, Diagnosis
from kubestead.phases.gather import once
from kubestead.phases.look import look


def diagnose_nodes() -> None:
    """Say of every node this run was limited to what is wrong with it; the exit code is not 0 unless all are healthy.

    With ``--data diagnosis_file=PATH`` each diagnosis is also written there, one JSON object per line.
    """
    once("diagnoses", _diagnose)


def _diagnose() -> None:
    asked = [node for node in inventory if state.is_host_in_limit(node)]
    diagnoses = look(asked)
    for line in lines(diagnoses):
        logger.info(line)
    if path := host.data.get("diagnosis_file"):
        Path(str(path)).write_text("".join(json.dumps(one.to_data()) + "\n" for one in diagnoses))
    ill = {one.node for one in diagnoses if one.cause is not Cause.HEALTHY}
    # pyinfra's exit code is 1 when a host is among these. An operation that fails would end the run before the others
    # are told, and there is nothing to operate here.
    state.failed_hosts.update(_named(asked, ill))


def lines(diagnoses: Sequence[Diagnosis]) -> list[str]:
    """One line for each: node, cause, the first evidence, and what would be done."""
    width = max((len(one.node) for one in diagnoses), default=0)
    causes = max((len(one.cause.value) for one in diagnoses), default=0)
    told = []
    for one in diagnoses:
        then = f"; remedies: {', '.join(map(str, one.remedies))}" if one.remedies else ""
        then = then or (f"; next: {one.advice}" if one.advice else "")
        evidence = one.evidence[0] if one.evidence else one.cause.summary
        told.append(f"{one.node:<{width}}  {one.cause.value:<{causes}}  {evidence}{then}")
    return told


def _named(nodes: Sequence[Host], names: set[str]) -> set[Host]:
    return {node for node in nodes if node.name in names}
