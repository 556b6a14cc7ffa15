"""Where the twin's mirror comes from, and waiting until it is served."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import cast

from kubestead.errors import KubesteadError
from kubestead.twin import network, plan
from kubestead.twin.mirror import FILES_PORT, REGISTRY_PORT
from kubestead.twin.plan import GATEWAY
from kubestead.twin.process import progress

_SERVE_SECONDS = 60


def mirror(source: str, light: bool = False) -> Path:
    """The folder of a mirror filled from ``upstream`` or ``gomod``; ``auto`` chooses, and says which and why.

    A ``light`` twin's has stand-ins in place of what is simulated there.
    """
    # The mirror's dependencies are not needed by a twin without one.
    from kubestead import mirror as builder  # noqa: PLC0415

    chosen: builder.Source
    if source == "auto":
        chosen, reason = builder.choose_source()
        progress(f"source: {chosen}, because {reason}")
    else:
        chosen = cast(builder.Source, source)
        progress(f"source: {chosen}, as asked")
    built = builder.build(chosen)
    if not light:
        return built
    from kubestead.twin.light.mirror import ensure  # noqa: PLC0415  (as above)

    return ensure(built)


def wait_served(name: str, deadline: float = _SERVE_SECONDS) -> None:
    """Wait until the mirror's two ports accept connections inside the twin's network.

    Raises:
        KubesteadError: one did not within the deadline (seconds).
    """
    end = time.monotonic() + deadline
    for port in (FILES_PORT, REGISTRY_PORT):
        probe = [
            "nsenter",
            f"--net={network.path(plan.bridge_netns(name))}",
            "bash",
            "-c",
            f"</dev/tcp/{GATEWAY}/{port}",
        ]
        while subprocess.run(probe, capture_output=True, check=False).returncode:
            if time.monotonic() > end:
                raise KubesteadError(
                    f"twin {name}: its mirror does not answer on {GATEWAY}:{port}; see mirror.log in the twin's folder"
                )
            time.sleep(0.1)
