"""The edge to pyinfra's command line: its options, and what it would take without a word, refused in words."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from fnmatch import filter as matching
from pathlib import Path
from typing import Any

import click
from pyinfra_cli.exceptions import UnexpectedExternalError
from pyinfra_cli.inventory import _get_group_data
from pyinfra_cli.util import parse_cli_arg

from kubestead.errors import Finding
from kubestead.paths import is_file, is_folder, is_there
from kubestead.site.site import GROUPS, Inventory
from kubestead.spec.loading import Source
from kubestead.validation import nearest


def options() -> dict[str, Any]:
    """pyinfra's own command line; empty where there is none (its API, a test)."""
    context = click.get_current_context(silent=True)
    return dict(context.params) if context else {}


def command(given: Mapping[str, Any]) -> str:
    """The command line in words."""
    return " ".join(["pyinfra", str(given.get("inventory", "inventory/lab.py")), *given.get("operations", ("...",))])


def group_data(given: Mapping[str, Any]) -> tuple[list[Source], list[Finding]]:
    """The group_data files pyinfra will read, in its order (the last one wins), and those that cannot be read."""
    folders = [Path("group_data"), Path(given.get("inventory", "inventory/lab.py")).parent / "group_data"]
    named = [Path(path) for path in given.get("group_data") or ()]
    findings = [
        Finding("--group-data", "is no folder and no Python file", "correct the path", value=str(path))
        for path in named
        if not is_folder(path) and not (is_file(path) and path.suffix == ".py")
    ]
    sources = []
    for path in dict.fromkeys([*folders, *named]):
        for file in sorted(path.glob("*.py")) if is_folder(path) else [path] if is_file(path) else []:
            try:
                file.open("rb").close()
                sources += [Source(str(file), values) for values in _get_group_data(str(file)).values()]
            except (Exception, SystemExit) as error:  # noqa: BLE001 - it runs what a person wrote
                findings.append(python_finding(file, error))
    return sources, findings


def python_finding(file: Path, error: BaseException) -> Finding:
    """What a Python file a person wrote went wrong with: the line, and Python's own words."""
    while isinstance(error, UnexpectedExternalError):
        error = error.exception
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
    line = error.lineno if isinstance(error, SyntaxError) else lines[-1] if lines else None
    where = f"{file}:{line}" if line else str(file)
    if isinstance(error, OSError):
        return Finding(where, f"cannot be read: {error.strerror}", "name a file that can")
    if isinstance(error, UnicodeError):
        return Finding(where, "is not UTF-8 text", "save the file as UTF-8")
    words = error.msg if isinstance(error, SyntaxError) else f"{type(error).__name__}: {error}"
    return Finding(where, f"is Python that does not run: {words}", "correct the line, or the one before")


def data(given: Mapping[str, Any]) -> Source:
    """``--data`` of the command line."""
    pairs = dict(item.split("=", 1) for item in given.get("data") or () if "=" in item)
    return Source("--data", {key: parse_cli_arg(value) for key, value in pairs.items()})


def check_patterns(groups: Inventory, given: Mapping[str, Any]) -> list[Finding]:
    """--limit and --exclude that leave no host: pyinfra would warn, do nothing and exit with 0."""
    members = {group: {name for name, _ in hosts} for group, hosts in groups.items()}
    everyone = set().union(*members.values())
    members[Path(given.get("inventory", "lab.py")).stem] = everyone
    choice = f"give a group or a host: {', '.join([*GROUPS, *sorted(everyone)])}"
    findings, chosen = [], {"limit": set(everyone), "exclude": set[str]()}
    for option in chosen:
        patterns = given.get(option) or ()
        matches = {pattern: members.get(pattern) or set(matching(everyone, pattern)) for pattern in patterns}
        findings += [
            Finding(f"--{option}", "matches no host", choice, value=pattern)
            for pattern, names in matches.items()
            if not names
        ]
        if patterns:
            chosen[option] = set().union(*matches.values())
    if not findings and not chosen["limit"] - chosen["exclude"]:
        findings.append(Finding("--exclude", "leaves no host", "exclude fewer"))
    return findings


def check_options(given: Mapping[str, Any]) -> list[Finding]:
    """What pyinfra answers with a traceback, or with exit code 0 and nothing done."""
    findings = check_inventory_file(str(given.get("inventory", "")))
    findings += [
        Finding("--data", "has no value", "write --data key=value", value=item)
        for item in given.get("data") or ()
        if "=" not in item
    ]
    skip = data(given).values.get("skip_unreachable", False)
    if not isinstance(skip, bool):
        findings.append(
            Finding("--data skip_unreachable", "is neither true nor false", "write one of them", value=skip)
        )
    findings += [
        Finding(f"--{option.replace('_', '-')}", "is negative", "give a number from 0 up", value=given[option])
        for option in ("parallel", "fail_percent", "retry", "retry_delay")
        if (given.get(option) or 0) < 0
    ]
    return findings


def check_inventory_file(inventory: str) -> list[Finding]:
    """An inventory file that is not there or cannot be read as Python; nothing where hosts are named directly."""
    path = Path(inventory)
    looks_like_a_file = not inventory or path.suffix == ".py" or "/" in inventory or is_there(path)
    if not looks_like_a_file or "@" in inventory or "," in inventory:
        return []
    if not inventory or not is_there(path):
        meant = nearest(inventory, map(str, sorted(Path("inventory").glob("*.py"))))
        fix = f"did you mean {meant}?" if meant else "name one, such as inventory/lab.py"
        return [Finding("the inventory", f"there is no inventory file {inventory}", fix)]
    try:
        compile(path.read_text(encoding="utf-8"), inventory, "exec")
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return [python_finding(path, error)]
    return []
