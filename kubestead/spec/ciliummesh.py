"""Several clusters in one mesh (Cilium's ClusterMesh): which ones, and where the others find this one."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from kubestead.netplan import OtherCluster
from kubestead.spec.ciliumnetworks import named_once
from kubestead.spec.families import Families
from kubestead.spec.fields import Cidr, ClusterName, Ipv4
from kubestead.validation import Refusal

# Of the chart; etcd's port inside the cluster is 2379.
PORT = 32379
Port = Annotated[int, Field(ge=30000, le=32767)]


class MeshCluster(BaseModel):
    """Another cluster of the mesh."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: ClusterName = Field(description="its cluster_name, as in 'beta'")
    id: int = Field(ge=1, le=255, description="its cilium_cluster_id, 1 to 255")
    pod_cidrs: tuple[Cidr, ...] = Field(strict=False, min_length=1, description="all its pod networks, a list")
    service_cidrs: tuple[Cidr, ...] = Field(default=(), strict=False, description="its services' networks, a list")
    port: Port = Field(default=PORT, description="its cilium_mesh_port, 30000 to 32767")


class MeshChoices(Families):
    """The part of :class:`kubestead.spec.ClusterSpec` about other clusters."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    cilium_cluster_id: int = Field(
        default=0, ge=0, le=255, description="the cluster's number in a mesh, 1 to 255; 0: in no mesh"
    )
    cilium_mesh: tuple[MeshCluster, ...] = Field(
        default=(), strict=False, description="the other clusters of the mesh, a list of mappings"
    )
    cilium_mesh_addresses: tuple[Ipv4, ...] = Field(
        default=(),
        strict=False,
        description="addresses of this cluster's nodes at which the others ask, a list such as ['192.168.1.187']",
    )
    cilium_mesh_port: Port = Field(default=PORT, description="the port there, of every node, 30000 to 32767")

    @field_validator("cilium_mesh")
    @classmethod
    def _clusters_told_apart(cls, value: tuple[MeshCluster, ...]) -> tuple[MeshCluster, ...]:
        numbers = [one.id for one in value]
        if twice := sorted({number for number in numbers if numbers.count(number) > 1}):
            raise Refusal(f"gives the id {', '.join(map(str, twice))} to several clusters", "write each cluster's own")
        return named_once(value)

    @property
    def other_clusters(self) -> tuple[OtherCluster, ...]:
        """The networks of the others, for the address plan."""
        return tuple(OtherCluster(one.name, one.pod_cidrs, one.service_cidrs) for one in self.cilium_mesh)
