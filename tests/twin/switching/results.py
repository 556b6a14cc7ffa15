"""What the tests of switching measured, and the table of docs/cilium-switching.md made from it.

python -m tests.twin.switching.results    writes bench/results/switches-<commit>.json and the table.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.twin.kept import Kept, write_table

CASES = (
    "nothing", "Hubble off", "Hubble on", "VXLAN to native", "native to VXLAN", "VXLAN to native, one by one",
    "native to VXLAN, one by one", "kube-proxy to Cilium", "Cilium to kube-proxy", "a broken value, rolled back",
    "killed in the middle, gone on", "upgrade from 1.18.3 to 1.18.4", "a pool network appended",
)  # fmt: skip
KEPT = Kept("switches", CASES)
SERIES = ("udp to a pod", "connections to a pod", "connections to a service")


def record(case: str, seen: dict[str, Any], run_seconds: float) -> None:
    """Keep what a probe saw through a switch."""
    KEPT.save(case, {"case": case, "run_seconds": round(run_seconds, 1), **seen})


def table(lines: dict[str, Any]) -> str:
    """The results as a Markdown table."""
    rows = [
        "| switch | run, s | UDP to a pod: lost, longest gap | new connections to a pod | to a service | one kept |",
        "|---|---|---|---|---|---|",
    ]
    for case, line in lines.items():
        cells = [
            f"{one['lost']} of {one['sent']}, {one['longest_gap_seconds']} s" for one in (line[name] for name in SERIES)
        ]
        kept = line["one connection through the service"]
        broke = f"broke {kept['breaks']} times" if kept["breaks"] else "held"
        cells.append(f"{broke}, waited {kept['longest_wait_seconds']} s at most")
        rows.append(f"| {case} | {line['run_seconds']:.0f} | {' | '.join(cells)} |")
    return "\n".join(rows)


def main() -> None:
    """Write the newest results where they are committed."""
    lines = KEPT.newest()
    ran = KEPT.publish(lines)
    missing = ", ".join(f'"{case}"' for case in CASES if case not in lines)
    left = f" Not measured yet: {missing}." if missing else ""
    text = f"{len(lines)} switches: {ran}.{left}\n\n{table(lines)}"
    write_table(Path("docs/cilium-switching.md"), "switches", text)


if __name__ == "__main__":
    main()
