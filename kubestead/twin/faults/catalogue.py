"""The faults there are, read from the YAML files beside this module: one file per part of a node."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml

from kubestead.errors import Finding, InvalidInput
from kubestead.twin.faults.model import Fault
from kubestead.twin.plan import Node
from kubestead.validation import nearest

FILES = Path(__file__).with_name("items")


@cache
def faults() -> Mapping[str, Fault]:
    """Every fault by its name, in the order of the files."""
    found: dict[str, Fault] = {}
    for path in sorted(FILES.glob("*.yaml")):
        for name, item in yaml.safe_load(path.read_text()).items():
            if name in found:
                raise InvalidInput([Finding(path.name, "is there twice", "give it another name", name)])
            found[name] = Fault.model_validate({"name": name, **item})
    return found


def fault(name: str) -> Fault:
    """The fault of this name.

    Raises:
        InvalidInput: there is none; gives the nearest names.
    """
    if name in faults():
        return faults()[name]
    guess = nearest(name, faults())
    close = [other for other in faults() if name in other or other in name]
    likely = ", ".join(dict.fromkeys([*([guess] if guess else []), *close][:5]))
    fix = f"did you mean {likely}?" if likely else "'kubestead twin faults' lists them"
    raise InvalidInput([Finding("FAULT", "no such fault", fix, name)])


def role_finding(one: Fault, node: Node) -> Finding | None:
    """What is wrong with giving this fault to this host, or None."""
    roles = {"worker"} if node.group == "workers" else {"control-plane", "cluster"}
    if roles & set(one.roles):
        return None
    wanted = "a worker" if one.roles == ("worker",) else "a control plane"
    group = node.group.replace("_", " ").removesuffix("s")
    return Finding(node.name, f"is a {group}, and {one.name} is for {wanted}", f"give it to {wanted}")
