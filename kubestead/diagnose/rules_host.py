"""The host itself: can it be reached, and has it disk, memory, process numbers, the right time, and no swap?"""

from __future__ import annotations

from collections.abc import Iterator

from kubestead.diagnose.cause import Cause
from kubestead.diagnose.finding import Finding, heard, shortened, size
from kubestead.diagnose.kubelet_config import config_of, threshold
from kubestead.diagnose.model import Neighbour, Seen
from kubestead.diagnose.remedy import Remedy
from kubestead.diagnose.report import Disk

MEBIBYTE = 1024**2
# As preflight: what etcd's elections and the lease's age can bear.
CLOCK_TOLERANCE_SECONDS = 2.0
# What free_disk knows how to clean lies below these.
CLEANED = ("/", "/var", "/var/log", "/var/lib", "/var/lib/kubelet", "/var/lib/containerd")


def reach(seen: Seen) -> Iterator[Finding]:
    """Hosts that SSH cannot reach."""
    if seen.reach.ssh is not False or seen.report is not None:
        return
    if seen.reach.refused:
        reason, fix = seen.reach.refused
        # It lives, whatever it is by now: its power is not ours to cut.
        yield Finding(Cause.HOST_UNREACHABLE, f"SSH answers, but {reason}", rungs=(), advice=fix)
        return
    if seen.reach.power == "off":
        yield Finding(Cause.HOST_OFF, "its power is off, says the site's own power command; SSH does not answer")
        return
    told = [text for neighbour in seen.reach.neighbours if (text := _from(neighbour))]
    power = "its power is on; " if seen.reach.power == "on" else ""
    text = "; ".join([f"{power}SSH does not answer", *told])
    if heard(seen):
        # Only the way in is broken: the node works, and is left alone.
        yield Finding(
            Cause.HOST_UNREACHABLE,
            f"{text}; but its kubelet does its work: the API says Ready, its lease is fresh",
            rungs=(),
            advice=f"ssh -v {seen.node}; at its console: systemctl status ssh",
        )
    elif not seen.api.answers or any(neighbour.ssh == "answers" for neighbour in seen.reach.neighbours):
        # It may be well, or its SSH server lives and refuses this one: no reason to cut its power.
        yield Finding(Cause.HOST_UNREACHABLE, text, rungs=(), advice=f"ssh -v {seen.node}")
    else:
        yield Finding(Cause.HOST_UNREACHABLE, text)


def _from(neighbour: Neighbour) -> str:
    words = {True: "answers its ping", False: "does not answer its ping"}
    told = [words[neighbour.ping]] if neighbour.ping is not None else []
    ports = [
        f"{name} port {state}" for name, state in (("SSH", neighbour.ssh), ("kubelet", neighbour.kubelet)) if state
    ]
    return f"seen from {neighbour.name} it {', '.join([*told, *ports])}" if told or ports else ""


def disks(seen: Seen) -> Iterator[Finding]:
    """File systems that are read-only, full, or out of inodes."""
    report = seen.report
    by_target: dict[str, list[Disk]] = {}
    for disk in report.disks if report else ():
        by_target.setdefault(disk.target, []).append(disk)
    found = [finding for target, some in by_target.items() for finding in _of_file_system(seen, target, some)]
    yield from found
    pressure = seen.api.pressures.get("DiskPressure")
    if not pressure or found:
        return
    text = f"the kubelet reports DiskPressure ({shortened(pressure.message)})"
    if by_target:
        text += ", though there is room now: it goes on saying so for five minutes"
        yield Finding(Cause.DISK_FULL, text, rungs=(), advice="wait five minutes, then look again", mild=True)
    else:
        yield Finding(Cause.DISK_FULL, text, mild=not heard(seen))


