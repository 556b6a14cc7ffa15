"""Prometheus metrics in a registry of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from kubestead.diagnose import Cause, Remedy
from kubestead.errors import KubesteadError
from kubestead.recovery.attempts import Outcome
from kubestead.watch.note import Note, Told

SECONDS = (5, 10, 15, 20, 25, 30, 45, 60, 120, 300, 600, 1200)


class Standing(Collector):
    """What stands about nodes at this moment; replaced whole, so that no scrape sees half of it."""

    def __init__(self) -> None:
        self.held: Mapping[str, str] = {}
        self.handed: Mapping[str, str] = {}

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The gauges, by node."""
        for name, text, label, values in (
            ("kubestead_recovery_held", "1 while a guard holds a remedy back", "guard", self.held),
            ("kubestead_recovery_handed_over", "1 while a node is a person's", "cause", self.handed),
        ):
            family = GaugeMetricFamily(name, text, labels=("node", label))
            for node, value in values.items():
                family.add_metric((node, value), 1)
            yield family


class Metrics:
    """What Prometheus may know; docs/alerts has the rules."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        gauge = self._gauge
        self.leader = gauge("kubestead_watch_leader", "1 while this watcher holds the Lease")
        self.dry_run = gauge("kubestead_watch_dry_run", "1 for a watcher that only tells")
        self.api_up = gauge("kubestead_watch_api_up", "1 while the API answers")
        self.nodes = gauge("kubestead_watch_nodes", "Nodes by state", ("state",))
        self.oldest = gauge("kubestead_watch_oldest_lease_seconds", "Age of the lease that has not changed for longest")
        self.standing = Standing()
        self.registry.register(self.standing)
        self.requests = Counter(
            "kubestead_watch_api_requests", "Requests to the API", ("verb", "resource"), registry=self.registry
        )
        self.decisions = Counter(
            "kubestead_recovery_decisions", "What was told", ("decision", "cause"), registry=self.registry
        )
        self.remedies = Counter(
            "kubestead_recovery_remedies", "Remedies by outcome", ("remedy", "outcome"), registry=self.registry
        )
        self.took = Histogram(
            "kubestead_recovery_remedy_seconds",
            "Remedies that ended",
            ("remedy",),
            buckets=SECONDS,
            registry=self.registry,
        )
        self.unwell = Histogram(
            "kubestead_recovery_unwell_seconds",
            "From a node's last sign of health until it was Ready again",
            buckets=SECONDS,
            registry=self.registry,
        )
        self._begin_at_zero()

    def serve(self, port: int, address: str) -> None:
        """Answer ``/metrics`` from a thread.

        Raises:
            KubesteadError: the port is taken, or the address is not this machine's.
        """
        try:
            start_http_server(port, addr=address, registry=self.registry)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            fix = "give another: --metrics-port, --metrics-address"
            raise KubesteadError(f"metrics on {address} port {port}: {reason}; {fix}") from None

    def request(self, verb: str, resource: str) -> None:
        """One request to the API."""
        self.requests.labels(verb, resource).inc()

    def write(self, note: Note) -> None:
        """Count what was told."""
        self.decisions.labels(str(note.decision), note.cause).inc()
        if note.decision is Told.ENDED:
            self.remedies.labels(note.remedy, note.outcome).inc()
            self.took.labels(note.remedy).observe(note.seconds or 0)
        if note.decision is Told.BACK:
            self.unwell.observe(note.seconds or 0)

    def _begin_at_zero(self) -> None:
        """A series that first appears at 1 never increased for Prometheus: the alerts' are there at once."""
        for cause in Cause:
            self.decisions.labels(str(Told.RECOVERED), cause.value)
        for remedy in Remedy:
            for outcome in Outcome:
                if outcome is not Outcome.RUNNING:
                    self.remedies.labels(str(remedy), str(outcome))

    def _gauge(self, name: str, text: str, labels: tuple[str, ...] = ()) -> Gauge:
        return Gauge(name, text, labels, registry=self.registry)
