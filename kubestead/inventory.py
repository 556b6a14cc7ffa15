"""The inventory's edge to pyinfra: everything the person gave is checked here, before anything connects."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from fnmatch import filter as matching
from pathlib import Path
from typing import Any

import click
from pyinfra.api.exceptions import InventoryError, PyinfraError
from pyinfra_cli.inventory import _get_group_data
from pyinfra_cli.util import parse_cli_arg

from kubestead.errors import Finding, InvalidInput, KubesteadError
from kubestead.site import HostSettings, load_site
from kubestead.site.site import GROUPS, Hosts, Inventory
from kubestead.spec.loading import Source, check_sources

Group = list[tuple[str, dict[str, Any]]]


def load(
    control_plane: Hosts | None = None,
    workers: Hosts | None = None,
    settings: Callable[[str, str], HostSettings] | None = None,
) -> tuple[Group, Group]:
    """The control plane and the workers for a pyinfra inventory file, checked together with group_data and options.

    Args:
        control_plane: names and addresses of the control plane; the site file's own address wins.
        workers: the same for the workers. None for both takes the hosts of the site file by their ``group``.
        settings: gives a host's settings by its name and address, in place of those in the site file.

    Raises:
        InventoryError: something was refused; the findings are on stderr by then.
    """
    with explained(InventoryError):
        findings: list[Finding] = []
        groups: Inventory = {}
        options = _options()
        overrides: Source | None = None
        try:
            site = load_site()
            overrides = Source(site.label, site.overrides, site.override_places)
            if settings:
                hosts = {name: settings(name, address) for name, address in [*(control_plane or ()), *(workers or ())]}
                site = site.model_copy(update={"hosts": hosts, "twin": None})
            groups = site.inventory(control_plane, workers, _command(options))
        except InvalidInput as error:
            findings += error.findings
        findings += check_sources(_group_data(options), _command_line_data(options), overrides)
        findings += _check_patterns(groups, options) if groups else []
        if findings:
            raise InvalidInput(findings)
        return groups["control_plane"], groups["workers"]


@contextmanager
def explained(error_class: type[PyinfraError]) -> Iterator[None]:
    """Turn kubestead's errors into one of pyinfra's, which it shows without a traceback; findings go to stderr."""
    try:
        yield
    except InvalidInput as error:
        for finding in error.findings:
            print(f"kubestead: {finding}", file=sys.stderr)
        count = len(error.findings)
        raise error_class(f"{count} finding{'' if count == 1 else 's'} (above); nothing was touched") from None
    except KubesteadError as error:
        raise error_class(str(error)) from None


def _options() -> dict[str, Any]:
    """pyinfra's own command line; empty where there is none (its API, a test)."""
    context = click.get_current_context(silent=True)
    return dict(context.params) if context else {}


def _command(options: Mapping[str, Any]) -> str:
    return " ".join(
        ["pyinfra", str(options.get("inventory", "inventory/lab.py")), *options.get("operations", ("...",))]
    )


def _group_data(options: Mapping[str, Any]) -> list[Source]:
    """The group_data files pyinfra will read, in its order: the last one wins."""
    folders = [Path("group_data"), Path(options.get("inventory", "inventory/lab.py")).parent / "group_data"]
    folders += [Path(folder) for folder in options.get("group_data") or ()]
    return [
        Source(str(folder / f"{group}.py"), data)
        for folder in dict.fromkeys(folders)
        if folder.is_dir()
        for group, data in sorted(_get_group_data(str(folder)).items())
    ]


def _command_line_data(options: Mapping[str, Any]) -> Source:
    pairs = dict(item.split("=", 1) for item in options.get("data") or () if "=" in item)
    return Source("--data", {key: parse_cli_arg(value) for key, value in pairs.items()})


def _check_patterns(groups: Inventory, options: Mapping[str, Any]) -> list[Finding]:
    """--limit and --exclude that leave no host: pyinfra would warn, do nothing and exit with 0."""
    members = {group: {name for name, _ in hosts} for group, hosts in groups.items()}
    everyone = set().union(*members.values())
    members[Path(options.get("inventory", "lab.py")).stem] = everyone
    choice = f"give a group or a host: {', '.join([*GROUPS, *sorted(everyone)])}"
    findings, chosen = [], {"limit": set(everyone), "exclude": set[str]()}
    for option in chosen:
        patterns = options.get(option) or ()
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


def refuse_missing_inventory() -> None:
    """For ``config.py``: an inventory file that is not there, with which pyinfra would do nothing and exit with 0.

    Raises:
        InventoryError: the command line names such a file.
    """
    inventory = str(_options().get("inventory", ""))
    if inventory.endswith(".py") and not Path(inventory).is_file():
        raise InventoryError(f"there is no inventory file {inventory}; the lab's is inventory/lab.py")


def only_looks() -> bool:
    """For ``config.py``: whether this run diagnoses or recovers, and so is about the very hosts that may not answer."""
    about_the_ill = ("diagnose.py", "recover.py")
    return any(Path(str(name)).name in about_the_ill for name in _options().get("operations") or ())
