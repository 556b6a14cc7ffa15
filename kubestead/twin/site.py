"""The twin's site file: how its hosts are reached, where they get everything from, and what they cannot do."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Any

import yaml

from kubestead.twin import mirror
from kubestead.twin.plan import GATEWAY, Node, Plan
from kubestead.twin.state import Files

OVERRIDES = Path(__file__).with_name("overrides.yaml")
LIGHT_OVERRIDES = OVERRIDES.parent / "light" / OVERRIDES.name

_HEAD = """\
# Written by 'kubestead twin up'; every 'up' writes it anew. 'kubestead twin exec' sets KUBESTEAD_SITE to it.
# The reasons of the overrides are in kubestead/twin/overrides.yaml.
"""


def data(plan: Plan, paths: Files, mirror_folder: Path | None) -> dict[str, Any]:
    """The site file's content for these hosts, and for a mirror folder served on the bridge or None."""
    everyone = {
        "user": "root",
        "key": str(paths.key),
        "known_hosts": str(paths.known_hosts),
        "host_keys": "strict",
    }
    hosts = {node.name: {"address": node.address, "group": node.group, "power": power(node)} for node in plan.nodes}
    site: dict[str, Any] = {"twin": plan.name, "hosts": {"all": everyone, **hosts}}
    if mirror_folder:
        site["sources"] = {
            "catalog": str(mirror_folder / "catalog.yaml"),
            "base_url": f"http://{GATEWAY}:{mirror.FILES_PORT}/",
            "registry": f"http://{GATEWAY}:{mirror.REGISTRY_PORT}",
        }
    overrides = yaml.safe_load(OVERRIDES.read_text())
    if plan.light:
        overrides |= yaml.safe_load(LIGHT_OVERRIDES.read_text())
    return site | {"overrides": overrides}


def power(node: Node) -> dict[str, str]:
    """The commands for a host's power, which work in the twin's network too."""
    command = [str(Path(sys.executable).with_name("kubestead")), "twin", "power", "--name", node.twin]
    return {action: shlex.join([*command, action, node.name]) for action in ("status", "off", "on")}


def write(plan: Plan, paths: Files, mirror_folder: Path | None) -> None:
    """Write the site file; a reader sees the old one or the new one."""
    beside = paths.site.with_name(f".{paths.site.name}")
    beside.write_text(_HEAD + yaml.safe_dump(data(plan, paths, mirror_folder), sort_keys=False))
    beside.replace(paths.site)
