"""Kernel settings that belong to the whole machine and that hosts change: remembered before, put back after.

Hosts share the machine's kernel. What is not part of a namespace is written through: the kubelet sets
``vm.overcommit_memory`` and the panic settings, systemd its sysctl.d, a deploy the inotify limits.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from kubestead.twin import state

_SYS = Path("/proc/sys")
SETTINGS = (
    *("fs/aio-max-nr", "fs/file-max", "fs/nr_open", "fs/inotify/max_user_instances", "fs/inotify/max_user_watches"),
    *("fs/protected_fifos", "fs/protected_hardlinks", "fs/protected_regular", "fs/protected_symlinks"),
    *("kernel/keys/maxkeys", "kernel/keys/maxbytes", "kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes"),
    *("kernel/core_pattern", "kernel/panic", "kernel/panic_on_oops", "kernel/pid_max", "kernel/sysrq"),
    *("kernel/threads-max", "kernel/timer_migration", "kernel/core_uses_pid"),
    *(f"net/ipv4/neigh/default/gc_thresh{number}" for number in (1, 2, 3)),
    *("vm/max_map_count", "vm/overcommit_memory", "vm/panic_on_oom", "vm/swappiness"),
)


# Each host may know every other, up to a hundred of them.
_NEIGHBOURS = {1: 50, 2: 100, 3: 200}


def remember(file: Path, root: Path = _SYS) -> None:
    """Write the settings' present values to ``file``, unless an earlier twin did already."""
    if not file.exists():
        found = {}
        for name in SETTINGS:
            with suppress(OSError):
                found[name] = (root / name).read_text().strip()
        state.write_json(file, found)


def restore(file: Path, root: Path = _SYS) -> list[str]:
    """Put back what differs from ``file``, remove it, and return the names put back."""
    changed = []
    for name, value in state.read_json(file).items():
        with suppress(OSError):
            if (root / name).read_text().strip() != value:
                (root / name).write_text(str(value))
                changed.append(name)
    file.unlink(missing_ok=True)
    return changed


def make_room(hosts: int, root: Path = _SYS) -> None:
    """Raise what hosts share as they share one kernel and one user, as far as it is less than they need.

    inotify instances, 128 by default, and the table of neighbours, 1024 entries for all namespaces together: once it is
    full, hosts cannot reach each other ("arp_cache: neighbor table overflow" in the kernel's log).
    """
    wanted = {"fs/inotify/max_user_instances": 40 * hosts}
    # Below the first nothing is forgotten, above the second it is within seconds, and the third is the end.
    wanted |= {f"net/ipv4/neigh/default/gc_thresh{number}": share * hosts for number, share in _NEIGHBOURS.items()}
    for name, value in wanted.items():
        with suppress(OSError):
            if int((root / name).read_text()) < value:
                (root / name).write_text(str(value))
