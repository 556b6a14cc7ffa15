"""The option ``--inventory``, and which cluster is meant without it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

LAB, MINE = Path("inventory/lab.py"), Path("inventory/mine.py")


def _default() -> Path:
    # It brings the site file's models along, 0.1 s that every other command would wait for.
    from kubestead.site.network import current_twin, running_twins  # noqa: PLC0415

    # Whoever has machines of their own must not come to the lab's addresses, which are somebody else's there.
    return MINE if MINE.is_file() and not current_twin(running_twins()) else LAB


Inventory = Annotated[
    Path,
    typer.Option(
        envvar="KUBESTEAD_INVENTORY",
        default_factory=_default,
        help=f"The inventory file; without it {MINE} if there is one, else {LAB}.",
        show_default=False,
    ),
]
