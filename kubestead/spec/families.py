"""Which IP families pods and services have. Nodes are known by their IPv4 addresses whatever is chosen."""

from __future__ import annotations

from ipaddress import IPv6Network
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, field_validator

from kubestead.validation import Refusal


def _network(value: Any) -> IPv6Network:
    if isinstance(value, IPv6Network):
        return value
    try:
        text = value if isinstance(value, str) and "/" in value and "%" not in value else ""
        network = IPv6Network(text, strict=False)
    except ValueError:
        raise Refusal("is not an IPv6 network") from None
    if IPv6Network((network.network_address, 128)) != IPv6Network(text.partition("/")[0]):
        raise Refusal(f"has host bits set: it begins at {network.network_address}", f"write '{network}'")
    if network.prefixlen < 8 or network.is_multicast or network.is_link_local or network.is_loopback:
        raise Refusal("is not a network for unicast traffic", "take one from fd00::/8")
    return network


def _families(value: Any) -> Any:
    if value == "ipv6":
        raise Refusal("is not offered: nodes are known by IPv4 addresses here", "write 'dual' for both")
    return value


Cidr6 = Annotated[IPv6Network, BeforeValidator(_network), PlainSerializer(str)]


class Families(BaseModel):
    """The part of :class:`kubestead.spec.ClusterSpec` about IPv6."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    ip_families: Annotated[Literal["ipv4", "dual"], BeforeValidator(_families)] = Field(
        default="ipv4", description="addresses of pods and services: 'ipv4', or 'dual' (IPv4 and IPv6)"
    )
    pod_cidr_v6: Cidr6 = Field(
        default=IPv6Network("fd00:10::/48"), description="with dual, the IPv6 pool of pods, as in 'fd00:10::/48'"
    )
    pod_cidr_v6_mask_size: int = Field(
        default=64, ge=48, le=124, description="with dual, the prefix length of one node's part, 48 to 124"
    )
    service_cidr_v6: Cidr6 = Field(
        default=IPv6Network("fd00:96::/112"), description="with dual, the services' IPv6 network, /108 to /124"
    )

    @field_validator("service_cidr_v6")
    @classmethod
    def _service_size_v6(cls, value: IPv6Network) -> IPv6Network:
        # kube-apiserver takes at most 20 bits of service addresses.
        if not 108 <= value.prefixlen <= 124:
            raise Refusal(f"is a /{value.prefixlen}", "give a network between /108 and /124, as in 'fd00:96::/112'")
        return value

    @property
    def dual(self) -> bool:
        """Whether pods and services have IPv6 addresses too."""
        return self.ip_families == "dual"
