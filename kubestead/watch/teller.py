"""Tells everybody: audit and terminal at once, the cluster's events and notifications from a thread of their own."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from datetime import datetime

from kubestead.errors import KubesteadError
from kubestead.watch.audit import Audit
from kubestead.watch.events import Events
from kubestead.watch.metrics import Metrics
from kubestead.watch.note import Note, Told

# Seconds a watcher that ends waits for what is still to be sent.
DRAIN = 10


class Teller:
    """Passes every note on.

    Args:
        audit, metrics: written at once.
        events: None where nothing may be written to the cluster.
        notify: sends one text with its title; see :func:`notifier`.
        echo: prints a line.
    """

    def __init__(
        self,
        audit: Audit,
        metrics: Metrics,
        events: Events | None,
        notify: Callable[[str, str], None],
        echo: Callable[[str], None],
    ) -> None:
        self._audit, self._metrics, self._events, self._notify, self._echo = audit, metrics, events, notify, echo
        self._troubles: set[str] = set()
        self._slow: queue.Queue[Note | None] = queue.Queue()
        self._thread = threading.Thread(target=self._send, name="teller", daemon=True)
        self._thread.start()

    def tell(self, note: Note) -> None:
        """Tell it; returns at once."""
        try:
            self._audit.write(note)
        except OSError as error:  # a full disk must not end who repairs
            self._echo(f"the audit could not be written: {error}")
        self._metrics.write(note)
        self._echo(f"{datetime.now().astimezone():%H:%M:%S} {note.line()}")
        self._slow.put(note)

    def close(self) -> None:
        """Send what is left, for some seconds."""
        self._slow.put(None)
        self._thread.join(DRAIN)

    def _send(self) -> None:
        while note := self._slow.get():
            try:
                if self._events:
                    self._events.write(note)
                if note.notify:
                    self._notify(f"kubestead: {note.node or 'watcher'}: {note.decision}", note.line())
            except Exception as error:  # noqa: BLE001 - whatever it was, what comes after it is to be sent
                self._trouble(f"a notification or event: {type(error).__name__}")

    def _trouble(self, why: str) -> None:
        """Tell, of each kind once, that telling does not work."""
        if why not in self._troubles:
            self._troubles.add(why)
            self.tell(Note(Told.TROUBLE, why=why, warning=True))


def notifier(urls: Sequence[str], failed: Callable[[str], None]) -> Callable[[str, str], None]:
    """A function that sends to every Apprise URL; without URLs it does nothing and Apprise is not even loaded.

    Raises:
        KubesteadError: a URL Apprise does not understand. The URL is not repeated: it may hold a password.
    """
    if not urls:
        return lambda title, text: None
    from apprise import Apprise  # noqa: PLC0415 - 20 MiB that a watcher without notifications need not hold

    service = Apprise()
    for number, url in enumerate(urls, 1):
        if not service.add(url):
            raise KubesteadError(f"--notify number {number}: is not a URL Apprise knows; see its wiki for the form")

    def send(title: str, text: str) -> None:
        if not service.notify(title=title, body=text):
            failed(f"a notification could not be sent: {title}")

    return send
