"""What ``make test-faults`` found, and the table of docs/recovery.md made from it.

python -m tests.twin.proof    writes bench/results/faults-<commit>.json and the table.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from kubestead.twin.faults.catalogue import faults
from kubestead.twin.faults.model import Fault
from tests.twin.kept import Kept, write_table

KEPT = Kept("faults", faults())
TOOK = re.compile(r": takes ([a-z_]+)")


def record(fault: Fault, diagnosis: dict[str, Any], output: str, *, found: float, seconds: float) -> None:
    """Keep what a fault's test saw.

    Args:
        diagnosis: the answer that was right.
        output: what ``deploys/recover.py`` printed.
        found: seconds from the fault to that answer.
        seconds: how long recovery took, to a node that is well or to the hand-over.
    """
    line = {
        "title": fault.title,
        "cause": diagnosis["cause"],
        "evidence": diagnosis["evidence"][:1],
        "remedies": TOOK.findall(output),
        "cure": fault.cure,
        "found_seconds": round(found, 1),
        "recovery_seconds": round(seconds, 1),
    }
    KEPT.save(fault.name, line)


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
    lines = KEPT.newest()
    ran = KEPT.publish(lines)
    caption = f"{len(lines)} faults: {ran}. Seconds from the diagnosis to a node that is well, or to the hand-over."
    write_table(Path("docs/recovery.md"), "faults", f"{caption}\n\n{table(lines)}")


if __name__ == "__main__":
    main()
