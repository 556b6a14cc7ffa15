"""Runs on a host of the twin, in a pod's network: tries another pod and a service all the time, and counts.

python3 inpod.py RESULT POD SERVICE HTTP-PORT UDP-PORT SERVICE-PORT    until SIGTERM; then RESULT is written, as JSON.

Only the standard library: it is copied to the host.
"""

from __future__ import annotations

import http.client
import json
import signal
import socket
import sys
import threading
import time
from itertools import pairwise
from pathlib import Path

UDP_SECONDS, TCP_SECONDS = 0.05, 0.1
# Past this it was lost: TCP itself would try again after a second.
LOST_SECONDS = 0.9
KEPT_SECONDS = 10.0


class Series:
    """Attempts of one kind, each with when it began and whether it was answered."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.began: dict[int, float] = {}
        self.answered: set[int] = set()

    def begin(self) -> int:
        with self.lock:
            number = len(self.began)
            self.began[number] = time.monotonic()
            return number

    def end(self, number: int) -> None:
        with self.lock:
            if time.monotonic() - self.began.get(number, 0.0) <= LOST_SECONDS:
                self.answered.add(number)

    def summary(self, origin: float) -> dict[str, object]:
        with self.lock:
            last = time.monotonic() - LOST_SECONDS
            settled = {number: began for number, began in self.began.items() if began < last}
            lost = [settled[number] for number in sorted(settled) if number not in self.answered]
            well = sorted(settled[number] for number in settled if number in self.answered)
        gaps = [(then - now, now) for now, then in pairwise(well)]
        longest = max(gaps, default=(0.0, 0.0))
        return {
            "sent": len(settled),
            "lost": len(lost),
            "longest_gap_seconds": round(longest[0], 2),
            "first_loss": round(lost[0] - origin, 1) if lost else None,
            "last_loss": round(lost[-1] - origin, 1) if lost else None,
        }


def udp(series: Series, address: str, port: int, stop: threading.Event) -> None:
    """A datagram every 50 ms, and its echo."""
    end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    end.settimeout(0.2)

    def listen() -> None:
        while not stop.is_set():
            try:
                series.end(int(end.recv(100)))
            except (OSError, ValueError):
                continue

    threading.Thread(target=listen, daemon=True).start()
    while not stop.wait(UDP_SECONDS):
        number = series.begin()
        try:
            end.sendto(b"echo %d" % number, (address, port))
        except OSError:
            continue


def connections(series: Series, address: str, port: int, stop: threading.Event) -> None:
    """A new connection every 100 ms."""

    def one(number: int) -> None:
        try:
            socket.create_connection((address, port), LOST_SECONDS).close()
        except OSError:
            return
        series.end(number)

    while not stop.wait(TCP_SECONDS):
        threading.Thread(target=one, args=(series.begin(),), daemon=True).start()


def kept(result: dict[str, object], address: str, port: int, stop: threading.Event) -> None:
    """One connection that asks every 100 ms; made anew when it breaks, or says nothing for ten seconds."""
    asked = breaks = 0
    why: list[str] = []
    longest = 0.0
    connection = None
    origin = time.monotonic()
    while not stop.wait(TCP_SECONDS):
        began = time.monotonic()
        try:
            connection = connection or http.client.HTTPConnection(address, port, timeout=KEPT_SECONDS)
            connection.request("GET", "/hostname")
            connection.getresponse().read()
            asked += 1
            longest = max(longest, time.monotonic() - began)
        except (OSError, http.client.HTTPException) as error:
            breaks += 1
            why.append(f"{began - origin:.1f} s: {error!r}")
            connection = None
        result.update(answers=asked, breaks=breaks, why=why, longest_wait_seconds=round(longest, 2))


def main() -> None:
    """Try until told to stop."""
    result, pod, service, http_port, udp_port, service_port = sys.argv[1:]
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    began = time.monotonic()
    series = {"udp to a pod": Series(), "connections to a pod": Series(), "connections to a service": Series()}
    one: dict[str, object] = {}
    jobs = (
        (udp, series["udp to a pod"], pod, int(udp_port)),
        (connections, series["connections to a pod"], pod, int(http_port)),
        (connections, series["connections to a service"], service, int(service_port)),
        (kept, one, service, int(service_port)),
    )
    for job, *arguments in jobs:
        threading.Thread(target=job, args=(*arguments, stop), daemon=True).start()
    while not stop.wait(1):
        pass
    time.sleep(LOST_SECONDS)  # what is under way may be answered yet
    told: dict[str, object] = {name: one_series.summary(began) for name, one_series in series.items()}
    told["one connection through the service"] = one
    told["seconds"] = round(time.monotonic() - began, 1)
    Path(result).write_text(json.dumps(told))


if __name__ == "__main__":
    main()
