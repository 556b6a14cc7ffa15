"""One remedy on one node, from its start until it is known whether the node came back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from kubestead.diagnose import Remedy
from kubestead.recovery.attempts import Outcome
from kubestead.recovery.settings import VERIFY_LIMIT, Settings
from kubestead.recovery.verify import missing
from kubestead.recovery.world import Apply
from kubestead.watch.api import PODS, Api, Unanswered
from kubestead.watch.deploys import Deploys
from kubestead.watch.nodes import let_go
from kubestead.watch.note import Note, Told
from kubestead.watch.seen import SeenNodes
from kubestead.watch.subprocesses import Ended

PODS_EVERY = 5.0
BETWEEN_LOOKS = 0.5
# For a node that cannot be seen because the API itself was away.
API_BACK_LIMIT = 180.0
# A shell's codes for a program that cannot be run, or is not there: it may be just being replaced.
NOT_STARTED = (126, 127)
UNTOUCHED = Outcome.INTERRUPTED, "nothing was done: the node is well by itself, or this watcher may not act any more"


class Remedying:
    """Runs a remedy, then watches the node through the API.

    Args:
        api, seen: the cluster.
        deploys: what runs the remedy.
        settings: the limits.
        tell: told when the node is Ready again; the outcome is the caller's to tell.
    """

    def __init__(
        self, api: Api, seen: SeenNodes, deploys: Deploys, settings: Settings, tell: Callable[[Note], None]
    ) -> None:
        self._api, self._seen, self._deploys, self._settings, self._tell = api, seen, deploys, settings, tell
        self._pause = threading.Event()

    def run(
        self, apply: Apply, unwell_for: float, may_go_on: Callable[[], bool], verifying: Callable[[], None]
    ) -> tuple[Outcome, str]:
        """The outcome, and what is missing where it is not a recovery.

        Args:
            apply: the decision.
            unwell_for: how long the node had been unwell when it was taken.
            may_go_on: False ends everything at once.
            verifying: called when the remedy has ended and the node is watched.
        """
        last_well = time.monotonic() - unwell_for
        before = self._seen.node(apply.node)
        # Since the decision the history was written, which takes long where the API is slow.
        if not may_go_on() or self._is_well(apply.node):
            return UNTOUCHED
        if apply.remedy is Remedy.OUT_OF_SERVICE:
            power = self._deploys.power(apply.node)
            # Asked again: a management controller takes its time, and the taint cannot be taken back from the pods.
            return let_go(self._api, apply.node, power) if may_go_on() and not self._is_well(apply.node) else UNTOUCHED
        ended = self._deploys.apply(apply.node, apply.remedy, may_go_on)
        if not ended.well:
            return _not_well(ended, may_go_on())
        verifying()
        return self._verify(apply, before[0].boot_id if before else "", last_well, may_go_on)

    def run_without_api(
        self, apply: Apply, may_go_on: Callable[[], bool], alone: Callable[[], bool]
    ) -> tuple[Outcome, str]:
        """Restart a service of a control plane; the outcome is whether the API answers.

        Args:
            apply: the decision.
            may_go_on: False ends everything at once.
            alone: False ends the deploy: an API answers by which another watcher may lead.
        """
        asked = time.monotonic()
        if not (may_go_on() and alone()):
            return UNTOUCHED
        # The deploy watches the node through the API and fails without one: its exit code tells nothing here.
        self._deploys.apply(apply.node, apply.remedy, lambda: may_go_on() and alone())
        while time.monotonic() < asked + API_BACK_LIMIT:
            if (self._api.requests.answered or 0) > asked:
                return Outcome.RECOVERED, ""
            if not may_go_on():
                return Outcome.INTERRUPTED, "another watcher leads"
            self._pause.wait(BETWEEN_LOOKS)
        return Outcome.FAILED, "the API does not answer"

    def _verify(
        self, apply: Apply, boot_before: str, last_well: float, may_go_on: Callable[[], bool]
    ) -> tuple[Outcome, str]:
        end = time.monotonic() + VERIFY_LIMIT[apply.remedy]
        well_since: float | None = None
        asked, pods, lacks, told = 0.0, None, ["nothing seen yet"], False
        while time.monotonic() < end:
            if not may_go_on():
                return Outcome.INTERRUPTED, "this watcher may not act any more"
            node, _ = self._seen.node(apply.node) or (None, 0.0)
            healthy = self._is_well(apply.node)
            now = time.monotonic()
            well_since = (well_since or now) if healthy else None
            if healthy and not told:
                told = True
                self._tell(Note(Told.BACK, apply.node, remedy=str(apply.remedy), seconds=now - last_well))
            if healthy and now - asked >= PODS_EVERY:
                asked, pods = now, self._pods(apply.node)
            lacks = missing(apply.remedy, boot_before, node.boot_id if node else "", healthy, pods)
            if well_since and now - well_since >= self._settings.stable and not lacks:
                return Outcome.RECOVERED, ""
            self._pause.wait(BETWEEN_LOOKS)
        return Outcome.FAILED, "missing: " + ", ".join(lacks or ["Ready for a while"])

    def _is_well(self, name: str) -> bool:
        """Ready, and its lease under 15 s old."""
        node, lease_age = self._seen.node(name) or (None, 0.0)
        return node is not None and node.present and node.ready and lease_age < self._settings.act_after

    def _pods(self, node: str) -> Sequence[dict[str, Any]] | None:
        try:
            found = self._api.get(PODS, fieldSelector=f"spec.nodeName={node}")
        except Unanswered:
            return None
        items: list[dict[str, Any]] = found["items"]
        return items


def _not_well(ended: Ended, may_go_on: bool) -> tuple[Outcome, str]:
    if ended.over_limit:
        return Outcome.TIME_LIMIT, f"killed after {ended.seconds:.0f} s"
    if ended.code is None or not may_go_on:
        return Outcome.INTERRUPTED, "this watcher may not act any more"
    if ended.code in NOT_STARTED:
        return Outcome.INTERRUPTED, f"the remedy's program could not be started: exit {ended.code}"
    return Outcome.FAILED, f"exit {ended.code}: {_last_line(ended.last)}"


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it said nothing"
