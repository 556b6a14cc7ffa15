"""The watcher's loop: see, decide, act; and know whether it may."""

from __future__ import annotations

import threading
import time

from kubestead.clock import now as epoch
from kubestead.recovery.policy import decide
from kubestead.recovery.settings import Settings
from kubestead.recovery.without_api import decide_without_api
from kubestead.recovery.world import Diagnose, World
from kubestead.watch.acting import Acting
from kubestead.watch.api import Unanswered, said
from kubestead.watch.books import Books
from kubestead.watch.leading import Leading
from kubestead.watch.note import Note, Told
from kubestead.watch.parts import Parts

TICK = 0.5
# A longer gap between two answers of the API (its Lease is renewed every 4 s) is a time nothing was seen.
BLIND = 10.0


class Watcher:
    """Runs until stopped.

    Args:
        parts: what it is made of.
        settings: the limits.
        dry_run: nothing is changed anywhere.
    """

    def __init__(self, parts: Parts, settings: Settings, dry_run: bool) -> None:
        self._parts, self._settings, self._dry_run = parts, settings, dry_run
        self._acting = Acting(
            parts.name, dry_run, parts.deploys, parts.remedying, parts.ledger, parts.jobs, parts.looks,
            parts.teller.tell, self._unwell_for,
        )  # fmt: skip
        self._leading, self._books = Leading(parts, dry_run), Books(parts)
        self._stop = threading.Event()
        self._silent = False
        self._answered = time.monotonic()
        self._world = World(())
        self.settled = False

    def stop(self) -> None:
        """End the loop; may be called from a signal handler."""
        self._stop.set()

    def run(self, once: bool = False) -> bool:
        """Watch until stopped, or ``once`` until every node is judged and nothing is at work; all nodes well?"""
        parts, begun = self._parts, time.monotonic()
        parts.teller.tell(Note(Told.STARTED, why=f"{parts.name}{', dry run' if self._dry_run else ''}"))
        parts.start()
        try:
            if self._dry_run:
                self._leading.read_history()
            while not self._stop.is_set():
                self.tick()
                judged = time.monotonic() - begun > self._settings.act_after + 2 * TICK and bool(self._world.nodes)
                if once and judged and self.settled and not parts.jobs.any():
                    break
                self._stop.wait(TICK)
        finally:
            self._stop.set()
            parts.end()
        return bool(self._world.nodes) and all(node.healthy(self._settings) for node in self._world.nodes)

    def tick(self) -> None:
        """One round."""
        self._hear()
        if self._silent:
            self._without_api()
            return
        leads = self._leading.check()
        self._check_leases()
        acts = leads or self._dry_run
        self._world = self._look(acts)
        self._count()
        if leads and not self._dry_run:
            self._books.keep(self._world)
        decisions = decide(self._world, self._parts.ledger.history, epoch(), self._settings)
        self.settled = not any(isinstance(one, Diagnose) for one in decisions)
        self._acting.carry_out(decisions, self._may_go_on)
        self._acting.forget(node.name for node in self._world.nodes if not acts or not node.suspect(self._settings))
        self._stand(leads)

    def _look(self, acts: bool) -> World:
        """What is known now; what only a decision needs is read only by who decides."""
        parts = self._parts
        if acts:
            parts.pause.read()
        if acts and any(node.control_plane and node.suspect(self._settings) for node in self._world.nodes):
            parts.etcd.read()
        return parts.view.world(parts.ledger.history, acts, parts.pause.now(), parts.etcd.now())

    def _may_go_on(self) -> bool:
        return not self._stop.is_set() and (self._dry_run or self._parts.election.leads())

    def _hear(self) -> None:
        """Notice when the API falls silent, and when it is back; nothing grew older meanwhile."""
        now, answered = time.monotonic(), self._parts.api.requests.answered
        if answered is not None and answered > self._answered:
            if answered - self._answered > BLIND:
                self._parts.seen.blind_for(answered - self._answered, self._settings.look_after)
            self._answered = answered
        silent = now - self._answered >= self._settings.api_silent_after
        if silent != self._silent:
            self._silent = silent
            self._parts.elsewhere.forget()
            self._parts.metrics.api_up.set(not silent)
            why = "only control planes are looked at until it is back" if silent else ""
            self._tell(Note(Told.API_SILENT if silent else Told.API_BACK, why=why, warning=silent, notify=True))

    def _without_api(self) -> None:
        """Only the watcher that led last acts, and only while no API answers by which another might lead."""
        elsewhere = self._parts.elsewhere
        self._leading.lost_in_silence()
        if not self._leading.led_last() or self._dry_run:
            return
        if found := elsewhere.ask():
            self._parts.trouble(f"the API answers on {found}, not here: it is another watcher's to act")
            return
        silent_for = time.monotonic() - self._answered
        history = self._parts.ledger.history
        decisions = decide_without_api(
            self._parts.view.planes(history), self._parts.pause.last(), history, epoch(), silent_for, self._settings
        )
        self._acting.carry_out(
            decisions,
            lambda: not self._stop.is_set() and self._leading.led_last(),
            alone=lambda: not elsewhere.found,
        )

    def _check_leases(self) -> None:
        """Before a lease counts as late, the API is asked itself, not only its stream."""
        settings = self._settings
        if self._parts.seen.unchecked((settings.look_after, settings.act_after, settings.confirm_after)):
            try:
                self._parts.leases.list_now()
            except Unanswered as error:
                self._parts.trouble(f"leases: {said(error)}")

    def _unwell_for(self, name: str) -> float:
        found = next((node for node in self._world.nodes if node.name == name), None)
        return found.unwell_for(self._settings) if found else 0

    def _stand(self, leads: bool) -> None:
        """For Prometheus: which nodes wait, and for whom. A watcher that does not lead knows of none."""
        handed = self._parts.ledger.history.handed if leads else {}
        self._parts.metrics.standing.held = self._acting.held
        self._parts.metrics.standing.handed = {node: one.cause for node, one in handed.items()}

    def _count(self) -> None:
        nodes, metrics = self._world.nodes, self._parts.metrics
        well = sum(node.healthy(self._settings) for node in nodes)
        for state, count in (("healthy", well), ("unwell", len(nodes) - well)):
            metrics.nodes.labels(state).set(count)
        metrics.oldest.set(max((node.lease_age for node in nodes if node.present), default=0))

    def _tell(self, note: Note) -> None:
        self._parts.teller.tell(note)
