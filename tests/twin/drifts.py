"""The drifts of drifts.yaml, which tests/twin/test_dry_run.py makes, and the table of docs/runs.md that names them.

python -m tests.twin.drifts    writes the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

FILE = Path(__file__).with_suffix(".yaml")
DOCUMENT = Path(__file__).parents[2] / "docs" / "runs.md"
BEGIN, END = "<!-- drifts: begin -->", "<!-- drifts: end -->"
# Where a drift is made that is not on a host; the first control plane's operations put it right.
OPERATOR, FIRST = "operator", "k8s-cp"


@dataclass(frozen=True)
class Drift:
    """A drift; the head of drifts.yaml says what each of these is."""

    resource: str
    what: str
    host: str
    make: str
    there: str
    operations: tuple[str, ...]
    diff: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.resource}, {self.what}"

    @property
    def runs_on(self) -> str:
        """The host whose operations put it right."""
        return FIRST if self.host == OPERATOR else self.host


def rounds() -> dict[str, list[Drift]]:
    """The drifts of each round, by its name."""
    return {
        name: [
            Drift(**{key: tuple(value) if isinstance(value, list) else value for key, value in one.items()})
            for one in drifts
        ]
        for name, drifts in yaml.safe_load(FILE.read_text()).items()
    }


def table() -> str:
    """The drifts as a Markdown table."""
    drifts = [one for found in rounds().values() for one in found]
    rows = [f"| {one.resource} | {one.what} | {'; '.join(one.operations)} |" for one in drifts]
    return "\n".join(
        ["| what is managed | what happened to it | what the plan lists, and the run does |", "|---|---|---|", *rows]
    )


def document(text: str) -> str:
    """The document with the table as it should be in it."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


if __name__ == "__main__":
    DOCUMENT.write_text(document(DOCUMENT.read_text()))
