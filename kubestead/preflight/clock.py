"""Do the hosts' clocks agree? etcd's leases and every certificate's validity rest on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kubestead.errors import Finding
from kubestead.preflight.findings import finding, unknown
from kubestead.preflight.survey import ClockOffset, Host, Survey

TOLERANCE = 2.0
FIX = "turn its time synchronisation on ('timedatectl set-ntp true', or chrony) and look with 'timedatectl'"


def check_clocks(survey: Survey) -> Iterator[Finding]:
    """A clock is refused when it is certainly more than ``TOLERANCE`` seconds off the others'.

    How far a clock is off is known only to within the time its host took to answer (see :class:`ClockOffset`); hosts
    that took so long that nothing can be said are told as a warning.
    """
    clocks = [(host, host.clock) for host in survey.hosts if host.clock is not None]
    for host in survey.hosts:
        if host.clock is None:
            yield unknown(host, "clock", "try 'date' on it")
    if len(survey.hosts) < 2 or not clocks:
        return
    reference_host, reference = _reference(clocks)
    for host, clock in clocks:
        if host is reference_host:
            continue
        low, high = clock.low - reference.high, clock.high - reference.low
        if low > TOLERANCE or high < -TOLERANCE:
            middle = (low + high) / 2
            value = f"{abs(middle):.1f} s {'ahead of' if middle > 0 else 'behind'} {reference_host.name}"
            yield finding(host, "clock", value, f"is more than {TOLERANCE:g} s off", FIX)
        elif high - low > 2 * TOLERANCE:
            reason = f"the hosts took {high - low:.1f} s to answer, too long to compare their clocks"
            yield finding(host, "clock", None, reason, "run again when they are less busy", severity="warning")


def _reference(clocks: Sequence[tuple[Host, ClockOffset]]) -> tuple[Host, ClockOffset]:
    """The clock in the middle; of two in the middle the one nearer to the controller's, the only other witness."""
    ordered = sorted(clocks, key=lambda pair: pair[1].middle)
    middle = ordered[(len(ordered) - 1) // 2 : len(ordered) // 2 + 1]
    return min(middle, key=lambda pair: abs(pair[1].middle))
