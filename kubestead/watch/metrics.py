"""Prometheus metrics in a registry of their own."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, start_http_server

from kubestead.watch.note import Note, Told

SECONDS = (5, 10, 15, 20, 25, 30, 45, 60, 120, 300, 600, 1200)


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
        self.held = gauge("kubestead_recovery_held", "1 while a guard holds a remedy back", ("node", "guard"))
        self.handed = gauge("kubestead_recovery_handed_over", "1 while a node is a person's", ("node", "cause"))
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

    def serve(self, port: int, address: str) -> None:
        """Answer ``/metrics`` from a thread."""
        start_http_server(port, addr=address, registry=self.registry)

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
        if note.decision is Told.HOLD:
            self._forget(self.held, note.node)
            self.held.labels(note.node, note.guard).set(1)
        if note.decision is Told.HAND_OVER:
            self._forget(self.handed, note.node)
            self.handed.labels(note.node, note.cause).set(1)
        if note.decision in (Told.RECOVERED, Told.APPLY):
            self._forget(self.held, note.node)
        if note.decision is Told.RECOVERED:
            self._forget(self.handed, note.node)

    def _forget(self, gauge: Gauge, node: str) -> None:
        for sample in next(iter(gauge.collect())).samples:
            if sample.labels["node"] == node:
                gauge.remove(*sample.labels.values())

    def _gauge(self, name: str, text: str, labels: tuple[str, ...] = ()) -> Gauge:
        return Gauge(name, text, labels, registry=self.registry)
