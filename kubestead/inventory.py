"""The inventory's edge to pyinfra: everything the person gave is checked here, before anything connects."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
from pyinfra.api.exceptions import InventoryError, PyinfraError

from kubestead import commandline
from kubestead.errors import Finding, InvalidInput, KubesteadError
from kubestead.site import HostSettings, Site, load_site
from kubestead.site.given import check_given
from kubestead.site.site import Hosts, Inventory
from kubestead.spec import ClusterSpec
from kubestead.spec.loading import Source, read_sources

# Where what was read is kept in click's context, for `kubestead validate`.
READING = "kubestead.reading"
# Says there that config.py was read.
GUARDED = "kubestead.guarded"
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
        reading = _read(control_plane, workers, settings)
        if context := click.get_current_context(silent=True):
            context.meta[READING] = reading
        if reading.findings:
            raise InvalidInput(reading.findings)
        return reading.groups["control_plane"], reading.groups["workers"]


@dataclass
class Reading:
    """What the person gave, as far as it could be read, and everything that is wrong with it.

    Args:
        findings: what is wrong; the groups are complete only without any.
        groups: the inventory.
        site: the site, or None.
        spec: the cluster, or None.
        nodes: group, name and node address of every host that has one.
    """

    findings: list[Finding] = field(default_factory=list)
    groups: Inventory = field(default_factory=dict)
    site: Site | None = None
    spec: ClusterSpec | None = None
    nodes: list[tuple[str, str, str]] = field(default_factory=list)


def _read(
    control_plane: Hosts | None, workers: Hosts | None, settings: Callable[[str, str], HostSettings] | None
) -> Reading:
    reading, options = Reading(_check_config()), commandline.options()
    overrides: Source | None = None
    try:
        site = reading.site = load_site()
        overrides = Source(site.label, site.overrides, site.override_places)
        if settings:
            given, _ = check_given({"control_plane": control_plane, "workers": workers})
            hosts = {name: settings(name, a) for members in given.values() for name, a in members.items()}
            site = site.model_copy(update={"hosts": hosts, "twin": None})
        reading.nodes = site.nodes(control_plane, workers)
        reading.groups = site.inventory(control_plane, workers, commandline.command(options))
    except InvalidInput as error:
        reading.findings += error.findings
    if reading.site is None:
        reading.findings += check_given({"control_plane": control_plane, "workers": workers})[1]
    sources, unread = commandline.group_data(options)
    reading.spec, wrong = read_sources(sources, commandline.data(options), overrides)
    reading.findings += [
        *unread,
        *wrong,
        *(commandline.check_patterns(reading.groups, options) if reading.groups else []),
    ]
    return reading


def _check_config() -> list[Finding]:
    """Without config.py a run has neither its settings nor its exit codes; pyinfra does not mind when it is missing."""
    context = click.get_current_context(silent=True)
    if context is None or context.meta.get(GUARDED):
        return []
    fix = "run pyinfra in kubestead's own folder, without --config"
    return [Finding("config.py", "was not read: there is none in the working folder, or another was named", fix)]


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


def only_looks() -> bool:
    """For ``config.py``: whether this run diagnoses or recovers, and so is about the very hosts that may not answer."""
    about_the_ill = ("diagnose.py", "cilium_status.py", "recover.py")
    return any(Path(str(name)).name in about_the_ill for name in commandline.options().get("operations") or ())
