"""What the watcher itself changes on a Node object: the out-of-service taint, and a cordon a remedy left behind.

The taint lets the pods of a node that is proven off go, so that they may start elsewhere: Kubernetes deletes them at
once and detaches their volumes (KEP 2268). On a node that still runs that would give two pods the same data: so only
while the site's own power command says off, and the taint goes when the node is back.
"""

from __future__ import annotations

from typing import Any

from kubestead.marks import CORDONED_FOR, OUT_OF_SERVICE
from kubestead.recovery.attempts import Outcome
from kubestead.watch.api import NODES, Api, Unanswered, said

TAINT = {"key": OUT_OF_SERVICE, "value": "nodeshutdown", "effect": "NoExecute"}


def let_go(api: Api, node: str, power: str) -> tuple[Outcome, str]:
    """Set the taint, where the power is ``off``."""
    if power != "off":
        return Outcome.FAILED, f"the power is {power or 'not known'}, so its pods may still run"
    try:
        _change(api, node, add=True)
    except Unanswered as error:
        return Outcome.FAILED, f"the taint could not be set: {said(error)}"
    return Outcome.DONE, "its power is off and its pods are let go; the node itself is a person's"


def take_back(api: Api, node: str) -> bool:
    """Remove the taint; whether that worked."""
    try:
        _change(api, node, add=False)
    except Unanswered:
        return False
    return True


def uncordon(api: Api, node: str) -> bool:
    """Lift a cordon that a remedy made and did not live to lift; whether that worked."""
    nothing = {"metadata": {"annotations": {CORDONED_FOR: None}}, "spec": {"unschedulable": None}}
    try:
        api.patch(f"{NODES}/{node}", nothing)
    except Unanswered:
        return False
    return True


def _change(api: Api, name: str, add: bool) -> None:
    found: dict[str, Any] = api.get(f"{NODES}/{name}")
    others = [one for one in found["spec"].get("taints") or () if one["key"] != OUT_OF_SERVICE]
    # The list is replaced whole, so only the version that was read may be changed.
    version = {"resourceVersion": found["metadata"]["resourceVersion"]}
    api.patch(f"{NODES}/{name}", {"metadata": version, "spec": {"taints": [*others, *([TAINT] * add)]}})
