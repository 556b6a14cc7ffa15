"""Findings as plain lines, grouped by where they are; what is the same on several hosts is said once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from kubestead.errors import Finding, plain


def summary(findings: Sequence[Finding]) -> str:
    """``2 errors, 1 warning``."""
    counts = [(sum(f.severity == kind for f in findings), kind) for kind in ("error", "warning")]
    return ", ".join(f"{count} {kind}{'' if count == 1 else 's'}" for count, kind in counts if count) or "no findings"


def report_lines(findings: Sequence[Finding]) -> list[str]:
    """One heading per place (a host, several hosts, a file), below it each finding and its fix; errors come first."""
    places: dict[tuple[str, str, str, str, str], list[str]] = {}
    for finding in sorted(findings, key=lambda finding: finding.severity != "error"):
        place, _, what = plain(finding.where).partition(": ")
        value = "" if finding.value is None else f" = {plain(finding.value)}"
        same = (finding.severity, what, value, plain(finding.reason), plain(finding.fix))
        names = places.setdefault(same, [])
        if place not in names:
            names.append(place)
    grouped: dict[str, list[str]] = defaultdict(list)
    for (severity, what, value, reason, fix), names in places.items():
        subject = f"{what}{value}: " if what or value else ""
        grouped[", ".join(names)] += [f"  {severity}: {subject}{reason}", f"    fix: {fix}"]
    return [line for place, lines in grouped.items() for line in (place, *lines)]
