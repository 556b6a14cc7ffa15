"""What is measured, as data, and how the tools' reports are read. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kubestead.errors import KubesteadError

# From where to where; the first is the floor. A pod's server is on another host than its client where nothing is said.
WAYS = {
    "floor": "floor",
    "hosts": "host to host",
    "pod": "pod to pod",
    "service": "pod to service",
    "near": "pod to pod, one host",
    "nodeport": "outside to NodePort",
    "egress": "pod to outside",
}
FLOOR = "floor"


@dataclass(frozen=True)
class Sample:
    """One client and one server for some seconds, one measurement after the other.

    Args:
        gbit: one TCP stream, Gbit/s at the receiver (iperf3).
        p50, p99: microseconds from an HTTP request to its answer, on one connection, one after the other (wrk).
        connections: new connections per second, each with one request, four at a time (wrk).
        errors: requests that failed.
    """

    gbit: float
    p50: float
    p99: float
    connections: float
    errors: int = 0


@dataclass(frozen=True)
class Agent:
    """A process of the pod network on a node.

    Args:
        program: ``cilium-agent`` or ``kube-proxy``.
        rss_mib: resident memory.
        working_set_mib: its container's, BPF maps included; None where the host does not tell.
        start_cpu: processor seconds from its start to the first measurement.
        cpu: and those it took during the measurements.
    """

    node: str
    program: str
    rss_mib: float
    working_set_mib: float | None
    start_cpu: float
    cpu: float


@dataclass(frozen=True)
class Quiet:
    """The machine before the measurements: shares of its processor time, 0 to 1, that the twin and others took."""

    twin: float
    others: float


@dataclass(frozen=True)
class Taken:
    """One cluster in one mode.

    Args:
        mode, title, overrides: the mode's.
        said: what each node's agent said of it.
        build_seconds: how long ``deploys/cluster.py`` took from bare hosts, without the smoke.
        quiet: the machine before.
        seconds: how long the measurements took.
        repeats: a sample for each of :data:`WAYS`, again and again.
        agents: the agents, after all that.
    """

    mode: str
    title: str
    overrides: dict[str, Any]
    said: dict[str, dict[str, str]]
    build_seconds: float
    quiet: Quiet
    seconds: float
    repeats: tuple[dict[str, Sample], ...]
    agents: tuple[Agent, ...]


def parse(text: str) -> Sample:
    """What ``measure.sh`` printed.

    Raises:
        KubesteadError: a tool failed, or says that more than one request of a hundred did.
    """
    try:
        iperf, one, many = map(json.loads, text.splitlines())
    except ValueError:
        raise KubesteadError(f"not three lines of JSON: {text[-300:]!r}") from None
    if error := iperf.get("error"):
        raise KubesteadError(f"iperf3: {error}")
    for what, told in (("on one connection", one), ("on new connections", many)):
        if told["errors"] * 100 > told["requests"] or not told["requests"]:
            raise KubesteadError(f"wrk, {what}: {told['errors']} errors, {told['requests']} requests answered")
    return Sample(
        gbit=float(iperf["end"]["sum_received"]["bits_per_second"]) / 1e9,
        p50=float(one["p50"]),
        p99=float(one["p99"]),
        connections=many["requests"] / many["microseconds"] * 1e6,
        errors=int(one["errors"] + many["errors"]),
    )


def agents(before: Mapping[str, list[dict[str, Any]]], after: Mapping[str, list[dict[str, Any]]]) -> tuple[Agent, ...]:
    """From what ``sample.py`` printed on each node before the measurements and after them."""
    started = {(node, one["program"]): float(one["cpu_seconds"]) for node, found in before.items() for one in found}
    return tuple(
        Agent(
            node, one["program"], float(one["rss_mib"]), one["working_set_mib"],
            start := started.get((node, one["program"]), 0.0), float(one["cpu_seconds"]) - start,
        )
        for node, found in after.items()
        for one in sorted(found, key=lambda one: str(one["program"]))
    )  # fmt: skip
