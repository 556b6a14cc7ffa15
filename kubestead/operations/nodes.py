"""Operations on node objects, through the API on a control plane."""

from __future__ import annotations

from collections.abc import Generator, Mapping

from pyinfra import host
from pyinfra.api import QuoteString, StringCommand, operation

from kubestead.facts.nodemarks import Marks, NodeMarks
from kubestead.health import KUBECTL
from kubestead.operations import shown
from kubestead.spec import NodeSpec


@operation()
def marked(nodes: Mapping[str, NodeSpec]) -> Generator[StringCommand, None, None]:
    """Have each node carry its labels and taints; what others put on it stays, also what an earlier spec asked for.

    Args:
        nodes: the nodes' settings by name.
    """
    present = host.get_fact(NodeMarks)
    commands = []
    for name, spec in nodes.items():
        marks = present.get(name, Marks())
        labels = [f"{key}={value}" for key, value in spec.labels.items() if marks.labels.get(key) != value]
        taints = [str(taint) for taint in spec.taints if str(taint) not in marks.taints]
        for kind, missing in (("label", labels), ("taint", taints)):
            if missing:
                shown.show(f"node {name}: no {kind} {', '.join(missing)} -> that {kind}")
                quoted = [QuoteString(text) for text in missing]
                commands.append(StringCommand(KUBECTL, kind, "node", QuoteString(name), *quoted, "--overwrite"))
    if not commands:
        host.noop("every node carries its labels and taints")
    yield from commands
