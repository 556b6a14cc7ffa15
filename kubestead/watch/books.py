"""What the leader keeps in order: which nodes were ever well, and what a remedy left on one that is well again."""

from __future__ import annotations

from kubestead.diagnose import Remedy
from kubestead.recovery.history import History
from kubestead.recovery.world import World
from kubestead.watch.nodes import take_back, uncordon
from kubestead.watch.note import Note, Told
from kubestead.watch.parts import Parts
from kubestead.watch.seen import SeenNode


class Books:
    """Kept by the leader in every round.

    Args:
        parts: the watcher's.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def keep(self, world: World) -> None:
        """Write down nodes that are well for the first time, and tidy up after remedies on nodes that are well."""
        parts = self._parts
        well = frozenset(node.name for node in world.nodes if node.managed and node.healthy_for)
        present = frozenset(node.name for node in world.nodes if node.present)
        apart = frozenset(node.name for node in world.nodes if node.present and (node.cordoned or node.paused))
        parts.ledger.change(lambda history: history.seen(well, present, apart))
        parts.ledger.save()
        history = parts.ledger.history
        parts.seen.expect(history.nodes & parts.inventory.names, history.apart)
        for node, _ in parts.seen.nodes():
            if node.name in well and not parts.jobs.busy(node.name):
                self._tidy(node, history)

    def _tidy(self, node: SeenNode, history: History) -> None:
        """Take back the taint and the cordon of a remedy of a watcher's; those of a person stay."""
        parts = self._parts
        if node.name in history.tainted and (not node.out_of_service or take_back(parts.api, node.name)):
            parts.ledger.change(lambda history: history.taken_back(node.name))
            if node.out_of_service:
                self._told(node.name, Remedy.OUT_OF_SERVICE, "the taint is taken back")
        # Whatever was tried after it: the mark says whose it is, and nobody is at work here.
        cordoned = history.marked(node.name, node.cordoned_for)
        if cordoned and uncordon(parts.api, node.name):
            self._told(node.name, cordoned.remedy, "its cordon is lifted")

    def _told(self, node: str, remedy: Remedy, why: str) -> None:
        self._parts.teller.tell(Note(Told.RECOVERED, node, remedy=str(remedy), why=why))
