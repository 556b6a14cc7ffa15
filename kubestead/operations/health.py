"""Operations that look and do not touch: the cluster's health, watched until it is well or the time is up."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence

from pyinfra import host, logger, state
from pyinfra.api import StringCommand, operation

from kubestead.facts.health import ClusterHealth
from kubestead.health import ClusterState, findings, missing, with_joined
from kubestead.operations.flow import failure


@operation()
def healthy(
    expected_nodes: Sequence[str], within_seconds: float, absent: Sequence[str] = (), others: Sequence[str] = ()
) -> Generator[StringCommand, None, None]:
    """Ask a control plane until every node and system pod is ready, saying what is still missing as it changes.

    What it saw last is kept on the host's data, for :func:`kubestead.operations.smoke.smoke`.

    Args:
        expected_nodes: names of the nodes that must be there.
        within_seconds: how long to go on asking; then the findings are an error.
        absent: nodes that are away; they are named, and not waited for.
        others: hosts that are no part of this run; they are expected once they are nodes.
    """
    started = time.monotonic()
    told = ""
    while True:
        seen = host.data.cluster_state = host.get_fact(ClusterHealth)
        expected = with_joined(expected_nodes, others, seen)
        found = findings(seen, expected, absent)
        if not found or not state.is_executing:
            if absent and state.is_executing:
                logger.warning(f"{host.print_prefix}not waited for: {_as_the_api_has_them(seen, absent)}")
            host.noop("healthy" if not found else "not healthy now")
            return
        elapsed = time.monotonic() - started
        if elapsed >= within_seconds:
            break
        still = missing(seen, expected, absent)
        if still != told:
            logger.info(f"{host.print_prefix}{elapsed:3.0f} s, waiting for {still}")
            told = still
        time.sleep(1)  # between two looks
    yield failure(f"not healthy after {within_seconds:.0f} s:\n" + "\n".join(map(str, found)))


def _as_the_api_has_them(seen: ClusterState, names: Sequence[str]) -> str:
    ready = {node.name: f"Ready={node.ready or 'not reported'}" for node in seen.nodes}
    return ", ".join(f"{name} ({ready.get(name, 'no node yet')})" for name in names)
