"""From a record's JSON to the parts of a run; what is not of the form raises, or becomes nothing. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from kubestead.record.model import Finding, Message, Node, Operation

# The end of what a calendar and a picture can show, in seconds since 1970.
LAST_TIME = 4e9


def begun(line: Mapping[str, Any]) -> tuple[float, str, str, list[str]]:
    """When an operation began: start, phase, name, hosts."""
    hosts = [text(host) for host in items(line.get("hosts"))]
    return must(line["start"]), text(line.get("phase")), text(line["operation"]), hosts


def operation(line: Mapping[str, Any]) -> Operation:
    """An operation that ended on a host."""
    start, end = must(line["start"]), must(line["end"])
    return Operation(
        text(line["host"]), text(line.get("phase")), text(line["operation"]), start, max(start, end),
        bool(line.get("changed")), bool(line.get("error")), text(line.get("said")),
    )  # fmt: skip


def message(line: Mapping[str, Any]) -> Message:
    """A warning or an error."""
    level: Any = "error" if line.get("level") == "error" else "warning"
    return Message(must(line["time"]), level, text(line["text"]), text(line.get("host")))


def nodes(head: Mapping[str, Any]) -> list[Node]:
    """The inventory's nodes."""
    networks = head.get("pod_networks")
    networks = networks if isinstance(networks, dict) else {}
    known = [one for one in items(head.get("nodes")) if isinstance(one, dict) and one.get("name")]
    return [
        Node(name := text(one.get("name")), text(one.get("role")), text(one.get("address")),
             ", ".join(map(text, items(networks.get(name)))))
        for one in known
    ]  # fmt: skip


def finding(data: Mapping[str, Any]) -> Finding:
    """What preflight found."""
    severity: Any = "warning" if data.get("severity") == "warning" else "error"
    return Finding(text(data.get("where")), text(data.get("reason")), text(data.get("fix")), severity)


def moment(value: object) -> float | None:
    """A time, or None where it is none a calendar has."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and 0 < value < LAST_TIME else None


def must(value: object) -> float:
    """A time.

    Raises:
        ValueError: it is none.
    """
    found = moment(value)
    if found is None:
        raise ValueError("no time")
    return found


def text(value: object) -> str:
    """A text; empty for nothing."""
    return "" if value is None else str(value)


def texts(value: object) -> dict[str, str]:
    """Texts by name."""
    return {str(key): text(item) for key, item in value.items()} if isinstance(value, dict) else {}


def items(value: object) -> list[Any]:
    """A list; empty for what is none."""
    return value if isinstance(value, list) else []
