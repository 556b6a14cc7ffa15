"""Operations that look and do not touch: the cluster's health, watched until it is well or the time is up."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence

from pyinfra import host, logger, state
from pyinfra.api import StringCommand, operation

from kubestead.errors import Finding
from kubestead.facts.health import ClusterHealth
from kubestead.health import findings
from kubestead.operations.flow import failure


@operation()
def healthy(expected_nodes: Sequence[str], within_seconds: float) -> Generator[StringCommand, None, None]:
    """Ask a control plane until every node and system pod is ready, saying what is still missing as it changes.

    Args:
        expected_nodes: names of the nodes that must be there.
        within_seconds: how long to go on asking; then the findings are an error.
    """
    deadline = time.monotonic() + within_seconds
    told: list[Finding] = []
    while True:
        found = findings(host.get_fact(ClusterHealth), expected_nodes)
        if not found or not state.is_executing:
            host.noop("healthy" if not found else "not healthy now")
            return
        if time.monotonic() >= deadline:
            break
        if found != told:
            waiting = "; ".join(f"{finding.where} {finding.reason}" for finding in found)
            logger.info(f"{host.print_prefix}waiting: {waiting}")
            told = found
        time.sleep(1)  # between two looks
    yield failure(f"not healthy after {within_seconds:.0f} s:\n" + "\n".join(map(str, found)))
