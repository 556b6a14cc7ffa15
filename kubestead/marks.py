"""What stands on a Node object by the hand of a remedy, and what a person says there."""

from collections.abc import Mapping
from typing import Any

PAUSE = "kubestead.dev/recovery"
"""Annotation of a person's: ``paused`` leaves the node alone."""

CORDONED_FOR = "kubestead.dev/cordoned-for"
"""Annotation from a remedy's cordon to its uncordon: what :func:`mark` says. Without it a cordon is a person's."""

OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"
"""Taint on a node that is proven off: its pods may start elsewhere (KEP 2268)."""


def mark(remedy: str, watcher: str = "") -> str:
    """``reboot`` where a person runs the remedy, ``reboot by <watcher>`` where a watcher of that name does."""
    return f"{remedy} by {watcher}" if watcher else remedy


def by_watcher(text: str) -> bool:
    """A watcher made this mark."""
    return " by " in text


def is_paused(item: Mapping[str, Any]) -> bool:
    """An object carries the annotation that pauses recovery."""
    return (item["metadata"].get("annotations") or {}).get(PAUSE) == "paused"
