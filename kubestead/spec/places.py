"""Where a cluster's key is written, and the line to write there."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import yaml

from kubestead.assignment import assignment

ALL = "group_data/all.py"


def place(key: str, places: Mapping[str, str]) -> str:
    """Where ``key`` stands: ``places`` (a host's ``kubestead_where``) names those that are not in group_data.

    A path below a key (``cilium_extra_values.hubble``) is placed with its key.
    """
    name, dot, below = key.partition(".")
    return f"{places.get(name, f'{ALL}: {name}')}{dot}{below}"


def line(key: str, value: Any, places: Mapping[str, str]) -> str:
    """What to write for ``key``: a line of Python in group_data, of YAML where a site file overrides it."""
    if key in places:
        return f"write there: {key}: {_yaml(value)}"
    return f"write: {assignment(key, value)}"


def _yaml(value: Any) -> str:
    """One line of YAML, text in double quotes."""
    style = '"' if isinstance(value, str) else None
    text = yaml.safe_dump(value, default_flow_style=True, default_style=style, width=sys.maxsize, sort_keys=False)
    return text.removesuffix("...\n").strip()
