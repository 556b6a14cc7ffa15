"""Whether this watcher may act, and what it has to know before it does."""

from __future__ import annotations

from kubestead.clock import now as epoch
from kubestead.recovery.attempts import Outcome
from kubestead.recovery.history import History
from kubestead.watch.api import Unanswered, said
from kubestead.watch.note import Note, Told
from kubestead.watch.parts import Parts


class Leading:
    """Follows the election; a watcher that begins to lead takes over what the others wrote first.

    Args:
        parts: the watcher's.
        dry_run: it never leads.
    """

    def __init__(self, parts: Parts, dry_run: bool) -> None:
        self._parts, self._dry_run = parts, dry_run
        self._leads = False
        # The Lease's term this watcher led in last: in a later one somebody else may have led, and written.
        self._term: int | None = None
        self._told: bool | None = None

    def check(self) -> bool:
        """Whether this watcher leads, with the history of those before."""
        parts, leads = self._parts, self._parts.election.leads()
        others = parts.election.holder not in ("", parts.name)
        if leads and not self._leads and not self._take_over():
            return False
        # A Lease that could not be renewed in time is nobody else's yet, and not worth a line.
        if (leads or others) and leads != self._told and not self._dry_run:
            why = "" if leads else f"{parts.election.holder} leads"
            parts.teller.tell(Note(Told.LEADS if leads else Told.FOLLOWS, why=why))
            self._told = leads
        self._leads = leads
        parts.metrics.leader.set(leads)
        return leads

    def lost_in_silence(self) -> None:
        """While the API is silent nobody checks: who could not renew the Lease has to take over anew."""
        self._leads = self._leads and self._parts.election.leads()

    def led_last(self) -> bool:
        """The last holder of the Lease that was seen is this watcher."""
        return self._parts.election.holder == self._parts.name

    def read_history(self) -> None:
        """For a dry run, which never takes over."""
        try:
            self._parts.ledger.load()
        except Unanswered as error:
            self._parts.trouble(f"history: {said(error)}")

    def _take_over(self) -> bool:
        """Read what others did, write what could not be written meanwhile; False: the API did not answer."""
        parts = self._parts
        try:
            if parts.election.term != self._term:
                parts.ledger.load()
        except Unanswered:
            return False
        parts.pause.forget()
        parts.ledger.save()
        self._term = parts.election.term
        busy = parts.jobs.nodes()
        for note in interrupted(parts.ledger.history, busy):
            parts.teller.tell(note)
        parts.ledger.change(lambda history: history.interrupted(epoch(), busy))
        return True


def interrupted(history: History, busy: frozenset[str]) -> list[Note]:
    """What a watcher left half done; nodes that are worked on now are left out."""
    return [
        Note(
            Told.INTERRUPTED,
            one.node,
            cause=one.cause,
            remedy=str(one.remedy),
            why=f"{one.watcher} stopped in the middle; the node is looked at anew",
            warning=True,
        )
        for one in history.attempts
        if one.outcome is Outcome.RUNNING and one.node not in busy
    ]
