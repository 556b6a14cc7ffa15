"""The options ``--inventory`` and ``--site``, and which cluster is meant without them."""

from __future__ import annotations

import os
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
SiteFile = Annotated[
    Path | None,
    typer.Option("--site", help="The site file; without it, $KUBESTEAD_SITE, else site.yaml.", show_default=False),
]


def use_site(site: Path | None) -> None:
    """Have the inventory take this site file, as in a run; an empty name would mean the default."""
    if site is not None:
        os.environ["KUBESTEAD_SITE"] = str(site)
