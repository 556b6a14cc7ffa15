"""The cluster as a frozen model. The annotated example is ``group_data/all.py``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from ipaddress import IPv4Address, IPv4Network
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from kubestead.cilium.extravalues import extra_findings
from kubestead.cilium.rules import contradictions
from kubestead.errors import Finding, InvalidInput
from kubestead.netplan import check_pool
from kubestead.spec import versions
from kubestead.spec.cilium import CiliumChoices
from kubestead.spec.fields import (
    Cidr,
    ClusterName,
    DnsName,
    Endpoint,
    SubjectAltName,
    Target,
    Version,
    split_host_port,
)
from kubestead.spec.values import Values
from kubestead.validation import Refusal


class PreflightMinimum(BaseModel):
    """What a host must have at least."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    cores: int = Field(default=2, ge=1, description="the least number of processor cores")
    memory_mib: int = Field(default=1700, ge=512, description="the least memory in MiB; kubeadm itself asks for 1700")
    disk_gib: int = Field(default=10, ge=1, description="the least free space below /var in GiB")


class ClusterSpec(CiliumChoices):
    """What the cluster is. Load it with :meth:`load`."""

    cluster_name: ClusterName = Field(default="lab", description="the cluster's name, 1 to 32 lower-case characters")
    kubernetes_version: Version = Field(default="1.31.13", description="the Kubernetes release, as in '1.31.13'")
    containerd_version: Version = Field(default="2.1.5", description="the containerd release, as in '2.1.5'")
    runc_version: Version = Field(default="1.3.3", description="the runc release, as in '1.3.3'")
    helm_version: Version = Field(default="3.19.0", description="the Helm release, as in '3.19.0'")
    cilium_version: Version = Field(default="1.18.4", description="the Cilium chart's release, as in '1.18.4'")
    pause_version: str = Field(
        default="3.10", pattern=r"^[0-9]+\.[0-9]+(\.[0-9]+)?$", description="the tag of the pause image, as in '3.10'"
    )
    control_plane_endpoint: Endpoint = Field(
        default="k8s-api:6443",
        description="the API's name and port, as in 'k8s-api:6443'; an address only where a running cluster has one",
    )
    extra_cert_sans: tuple[SubjectAltName, ...] = Field(
        default=(), strict=False, description="more names and addresses for the API's certificate, a list of text"
    )
    pod_cidr: Cidr = Field(
        default=IPv4Network("10.0.0.0/8"), description="the IPv4 pool pods live in, as in '10.0.0.0/8'"
    )
    pod_cidr_mask_size: int = Field(
        default=24, ge=16, le=28, description="the prefix length of one node's part of the pool, 16 to 28"
    )
    service_cidr: Cidr = Field(
        default=IPv4Network("172.20.0.0/16"),
        description="the services' IPv4 network, /12 to /28, as in '172.20.0.0/16'",
    )
    dns_domain: DnsName = Field(default="cluster.local", description="the cluster's DNS domain, as in 'cluster.local'")
    kube_proxy: Literal["keep", "replace"] = Field(
        default="keep", description="'keep' (kube-proxy serves services) or 'replace' (Cilium does, without kube-proxy)"
    )
    kubelet_config: Values = Field(default={}, description="KubeletConfiguration fields, a mapping")
    kube_proxy_config: Values = Field(default={}, description="KubeProxyConfiguration fields, a mapping")
    kubeadm_ignore_preflight_errors: tuple[str, ...] = Field(
        default=(), strict=False, description="kubeadm checks to ignore, a list of names such as ['NumCPU']"
    )
    containerd_restrict_oom_score_adj: bool = Field(
        default=False, description="true or false: true only where the kernel forbids lowering the OOM score"
    )
    time_sync: bool = Field(default=True, description="true or false: false where somebody else keeps the clock")
    smoke: bool = Field(default=True, description="true or false: false runs no test pods after changes")
    smoke_egress_target: Target | None = Field(
        default=None, description="'host:port' that pods must reach, as in 'example.org:443', or None for no such check"
    )
    preflight_minimum: Annotated[PreflightMinimum, Field(strict=False)] = Field(
        default=PreflightMinimum(), description="the least a host must have: cores, memory_mib, disk_gib"
    )
    token_ttl_minutes: int = Field(
        default=15, ge=5, le=1440, description="how long a join token lives, in minutes, 5 to 1440"
    )

    @field_validator("kubernetes_version")
    @classmethod
    def _kubernetes(cls, value: str) -> str:
        return versions.known_kubernetes(value)

    @field_validator("containerd_version")
    @classmethod
    def _containerd(cls, value: str) -> str:
        return versions.known_containerd(value)

    @field_validator("service_cidr")
    @classmethod
    def _service_size(cls, value: IPv4Network) -> IPv4Network:
        # kube-apiserver takes at most 20 bits of service addresses; the DNS service is the tenth address.
        if not 12 <= value.prefixlen <= 28:
            raise Refusal(f"is a /{value.prefixlen}", "give a network between /12 and /28, as in '172.20.0.0/16'")
        return value

    @model_validator(mode="after")
    def _fits_together(self, info: ValidationInfo) -> ClusterSpec:
        unsure = (info.context or {}).get("unsure", ())
        findings = [found for found in contradictions(self, unsure) if found.severity == "error"]
        if "cilium_extra_values" not in unsure:
            findings += extra_findings(self.cilium_extra_values)
        if not {"pod_cidr", "pod_cidr_mask_size", "service_cidr"}.intersection(unsure):
            # Whether services keep out of the pool is for preflight to say: a cluster that runs already may be so.
            found = check_pool(self.pod_cidr, self.pod_cidr_mask_size, self.service_cidr)
            findings += [finding for finding in found if finding.where == "pod_cidr"]
        if findings:
            raise InvalidInput(findings)
        return self

    @classmethod
    def load(cls, data: Any, where: Mapping[str, str] | None = None) -> ClusterSpec:
        """Read the cluster out of a host's data (pyinfra's ``host.data``) or any mapping.

        Keys of other owners (NodeSpec, pyinfra's connection, kubestead's own) pass; anything else is refused.

        Args:
            data: key to value.
            where: key to the place it was written at, for the findings; the default is the data's own
                ``kubestead_where`` and, for every other key, ``group_data/all.py``.

        Raises:
            InvalidInput: with every finding at once.
        """
        from kubestead.spec.loading import load_cluster  # noqa: PLC0415  (it needs this class)

        return load_cluster(data, where)

    @property
    def kubernetes_minor(self) -> str:
        """``1.31`` of ``1.31.13``."""
        return self.kubernetes_version.rpartition(".")[0]

    @property
    def endpoint_host(self) -> str:
        """The API's DNS name; the address, in a cluster that was built with one."""
        return split_host_port(self.control_plane_endpoint)[0]

    @property
    def endpoint_port(self) -> int:
        """The API's port."""
        return split_host_port(self.control_plane_endpoint)[1]

    @property
    def dns_address(self) -> IPv4Address:
        """The cluster DNS service's address: the tenth of the service CIDR, as kubeadm takes it."""
        return self.service_cidr[10]

    @property
    def pool(self) -> tuple[IPv4Network, ...]:
        """The pod pool as it grew: ``pod_cidr``, then what was added."""
        return (self.pod_cidr, *self.cilium_more_pod_cidrs)

    @property
    def pod_networks(self) -> tuple[IPv4Network, ...]:
        """Every network pods have addresses from."""
        return (*self.pool, *(cidr for pool in self.cilium_pools for cidr in pool.cidrs))

    @property
    def native_cidr(self) -> IPv4Network:
        """With native routing, what is never masqueraded."""
        return self.cilium_native_cidr or self.pod_cidr

    @property
    def tunnel_protocol(self) -> str | None:
        """``vxlan`` or ``geneve``: of the tunnel, or of answers that go straight back; None where neither is."""
        if self.cilium_routing != "native":
            return self.cilium_routing
        return "geneve" if self.cilium_lb_mode != "snat" and self.cilium_lb_dispatch == "geneve" else None

    @property
    def cilium_replaces_kube_proxy(self) -> bool:
        """Whether Cilium serves services and kube-proxy is not installed."""
        return self.kube_proxy == "replace"

    def warnings(self, today: date | None = None) -> list[Finding]:
        """What is worth knowing about this spec though it works; ``today`` is for tests."""
        told = [found for found in contradictions(self) if found.severity == "warning"]
        return [*versions.kubernetes_warnings(self.kubernetes_version, today or date.today()), *told]
