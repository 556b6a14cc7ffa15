"""Room on a full disk: only what the host can have again is let go; what is not ours is named, never touched."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from pyinfra import host
from pyinfra.api import FunctionCommand, operation
from pyinfra.api.host import Host

from kubestead.facts.filesystems import FileSystem, FileSystems
from kubestead.facts.node import ApiNode, Clock, NodeView
from kubestead.facts.service import Service, Services
from kubestead.operations.remedies.services import TIMEOUT_SECONDS, restart_script
from kubestead.operations.remedies.watch import CONTAINERD, KUBELET, until_ready
from kubestead.operations.steps import StepFailed, ask, attempt, told
from kubestead.render import render

# Where a node's own programs write.
PATHS = ("/", "/var", "/var/lib/kubelet", "/var/lib/containerd", "/var/log")
JOURNAL_MIB = 64
# Images go one by one, and a large file system takes a while to be searched.
FREEING_SECONDS = 300


@operation()
def free_disk(control_plane: Host, force: bool = False) -> Generator[FunctionCommand, None, None]:
    """Let go of apt's archives, old journals and unused images, and say what is left.

    A disk that is still full afterwards is a failure, with the ten largest things on it that are not ours.

    Args:
        control_plane: the host whose API is asked how the node is.
        force: do it even though there is room and the node is well.
    """
    systems = host.get_fact(FileSystems, paths=PATHS)
    kubelet = host.get_fact(Services, units=(KUBELET,)).get(KUBELET, Service())
    view: NodeView = control_plane.get_fact(ApiNode, node=host.name)
    short = [system for system in systems if system.short]
    if not short and view.well and kubelet.runs and not force:
        host.noop(f"there is room ({'; '.join(map(str, systems))}); --data force=true frees some all the same")
        return
    yield FunctionCommand(attempt(_free), (control_plane, short or systems, bool(short)), {})


def _free(host: Host, control_plane: Host, systems: Sequence[FileSystem], was_short: bool) -> None:
    left: dict[str, list[str]] = {}
    for system in systems:
        told(host, f"before: {system}")
        script = render("free-disk.sh.j2", mount=system.mount, journal_mib=JOURNAL_MIB, inodes=system.short_of_inodes)
        lines = ask(host, script, what=f"freeing {system.mount}", timeout=FREEING_SECONDS)
        left[system.mount] = _report(host, [line.split("\t") for line in lines])
    after = [system for system in host.get_fact(FileSystems, paths=PATHS) if system.mount in left]
    for system in after:
        told(host, f"after: {system}")
    full = [system for system in after if system.short]
    if full:
        mount = full[0].mount
        raise StepFailed(
            f"{host.name}: still full: {'; '.join(map(str, full))}; nothing else here is ours to delete; largest: "
            f"{', '.join(left[mount][:3]) or 'nothing that can be read'}; "
            f"next: on {host.name}: sudo du -xh --max-depth=3 {mount} | sort -h | tail -20"
        )
    _start_again(host, control_plane, was_short)


def _report(host: Host, rows: list[list[str]]) -> list[str]:
    """Say what was freed and what is left; returns the latter, the largest first."""
    left = []
    for row in rows:
        if row[0] == "freed" and len(row) == 4 and (int(row[2]) > 0 or int(row[3]) > 0):
            told(host, f"freed: {row[1]}: {row[2]} MiB, {row[3]} inodes")
        elif row[0] in ("largest", "most") and len(row) == 3:
            left.append(f"{row[2]} ({row[1]} {'MiB' if row[0] == 'largest' else 'files'})")
            told(host, f"left, not ours: {left[-1]}")
    return left


def _start_again(host: Host, control_plane: Host, was_short: bool) -> None:
    """Services that the full disk ended are started; then the node must come back.

    A kubelet that has seen the disk full would call that DiskPressure, and take no pods, for five minutes more
    (evictionPressureTransitionPeriod): it is started anew.
    """
    since = host.get_fact(Clock)
    for unit, service in host.get_fact(Services, units=(CONTAINERD, KUBELET)).items():
        if not service.runs or (was_short and unit == KUBELET):
            told(host, f"{unit} is {service}: {'started anew, so that it forgets' if service.runs else 'started'}")
            ask(host, restart_script(unit, service), what=f"starting {unit}", timeout=TIMEOUT_SECONDS)
    until_ready(host, control_plane, since=since)
