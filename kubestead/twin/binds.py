"""What of the machine its hosts see, read-only: kernel modules and configuration, and a swap list of their own."""

from __future__ import annotations

import os
from pathlib import Path

from kubestead.twin import modules

_NO_SWAP = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"


def of_machine(state: Path) -> dict[str, str]:
    """The read-only binds of every host: path inside -> path on the machine.

    Args:
        state: the twin's folder; files made for the hosts go there.
    """
    result = {"/usr/lib/modules": str(modules.ensure(state / "modules"))}
    config = Path("/boot") / f"config-{os.uname().release}"
    if config.is_file():
        # kubeadm's SystemVerification reads it where the kernel has no /proc/config.gz.
        result[str(config)] = str(config)
    if len(Path("/proc/swaps").read_text().splitlines()) > 1:
        swaps = state / "swaps"
        swaps.write_text(_NO_SWAP)
        result["/proc/swaps"] = str(swaps)
    return result
