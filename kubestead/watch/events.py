"""What is told of a node as a Kubernetes Event on it: ``kubectl describe node`` shows them."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from kubestead.watch.api import Api, Unanswered, namespaced
from kubestead.watch.note import Note, Told

# Events of nodes live here: a Node has no namespace.
NAMESPACE = "default"
COMPONENT = "kubestead-watch"
REASONS = {
    Told.DIAGNOSED: "RecoveryDiagnosed",
    Told.APPLY: "RecoveryStarted",
    Told.BACK: "RecoveryNodeBack",
    Told.ENDED: "RecoveryEnded",
    Told.INTERRUPTED: "RecoveryInterrupted",
    Told.HOLD: "RecoveryHeld",
    Told.HAND_OVER: "RecoveryHandedOver",
    Told.RECOVERED: "RecoveryDone",
}


class Events:
    """Writes events; one that cannot be written is lost, as the API is away then and the audit has it."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def write(self, note: Note) -> None:
        """One event, for what concerns a node."""
        if not note.node or note.decision not in REASONS:
            return
        try:
            self._api.post(namespaced(NAMESPACE, "events"), body(note))
        except Unanswered:
            return


def body(note: Note) -> dict[str, Any]:
    """The Event of a note; for nodes the kubelet writes the name as uid, and kubectl looks for that."""
    now = datetime.now(timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z")
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"generateName": f"{note.node}.", "namespace": NAMESPACE},
        "involvedObject": {"kind": "Node", "name": note.node, "uid": note.node, "apiVersion": "v1"},
        "reason": REASONS[note.decision],
        "message": note.line()[:1024],
        "type": "Warning" if note.warning else "Normal",
        "source": {"component": COMPONENT},
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
    }
