"""What ``make test-faults`` found, kept by commit, and the table of docs/recovery.md made from it.

python -m tests.twin.proof    writes bench/results/faults-<commit>.json and the table.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

from kubestead.twin.faults.catalogue import faults
from kubestead.twin.faults.model import Fault

WORK = Path(".kubestead/faults")
RESULTS = Path("bench/results")
DOCUMENT = Path("docs/recovery.md")
BEGIN, END = "<!-- faults: begin -->", "<!-- faults: end -->"
TOOK = re.compile(r": takes ([a-z_]+)")


@cache
def commit() -> str:
    """The commit the tests run on; ``-dirty`` when the tree differs from it."""
    done = subprocess.run(
        ["git", "describe", "--always", "--abbrev=10", "--dirty"], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def results() -> dict[str, Any]:
    """What passed on this commit so far, by fault in the catalogue's order; a tree that is no commit has nothing."""
    paths = {path.stem: path for path in _folder().glob("*.json")} if "dirty" not in commit() else {}
    return {name: json.loads(paths[name].read_text()) for name in faults() if name in paths}


def _folder() -> Path:
    """A file for each fault that passed, so that two runs do not write over each other."""
    return WORK / commit()


def newest() -> dict[str, Any]:
    """What passed last of every fault, whatever the commit."""
    paths = sorted(WORK.glob("*/*.json"), key=lambda path: path.stat().st_mtime)
    found = {path.stem: json.loads(path.read_text()) for path in paths if "dirty" not in path.parent.name}
    return {name: found[name] for name in faults() if name in found}


def passed(fault: str) -> bool:
    """Whether the fault's test passed on this commit already."""
    return fault in results()


def record(fault: Fault, diagnosis: dict[str, Any], output: str, *, found: float, seconds: float) -> None:
    """Keep what a fault's test saw.

    Args:
        diagnosis: the answer that was right.
        output: what ``deploys/recover.py`` printed.
        found: seconds from the fault to that answer.
        seconds: how long recovery took, to a node that is well or to the hand-over.
    """
    line = {
        "commit": commit(),
        "title": fault.title,
        "cause": diagnosis["cause"],
        "evidence": diagnosis["evidence"][:1],
        "remedies": TOOK.findall(output),
        "cure": fault.cure,
        "found_seconds": round(found, 1),
        "recovery_seconds": round(seconds, 1),
    }
    _folder().mkdir(parents=True, exist_ok=True)
    (_folder() / f"{fault.name}.json").write_text(json.dumps(line, indent=1) + "\n")


def table(lines: dict[str, Any]) -> str:
    """The results as a Markdown table."""
    rows = ["| fault | what happened | cause found | remedy | seconds |", "|---|---|---|---|---|"]
    for name, line in lines.items():
        remedy = ", then ".join(line["remedies"]) or "handed over"
        if line["cure"] == "person" and line["remedies"]:
            remedy += "; handed over"
        rows.append(f"| {name} | {line['title']} | {line['cause']} | {remedy} | {line['recovery_seconds']:.0f} |")
    return "\n".join(rows)


def main() -> None:
    """Write the newest results where they are committed."""
    lines = newest()
    commits = Counter(line["commit"] for line in lines.values())
    name = "-".join(commits)
    (RESULTS / f"faults-{name}.json").write_text(json.dumps(lines, indent=1) + "\n")
    text = DOCUMENT.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    ran = ", ".join(f"{count} on commit {commit}" for commit, count in commits.items())
    caption = f"{len(lines)} faults: {ran}. Seconds from the diagnosis to a node that is well, or to the hand-over."
    DOCUMENT.write_text(f"{before}{BEGIN}\n{caption}\n\n{table(lines)}\n{END}{after}")


if __name__ == "__main__":
    main()
