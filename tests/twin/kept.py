"""Results of long tests, kept by the commit they ran on, so that they can go on on another day."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

RESULTS = Path("bench/results")


@cache
def commit() -> str:
    """The commit the tests run on; ``-dirty`` when the tree differs from it."""
    done = subprocess.run(
        ["git", "describe", "--always", "--abbrev=10", "--dirty"], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


class Kept:
    """A file for each case that passed, so that two runs do not write over each other.

    Args:
        kind: what the results are called, as ``faults``.
        cases: the names of all cases in the order of the table.
    """

    def __init__(self, kind: str, cases: Iterable[str]) -> None:
        self.kind, self.cases, self.folder = kind, tuple(cases), Path(".kubestead") / kind

    def passed(self, case: str) -> bool:
        """Whether it passed on this commit already; a tree that is no commit has nothing."""
        return "dirty" not in commit() and (self.folder / commit() / f"{case}.json").is_file()

    def save(self, case: str, facts: Mapping[str, Any]) -> None:
        """Keep what a case that passed saw."""
        folder = self.folder / commit()
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{case}.json").write_text(json.dumps({"commit": commit(), **facts}, indent=1) + "\n")

    def newest(self) -> dict[str, Any]:
        """What passed last of every case, whatever the commit."""
        paths = sorted(self.folder.glob("*/*.json"), key=lambda path: path.stat().st_mtime)
        found = {path.stem: json.loads(path.read_text()) for path in paths if "dirty" not in path.parent.name}
        return {case: found[case] for case in self.cases if case in found}

    def publish(self, lines: Mapping[str, Any]) -> str:
        """Write results where they are committed; returns which ran on what commit, in words."""
        commits = Counter(line["commit"] for line in lines.values())
        (RESULTS / f"{self.kind}-{'-'.join(commits)}.json").write_text(json.dumps(lines, indent=1) + "\n")
        return ", ".join(f"{count} on commit {commit}" for commit, count in commits.items())


def write_table(document: Path, kind: str, text: str) -> None:
    """Put ``text`` between the document's two comments ``<!-- KIND: begin -->`` and ``<!-- KIND: end -->``."""
    begin, end = f"<!-- {kind}: begin -->", f"<!-- {kind}: end -->"
    before, _, rest = document.read_text().partition(begin)
    document.write_text(f"{before}{begin}\n{text}\n{end}{rest.partition(end)[2]}")
