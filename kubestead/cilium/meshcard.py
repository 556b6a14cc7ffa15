"""A cluster's card: a file by which it makes itself known to the other clusters of a mesh. Pure.

It says where the cluster's clustermesh-apiserver is, and holds a certificate with which others may read there, no more:
what Cilium's own ``cilium clustermesh connect`` copies where clusters have authorities of their own. So the key of no
cluster's authority is ever shared.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from kubestead.cilium.rule import extra
from kubestead.errors import InvalidInput
from kubestead.site.private import check_private
from kubestead.spec.fields import Cidr, ClusterName, Url
from kubestead.validation import Location, SecretRefused, findings_of
from kubestead.yamlfile import place, read_yaml

if TYPE_CHECKING:
    from kubestead.spec import ClusterSpec

MOST_CLUSTERS = "clustermesh.maxConnectedClusters"
AGAIN = "hand its card over anew: run deploys/mesh.py in that cluster, then this again"


def _pem(value: str) -> str:
    if not value.startswith("-----BEGIN "):
        raise SecretRefused("is not PEM", AGAIN)
    return value


Pem = Annotated[str, AfterValidator(_pem)]


class Terms(BaseModel):
    """What must be the same in all clusters of a mesh. Source: the requirements on ClusterMesh's page."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    cilium_routing: str
    ip_families: str
    cilium_encryption: str
    most_clusters: int = Field(description="255 or 511, as cilium_extra_values has it")


class Card(BaseModel):
    """What one cluster hands the others."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: ClusterName
    id: int = Field(ge=1, le=255)
    addresses: tuple[Url, ...] = Field(strict=False, min_length=1, description="a list of https://ADDRESS:PORT")
    pod_cidrs: tuple[Cidr, ...] = Field(strict=False, min_length=1, description="its pod networks, a list")
    service_cidr: Cidr = Field(description="its services' network")
    terms: Terms
    authority: Pem = Field(description="the certificate of its authority, PEM")
    certificate: Pem = Field(description="the certificate to read there with, PEM")
    key: Pem = Field(repr=False, description="that certificate's key, PEM")

    def key_is(self, sha256: str) -> bool:
        """Whether its key's sha256 is this, in hexadecimal digits."""
        return hashlib.sha256(self.key.encode()).hexdigest() == sha256


def card(spec: ClusterSpec, authority: str, certificate: str, key: str) -> Card:
    """The card of the spec's own cluster; the last three are PEM."""
    return Card(
        name=spec.cluster_name,
        id=spec.cilium_cluster_id,
        addresses=tuple(f"https://{address}:{spec.cilium_mesh_port}" for address in spec.cilium_mesh_addresses),
        pod_cidrs=spec.pod_networks,
        service_cidr=spec.service_cidr,
        terms=terms_of(spec),
        authority=authority,
        certificate=certificate,
        key=key,
    )


def terms_of(spec: ClusterSpec) -> Terms:
    """Those of a spec."""
    most = extra(spec, MOST_CLUSTERS)
    return Terms(
        cilium_routing=spec.cilium_routing, ip_families=spec.ip_families, cilium_encryption=spec.cilium_encryption,
        most_clusters=most if isinstance(most, int) else 255,
    )  # fmt: skip


def as_text(own: Card) -> str:
    """The card's file."""
    return yaml.safe_dump(own.model_dump(mode="json"), sort_keys=False)


def read_card(path: Path) -> Card:
    """A card from its file.

    Raises:
        InvalidInput: it is none, or others can read it.
    """
    if wrong := check_private(path, str(path), AGAIN, ""):
        raise InvalidInput(wrong)
    content, node = read_yaml(path)

    def where(location: Location) -> str:
        return place(path, node, location)

    try:
        return Card.model_validate(content)
    except ValidationError as error:
        raise InvalidInput(findings_of(error, Card, where)) from None
