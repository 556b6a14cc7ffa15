"""What ``make test-crash`` found, and the table of docs/reliability.md made from it.

python -m tests.twin.crashproof    writes bench/results/crashes-<commit>.json and the table.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.twin.crashcases import Crash, crashes
from tests.twin.kept import Kept, write_table
from tests.twin.operator import Run

KEPT = Kept("crashes", (crash.name for crash in crashes()))


def record(crash: Crash, killed: Run, seconds: float) -> None:
    """Keep what a crash's test saw.

    Args:
        killed: the run that was killed.
        seconds: how long the next plain run took, to the verified cluster.
    """
    said = [line.strip() for line in killed.text.splitlines() if line.strip()]
    line = {
        "point": crash.point.name,
        "way": crash.way,
        "exit_code": killed.returncode,
        "last_words": said[-3:],
        "next_run_seconds": round(seconds, 1),
    }
    KEPT.save(crash.name, line)


def table(lines: dict[str, Any]) -> str:
    """The results as a Markdown table."""
    rows = ["| killed while | how | its exit code | the next run, seconds |", "|---|---|---|---|"]
    for line in lines.values():
        code = "none" if line["exit_code"] < 0 else line["exit_code"]
        rows.append(f"| {line['point']} | {line['way']} | {code} | {line['next_run_seconds']:.0f} |")
    return "\n".join(rows)


def main() -> None:
    """Write the newest results where they are committed."""
    lines = KEPT.newest()
    ran = KEPT.publish(lines)
    caption = (
        f"{len(lines)} runs were killed: {ran}. After each, the next plain run ended in a verified cluster, and the "
        "one after it changed nothing."
    )
    write_table(Path("docs/reliability.md"), "crashes", f"{caption}\n\n{table(lines)}")


if __name__ == "__main__":
    main()
