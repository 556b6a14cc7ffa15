"""A mesh of clusters: this one hands over its card, and takes those of the others."""

from __future__ import annotations

from pathlib import Path

from pyinfra import host
from pyinfra.api import DeployError
from pyinfra.api.deploy import deploy

from kubestead.cilium.mesh import KINDS, OWNER, differences, meetings, secrets
from kubestead.cilium.meshcard import Card, card, read_card
from kubestead.errors import Finding, InvalidInput
from kubestead.facts.mesh import MeshCertificate, OwnMeshCertificate
from kubestead.operations import mesh as operations
from kubestead.operations.objects import objects
from kubestead.phases.load import stop_at
from kubestead.phases.preflight import placed
from kubestead.spec import ClusterSpec

FOLDER = ".kubestead/mesh"
# A connection that failed is tried again after at most two minutes (Cilium's controllers).
WITHIN_SECONDS = 240


@deploy("Mesh")
def join_mesh(spec: ClusterSpec) -> None:
    """Hand over this cluster's card in the folder ``--data mesh=FOLDER``, and know the clusters of ``cilium_mesh``.

    A cluster that is named there no longer is forgotten.

    Raises:
        DeployError: something is wrong with the cards, or the cluster is not ready for a mesh.
    """
    folder = Path(str(host.data.get("mesh") or FOLDER))
    certificate = _certificate() if spec.cilium_mesh else None
    cards, missing, findings = _cards(spec, folder)
    places = host.data.get("kubestead_where") or {}
    stop_at(placed(finding, places) for finding in findings)
    if certificate:
        _hand_over(spec, folder / f"{spec.cluster_name}.yaml", certificate)
    taken = objects(name="The other clusters' cards", objects=secrets(cards), kinds=KINDS, owner=OWNER)
    operations.secrets_mounted(name="Agents read them", after=taken)
    if cards:
        names = [one.name for one in cards]
        operations.clusters_connected(name="Every agent is connected", names=names, within_seconds=WITHIN_SECONDS)
    operations.cards_there(name="Every cluster's card is there", missing=missing)


def _certificate() -> MeshCertificate:
    found: MeshCertificate | None = host.get_fact(OwnMeshCertificate)
    if found is None:
        raise DeployError(
            f"{host.name}: its cluster has no certificate for others yet, or its API does not answer; "
            "with cilium_mesh written, run deploys/cluster.py first"
        )
    return found


def _hand_over(spec: ClusterSpec, path: Path, certificate: MeshCertificate) -> None:
    def make(key: str) -> Card:
        return card(spec, certificate.authority, certificate.certificate, key)

    try:
        present = read_card(path) if path.exists() else None
    except InvalidInput:
        present = None
    operations.card_written(
        name=f"Card of {spec.cluster_name}", path=path, present=present, certificate=certificate, make=make
    )


def _cards(spec: ClusterSpec, folder: Path) -> tuple[list[Card], dict[str, Path], list[Finding]]:
    """The cards of the others that are there, the files of those that are not, and what is wrong."""
    cards: list[Card] = []
    missing: dict[str, Path] = {}
    findings = list(meetings(spec))
    for number, other in enumerate(spec.cilium_mesh):
        path = folder / f"{other.name}.yaml"
        if not path.exists():
            missing[other.name] = path
            continue
        try:
            its = read_card(path)
        except InvalidInput as error:
            findings += error.findings
            continue
        wrong = list(differences(spec, other, its, f"cilium_mesh.{number}"))
        findings += wrong
        cards += [] if wrong else [its]
    return cards, missing, findings