def _of_file_system(seen: Seen, target: str, some: list[Disk]) -> Iterator[Finding]:
    disk = some[0]
    if any(one.read_only for one in some):
        yield Finding(Cause.DISK_READ_ONLY, f"{target} is mounted read-only")
    signals = {"/var/lib/kubelet": "nodefs", "/var/lib/containerd": "imagefs"}
    kinds = {signals[one.path] for one in some if one.path in signals}
    rungs = None if any(one.path in CLEANED for one in some) else ()
    if disk.size and disk.free is not None:
        limits = [threshold(config_of(seen), f"{kind}.available", disk.size) for kind in kinds]
        limit = max([min(64 * MEBIBYTE, disk.size // 50), *limits])
        if disk.free < limit:
            text = f"{target} is full: {size(disk.free)} of {size(disk.size)} free"
            yield Finding(Cause.DISK_FULL, _evicts(text, kinds, limit, size(limit)), rungs)
    if disk.inodes and disk.inodes_free is not None:
        limits = [threshold(config_of(seen), f"{kind}.inodesFree", disk.inodes) for kind in kinds]
        limit = max([min(256, disk.inodes // 50), *limits])
        if disk.inodes_free < limit:
            text = f"{target} has {disk.inodes_free} of {disk.inodes} inodes free"
            yield Finding(Cause.INODES_EXHAUSTED, _evicts(text, kinds, limit, str(limit)), rungs)


def _evicts(text: str, kinds: set[str], limit: int, told: str) -> str:
    return f"{text}; below {told} the kubelet evicts pods" if kinds else text


def memory_and_processes(seen: Seen) -> Iterator[Finding]:
    """Memory and process numbers, as the kubelet reports them and as the host has them now."""
    report = seen.report
    # A kubelet that was not heard of lately said so in the past.
    for kind, cause in (("MemoryPressure", Cause.MEMORY_PRESSURE), ("PIDPressure", Cause.PID_PRESSURE)):
        if pressure := seen.api.pressures.get(kind):
            text = f"the kubelet reports {kind} ({shortened(pressure.message)})"
            yield Finding(cause, text, mild=not heard(seen))
    if report is None:
        return
    total, free = report.memory_total, report.memory_available
    if total and free is not None and free < threshold(config_of(seen), "memory.available", total):
        yield Finding(Cause.MEMORY_PRESSURE, f"{size(free)} of {size(total)} memory are available")
    for used, limit, of in ((report.tasks, report.tasks_max, "kernel"), (report.pids, report.pids_max, "host")):
        if used is not None and limit and used > 0.95 * limit:
            yield Finding(Cause.PID_PRESSURE, f"{used} of the {limit} processes and threads the {of} may have run")


def clock(seen: Seen) -> Iterator[Finding]:
    """The clock against the other hosts', against its time sources, and in what the kubelet wrote."""
    offset = seen.report.clock_offset if seen.report else None
    for seconds, against in ((seen.clock_skew, "the other hosts'"), (offset, "its time sources', says chrony")):
        if seconds is not None and abs(seconds) > CLOCK_TOLERANCE_SECONDS:
            way = "ahead of" if seconds > 0 else "behind"
            yield Finding(Cause.CLOCK_SKEWED, f"its clock is {abs(seconds):.1f} s {way} {against}")
    asked, renewed = seen.api.asked, seen.api.lease_renewed
    # With a clock that was found right it is the asking control plane's that is behind.
    right = seen.clock_skew is not None and abs(seen.clock_skew) <= CLOCK_TOLERANCE_SECONDS
    if not right and asked is not None and renewed is not None and renewed - asked > CLOCK_TOLERANCE_SECONDS:
        yield Finding(Cause.CLOCK_SKEWED, f"its kubelet dates its lease {renewed - asked:.0f} s into the future")


def swap(seen: Seen) -> Iterator[Finding]:
    """Swap, where the kubelet does not allow it."""
    if seen.report and seen.report.swaps and config_of(seen).get("failSwapOn") is not False:
        text = f"swap is on ({', '.join(seen.report.swaps)}); a kubelet does not start with it"
        yield Finding(Cause.SWAP_ON, text, (Remedy.RESTORE_NODE,))
