"""The Helm release ``cilium`` as Helm and a switch's mark tell it. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Release:
    """What runs, or, while a switch was begun and not ended, what it goes back to.

    Args:
        revision, status: of the newest revision.
        chart_version, values: of the revision that was verified last, the values with the chart's defaults.
        revisions: the chart's version by each revision Helm still knows.
        good: the revision a switch that was begun and not ended goes back to; None where there is none.
        apart: in that switch nodes of the old and the new kind cannot talk to each other.
    """

    revision: int
    status: str
    chart_version: str
    values: Mapping[str, Any] = field(default_factory=dict)
    revisions: Mapping[int, str] = field(default_factory=dict)
    good: int | None = None
    apart: bool = False

    @property
    def back_to(self) -> int:
        """The last good revision: a switch starts from health alone, so it is the present one, or the mark's."""
        return self.good or self.revision

    @property
    def first_minor(self) -> str:
        """The minor release that was installed first, as far as is known: Helm keeps ten revisions."""
        known = self.values.get("upgradeCompatibility")
        return str(known or minor(self.revisions[min(self.revisions)]))


def minor(version: str) -> str:
    """``1.18`` of ``1.18.4``."""
    return version.rpartition(".")[0]


def parse(lines: list[str]) -> Release | None:
    """Helm's history, the values, and the mark where there is one: a line of JSON each; None where Helm said nothing.

    Raises:
        ValueError, KeyError: a line is not of its form.
    """
    documents = [json.loads(line) for line in lines if line.strip()]
    if len(documents) < 2:
        return None
    history, values, *mark = documents
    versions = {int(one["revision"]): str(one["chart"]).rpartition("-")[2] for one in history}
    newest = max(history, key=lambda one: int(one["revision"]))
    revision = int(newest["revision"])
    good = int(mark[0]["good"]) if mark else None
    apart = bool(mark and mark[0].get("apart"))
    return Release(
        revision=revision,
        status=newest["status"],
        chart_version=versions.get(good or revision, ""),
        values=values or {},
        revisions=versions,
        good=good,
        apart=apart,
    )
