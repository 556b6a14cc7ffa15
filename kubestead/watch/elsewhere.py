"""Whether an API server answers somewhere while the watcher's own way to the API is silent."""

from __future__ import annotations

import http.client
import ssl
import time
from collections.abc import Callable, Mapping

PORT = 6443
# Seconds a server has to answer, and between two rounds.
LIMIT = 2.0
EVERY = 5.0


class Elsewhere:
    """Asks every control plane itself: where one API server answers, another watcher may lead by it.

    Args:
        addresses: of the control planes, by name.
        answers: asks one address; see :func:`answers`.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        addresses: Mapping[str, str],
        answers: Callable[[str], bool] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._addresses, self._answers, self._clock = addresses, answers or _answers, clock
        self._asked: float | None = None
        self.found = ""

    def ask(self) -> str:
        """The first control plane whose API answers, empty where none does; asked every few seconds."""
        if self._asked is None or self._clock() - self._asked >= EVERY:
            self.found = next((name for name, address in self._addresses.items() if self._answers(address)), "")
            self._asked = self._clock()
        return self.found

    def forget(self) -> None:
        """The next question is asked at once."""
        self._asked = None


def _answers(address: str) -> bool:
    """Any answer below 500 counts; the certificate is not looked at, as nothing is believed of what it says."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = http.client.HTTPSConnection(address, PORT, timeout=LIMIT, context=context)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status < http.client.INTERNAL_SERVER_ERROR
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
