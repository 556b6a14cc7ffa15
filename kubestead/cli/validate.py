"""``kubestead validate``: everything that is wrong with spec, inventory, site file and catalog, at once."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from kubestead.cli.inventory import Inventory, SiteFile, use_site
from kubestead.errors import Finding, plain, shown

if TYPE_CHECKING:
    # Imported where it is used: it brings pyinfra along, which every other command would wait for.
    from kubestead.phases.validate import Validation


def validate(
    inventory: Inventory,
    site: SiteFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check what a run would read, and print every problem at once; no host is contacted.

    Exit code 0: a run would begin (there may be warnings). 1: it would be refused. 2: wrong usage.
    """
    use_site(site)
    from kubestead.phases.validate import validate as check  # noqa: PLC0415 - 'kubestead --help' need not load it

    result = check(inventory)
    if as_json:
        typer.echo(json.dumps(as_data(result), indent=1))
    else:
        show(result, Console())
    if result.errors:
        raise typer.Exit(1)


def as_data(result: Validation) -> dict[str, Any]:
    """The JSON: ok, errors, warnings, hosts, and findings with severity, where, value, reason, fix."""
    return {
        "ok": not result.errors,
        "errors": result.errors,
        "warnings": len(result.findings) - result.errors,
        "hosts": list(result.hosts),
        "findings": [
            {
                "severity": finding.severity,
                "where": finding.where,
                "value": _json_value(finding.value),
                "reason": finding.reason,
                "fix": finding.fix,
            }
            for finding in result.findings
        ],
    }


def show(result: Validation, console: Console) -> None:
    """The announcement of a run and a table of findings; one line when there are none."""
    if result.said:
        console.print(Text(plain(result.said.rstrip())), soft_wrap=True)
    if result.findings:
        table = Table(show_lines=True, pad_edge=False, expand=True)
        for column, ratio in (("where", 3), ("value", 2), ("reason", 4), ("fix", 4)):
            table.add_column(column, overflow="fold", ratio=ratio)
        for finding in result.findings:
            table.add_row(*_row(finding))
        console.print(table)
    warnings = len(result.findings) - result.errors
    counts = [
        f"{count} {word}{'' if count == 1 else 's'}"
        for count, word in ((result.errors, "error"), (warnings, "warning"))
    ]
    told = ", ".join(count for count in counts if not count.startswith("0 ")) or "all well"
    console.print(f"{told}; no host was contacted")


def _row(finding: Finding) -> tuple[Text, Text, Text, Text]:
    value = "" if finding.value is None else shown(finding.value)
    style = "red" if finding.severity == "error" else "yellow"
    reason = finding.reason if finding.severity == "error" else f"warning: {finding.reason}"
    return Text(plain(finding.where), style), Text(plain(value)), Text(plain(reason)), Text(plain(finding.fix))


def _json_value(value: object) -> object:
    """Itself where JSON can say it on its own; anything else as Python writes it."""
    if isinstance(value, float):
        return value if math.isfinite(value) else shown(value)
    if isinstance(value, int):
        return value if value.bit_length() <= 64 else shown(value)
    return value if value is None or isinstance(value, str) else shown(value)
