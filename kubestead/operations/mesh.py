"""Operations on a mesh of clusters: this cluster's card, the others' in force, and every agent connected."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path

from pyinfra import host, logger, state
from pyinfra.api import FunctionCommand, StringCommand, operation
from pyinfra.api.host import Host
from pyinfra.api.operation import OperationMeta

from kubestead.cilium.meshcard import Card, as_text
from kubestead.errors import plain
from kubestead.facts.mesh import CERTIFICATE, MeshCertificate, RemoteCluster, RemoteClusters
from kubestead.health import KUBECTL
from kubestead.operations import shown
from kubestead.operations.flow import changed, failure
from kubestead.operations.steps import StepFailed, ask, attempt
from kubestead.site.private import write_private

Told = Mapping[str, Mapping[str, RemoteCluster]]
_KEY = """--output=jsonpath='{.data.tls\\.key}'"""


@operation()
def card_written(
    path: Path, present: Card | None, certificate: MeshCertificate, make: Callable[[str], Card]
) -> Generator[FunctionCommand, None, None]:
    """Have this cluster's card at ``path`` on the operator's machine, mode 0600.

    The key is asked for only where it is wanted, and is in no output.

    Args:
        path: the file.
        present: what it holds; None where it is not there, or no card.
        certificate: what this cluster has made for others.
        make: makes the card, of the key in PEM.
    """
    if present and present == make(present.key) and present.key_is(certificate.key_sha256):
        host.noop(f"{path} is this cluster's card")
        return
    shown.show(f"{path}: {'another card' if present else 'not there'} -> this cluster's, with its certificate and key")
    yield FunctionCommand(attempt(_write), (path, make), {})


def _write(node: Host, path: Path, make: Callable[[str], Card]) -> None:
    lines = ask(node, f"{KUBECTL} {CERTIFICATE}", _KEY, what="reading the certificate for other clusters")
    try:
        write_private(path, as_text(make(base64.b64decode("".join(lines)).decode())))
    except OSError as error:
        raise StepFailed(f"{path} cannot be written on this machine: {error.strerror or error}") from None


@operation()
def secrets_mounted(after: OperationMeta) -> Generator[StringCommand, None, None]:
    """Have the mesh's pods see Secrets that ``after`` changed now, not at the kubelets' next round, a minute or so off.

    A kubelet looks after a pod, and so after its Secrets, whenever an annotation of it changes. Nothing restarts.
    """
    if not changed(after):
        host.noop("the Secrets are as they were")
        return
    pods = "--selector 'k8s-app in (cilium,clustermesh-apiserver)'"
    mark = 'kubestead.dev/mesh="$(date +%s)"'
    yield StringCommand(KUBECTL, "--namespace kube-system annotate pods --overwrite", pods, mark, "> /dev/null")


@operation()
def clusters_connected(names: Sequence[str], within_seconds: float) -> Generator[StringCommand, None, None]:
    """See that every agent knows all that these clusters tell; a node whose agent is silent is told, too."""
    started, told = time.monotonic(), ""
    while state.is_executing:
        seen = host.get_fact(RemoteClusters)
        lacking = missing(seen, names)
        if not lacking:
            host.noop(f"every agent knows {', '.join(names)}")
            return
        elapsed = time.monotonic() - started
        if elapsed >= within_seconds:
            yield failure(_trouble(seen, lacking, within_seconds))
            return
        if (now := "; ".join(lacking)) != told:
            logger.info(f"{host.print_prefix}{elapsed:3.0f} s, waiting for {now}")
            told = now
        time.sleep(1)  # between two looks
    host.noop("it is waited for")


def missing(seen: Told | None, names: Sequence[str]) -> list[str]:
    """``NODE: CLUSTER (what the agent says)``; empty where every agent is ready with all of them."""
    if seen is None:
        return ["the API's answer"]
    found = [(node, name, said.get(name)) for node, said in sorted(seen.items()) for name in names]
    lacking = [f"{node}: {name} ({_word(one)})" for node, name, one in found if not (one and one.ready)]
    return lacking or ([] if seen else ["an agent"])


def _word(one: RemoteCluster | None) -> str:
    return "not known yet" if one is None else plain(one.status[:200]) or "connecting"


def _trouble(seen: Told | None, lacking: Sequence[str], seconds: float) -> str:
    then = (
        f"see what kvstoremesh says: {KUBECTL} --namespace kube-system logs deployment/clustermesh-apiserver "
        "--container kvstoremesh --tail=20"
        if seen
        else f"see the agents: {KUBECTL} --namespace kube-system get pods --selector k8s-app=cilium"
    )
    return f"not connected after {seconds:.0f} s: {'; '.join(lacking)}; {then}"


@operation()
def cards_there(missing: Mapping[str, Path]) -> Generator[StringCommand, None, None]:
    """See that the card of every other cluster was there; ``missing`` has those that were not, and their files."""
    if not missing:
        host.noop("every other cluster has handed over its card")
        return
    yield failure(
        "; ".join(f"{name} has not handed over its card ({path})" for name, path in missing.items())
        + ": run deploys/mesh.py in that cluster, then this again"
    )
