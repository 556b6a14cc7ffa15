"""The twin's SSH keys: one for the operator, one per host, pinned in the twin's own known_hosts."""

from __future__ import annotations

from pathlib import Path

from kubestead.twin.plan import Plan
from kubestead.twin.process import run
from kubestead.twin.state import Files


def _ensure_key(path: Path, comment: str) -> None:
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path)])


def host_key(node_folder: Path) -> Path:
    """A host's private key; it lasts as long as the twin, so that a reset host keeps its pinned identity."""
    return node_folder / "ssh_host_ed25519_key"


def public(key: Path) -> str:
    """The public half of a private key's file, one line."""
    return key.with_name(key.name + ".pub").read_text().strip()


def ensure(paths: Files, plan: Plan) -> None:
    """Make what is missing of the operator's key and the hosts' keys, and write known_hosts."""
    paths.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    _ensure_key(paths.key, f"kubestead-{plan.name}")
    lines = []
    for node in plan.nodes:
        key = host_key(paths.node(node))
        _ensure_key(key, node.name)
        kind, blob = public(key).split(" ")[:2]
        lines.append(f"{node.address},{node.name} {kind} {blob}\n")
    paths.known_hosts.write_text("".join(lines))
