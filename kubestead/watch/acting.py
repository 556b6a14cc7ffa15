"""Carries decisions out: starts what is to be started, writes the history, tells."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from kubestead.clock import now as epoch
from kubestead.diagnose import Cause
from kubestead.recovery.attempts import Attempt, Handed, Outcome
from kubestead.recovery.world import Apply, Decision, Diagnose, HandOver, Hold, Recovered
from kubestead.watch.deploys import Deploys
from kubestead.watch.jobs import DIAGNOSES_AT_ONCE, NODES_PER_DIAGNOSIS, Jobs, Looks
from kubestead.watch.ledger import Ledger
from kubestead.watch.note import Note, Told, about
from kubestead.watch.remedying import Remedying

# Guards whose word a person should get as a message, not only in the log.
MESSAGES = ("storm",)


class Acting:
    """Does what was decided; every method returns at once.

    Args:
        name: this watcher's.
        dry_run: remedies are told, not run.
        unwell_for: how long a node has been unwell, in seconds.
        the others: what it uses.
    """

    def __init__(
        self,
        name: str,
        dry_run: bool,
        deploys: Deploys,
        remedying: Remedying,
        ledger: Ledger,
        jobs: Jobs,
        looks: Looks,
        tell: Callable[[Note], None],
        unwell_for: Callable[[str], float],
    ) -> None:
        self._name, self._dry_run = name, dry_run
        self._deploys, self._remedying, self._ledger = deploys, remedying, ledger
        self._jobs, self._looks, self._tell, self._unwell_for = jobs, looks, tell, unwell_for
        # What was told of a node last, while it is undecided: the same is not told again.
        self._last: dict[str, tuple[object, ...]] = {}

    def carry_out(
        self,
        decisions: Iterable[Decision],
        may_go_on: Callable[[], bool],
        alone: Callable[[], bool] | None = None,
    ) -> None:
        """Carry them out.

        Args:
            decisions: of one moment.
            may_go_on: whether this watcher still may act; asked again and again while something runs.
            alone: given while the API does not answer: whether no other control plane's does.
        """
        suspects = []
        for decision in decisions:
            if isinstance(decision, Diagnose):
                suspects.append(decision.node)
            elif isinstance(decision, Apply):
                self._apply(decision, may_go_on, alone)
            elif isinstance(decision, Hold):
                self._hold(decision)
            elif isinstance(decision, HandOver):
                self._hand_over(decision)
            elif isinstance(decision, Recovered):
                self._recovered(decision)
        while suspects and self._jobs.diagnoses() < DIAGNOSES_AT_ONCE:
            some, suspects = suspects[:NODES_PER_DIAGNOSIS], suspects[NODES_PER_DIAGNOSIS:]
            self._jobs.start(some, "diagnosing", None, partial(self._diagnose, some, may_go_on))

    def _diagnose(self, nodes: list[str], may_go_on: Callable[[], bool]) -> None:
        for diagnosis in self._deploys.diagnose(nodes, may_go_on).values():
            if self._looks.put(diagnosis) and diagnosis.cause is not Cause.HEALTHY:
                self._tell(about(Told.DIAGNOSED, diagnosis, seconds=self._unwell_for(diagnosis.node)))

    def _apply(self, apply: Apply, may_go_on: Callable[[], bool], alone: Callable[[], bool] | None) -> None:
        note = partial(about, diagnosis=apply.diagnosis, remedy=str(apply.remedy))
        unwell_for = self._unwell_for(apply.node)
        if self._dry_run:
            if self._new(apply.node, Told.WOULD_APPLY, apply.remedy, apply.diagnosis.cause):
                self._tell(note(Told.WOULD_APPLY, seconds=unwell_for))
            return
        self._last.pop(apply.node, None)
        cause = apply.diagnosis.cause.value
        attempt = Attempt(apply.node, apply.climb, cause, apply.remedy, epoch(), self._name)
        self._ledger.change(lambda history: history.began(attempt))
        self._tell(note(Told.APPLY, seconds=unwell_for))

        def work() -> None:
            verifying = partial(self._jobs.verifying, apply.node)
            try:
                if alone:
                    outcome, why = self._remedying.run_without_api(apply, may_go_on, alone)
                else:
                    outcome, why = self._remedying.run(apply, unwell_for, may_go_on, verifying)
            except Exception as error:  # noqa: BLE001 - whatever it was, the attempt has ended and has to be told
                outcome, why = Outcome.FAILED, repr(error)
            self._looks.forget(apply.node)
            took = epoch() - attempt.started
            recovered = outcome is Outcome.RECOVERED
            if outcome is not Outcome.INTERRUPTED or may_go_on():
                self._ledger.change(lambda history: history.ended(apply.node, outcome, epoch(), why))
            self._tell(
                note(Told.ENDED, outcome=str(outcome), seconds=took, why=why, warning=not recovered, notify=recovered)
            )
            if recovered:
                self._tell(Note(Told.RECOVERED, apply.node, cause=cause, remedy=str(apply.remedy), seconds=took))

        self._jobs.start([apply.node], "applying", apply.remedy, work)

    def _hold(self, hold: Hold) -> None:
        if not self._new(hold.node, Told.HOLD, hold.guard, hold.remedy):
            return
        message = hold.guard in MESSAGES
        self._tell(
            Note(
                Told.HOLD,
                hold.node,
                cause=hold.diagnosis.cause.value if hold.diagnosis else "",
                evidence=hold.diagnosis.evidence if hold.diagnosis else (),
                remedy=str(hold.remedy or ""),
                guard=hold.guard,
                why=hold.why,
                warning=message,
                notify=message,
            )
        )

    def _hand_over(self, decision: HandOver) -> None:
        diagnosis, node = decision.diagnosis, decision.node
        cause = diagnosis.cause.value if diagnosis else ""
        self._last.pop(node, None)
        again = self._ledger.history.is_handed(node, cause, decision.why)
        self._ledger.change(lambda history: history.handed_over(node, Handed(epoch(), cause, decision.why)))
        if diagnosis:
            seconds = self._unwell_for(node)
            note = about(Told.HAND_OVER, diagnosis, seconds=seconds, why=decision.why, advice=diagnosis.advice)
        else:
            note = Note(Told.HAND_OVER, node, why=decision.why)
        self._tell(Note(**{**vars(note), "warning": True, "notify": not again}))

    def _recovered(self, decision: Recovered) -> None:
        handed = self._ledger.history.handed.get(decision.node)
        self._ledger.change(lambda history: history.recovered(decision.node))
        cause = handed.cause if handed else ""
        self._tell(Note(Told.RECOVERED, decision.node, cause=cause, why="it is well again", notify=handed is not None))
        self._last.pop(decision.node, None)

    def _new(self, node: str, *what: object) -> bool:
        """Whether this was not the last thing told of the node."""
        if self._last.get(node) == what:
            return False
        self._last[node] = what
        return True

    @property
    def held(self) -> dict[str, str]:
        """The guard that holds a remedy back, by node; a new look at the node meanwhile does not lift it."""
        return {node: str(what[1]) for node, what in self._last.items() if what[0] is Told.HOLD}

    def forget(self, nodes: Iterable[str]) -> None:
        """These are well, or another watcher's: what held them is over."""
        for node in nodes:
            self._last.pop(node, None)
