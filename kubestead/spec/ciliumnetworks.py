"""Addresses Cilium gives to pods and services, and how others learn of them: pools, announcements, BGP."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    field_validator,
    model_validator,
)

from kubestead.spec.fields import Cidr, DnsName, Ipv4, ipv4_address, ipv4_network, is_ipv4
from kubestead.validation import Refusal

Labels = dict[str, str]
_RANGE_PARTS = 2
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class HasName(Protocol):
    """What is told apart by its name."""

    @property
    def name(self) -> str: ...


Named = TypeVar("Named", bound=HasName)


def _regex(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise Refusal(f"is not a regular expression ({error})", "write one, as in '^eth[0-9]+$'") from None
    return value


def _name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise Refusal("is not 1 to 63 lower-case letters, digits and '-', beginning and ending with a letter or digit")
    return value


# Names that are put together with a dot between, and labels.
Name = Annotated[str, AfterValidator(_name)]


def named_once(values: tuple[Named, ...]) -> tuple[Named, ...]:
    """Each of them has a name of its own: of two with one name the chart and the API take the last.

    Raises:
        Refusal: a name is there twice.
    """
    names = [one.name for one in values]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise Refusal(f"names {', '.join(twice)} more than once", "give each a name of its own")
    return values


def _block(value: Any) -> Any:
    """``10.9.0.0/28``, one address, or the first and the last one of a range with ``-`` between."""
    if not isinstance(value, str):
        raise Refusal("must be text in quotes")
    if "/" in value:
        return str(ipv4_network(value))
    ends = [part.strip() for part in value.split("-")]
    if len(ends) > _RANGE_PARTS or not all(map(is_ipv4, ends)):
        raise Refusal("is neither a network, an address, nor a range", "write '10.9.0.0/28' or '10.9.0.10-10.9.0.20'")
    addresses = [ipv4_address(end) for end in ends]
    if addresses[0] > addresses[-1]:
        raise Refusal("ends before it begins", f"write '{addresses[-1]}-{addresses[0]}'")
    return "-".join(map(str, addresses))


class PodPool(_Model):
    """A pool of pod addresses beside the default one; a pod or namespace asks for it by ``ipam.cilium.io/ip-pool``."""

    name: DnsName = Field(description="the pool's name, as in 'green'")
    cidrs: tuple[Cidr, ...] = Field(strict=False, min_length=1, description="its networks, a list")
    mask_size: int = Field(default=27, ge=16, le=32, description="the prefix length of a node's part, 16 to 32")

    @field_validator("name")
    @classmethod
    def _own_name(cls, value: str) -> str:
        if value == "default":
            raise Refusal("is the pool that pod_cidr makes", "take another name")
        return value

    @model_validator(mode="after")
    def _holds_parts(self) -> PodPool:
        small = [str(cidr) for cidr in self.cidrs if cidr.prefixlen > self.mask_size]
        if small:
            fix = f"give larger networks, or write a mask_size of {max(cidr.prefixlen for cidr in self.cidrs)} or more"
            raise Refusal(f"has networks that hold no node's part of /{self.mask_size}: {', '.join(small)}", fix)
        return self


class LoadBalancerPool(_Model):
    """Addresses that services of type LoadBalancer get."""

    name: DnsName = Field(description="the pool's name, as in 'lan'")
    blocks: tuple[Annotated[str, BeforeValidator(_block)], ...] = Field(
        strict=False, min_length=1, description="networks, addresses or ranges, a list such as ['10.9.0.10-10.9.0.20']"
    )
    services: Labels = Field(default={}, description="labels of the services it is for, a mapping; empty: all")
    first_and_last: bool = Field(default=False, description="true: a network's first and last address are given too")


class L2Announcement(_Model):
    """Nodes that answer ARP for services' addresses, each service by one node at a time."""

    name: DnsName = Field(description="the announcement's name, as in 'lan'")
    interfaces: tuple[Annotated[str, AfterValidator(_regex)], ...] = Field(
        default=(), strict=False, description="the links, a list of regular expressions; empty: all"
    )
    services: Labels = Field(default={}, description="labels of the services, a mapping; empty: all")
    nodes: Labels = Field(default={}, description="labels of the nodes, a mapping; empty: all but control planes")
    external_ips: bool = Field(default=False, description="true: services' externalIPs too")


class BgpPeer(_Model):
    """A router."""

    name: Name = Field(description="the peer's name, as in 'tor1'")
    address: Ipv4 = Field(description="its IPv4 address")
    asn: int = Field(ge=1, le=4294967295, description="its AS number")
    password_file: Annotated[Path, PlainSerializer(str)] | None = Field(
        default=None, strict=False, description="a file here with the session's password, mode 0600"
    )
    multihop: int = Field(default=1, ge=1, le=255, description="how many hops away it may be, 1 to 255")
    hold_seconds: int = Field(default=9, ge=3, le=65535, description="silence after which it is given up, from 3")
    restart_seconds: int = Field(
        default=0,
        ge=0,
        le=4095,
        description="how long it keeps routes of a node whose agent restarts; 0: not at all",
    )


class BgpInstance(_Model):
    """What a set of nodes speaks: an AS number, its peers, and what is told them."""

    name: Name = Field(description="the instance's name, as in 'lab'")
    asn: int = Field(ge=1, le=4294967295, description="the nodes' AS number")
    peers: tuple[BgpPeer, ...] = Field(strict=False, min_length=1, description="the routers, a list of mappings")
    nodes: Labels = Field(default={}, description="labels of the nodes, a mapping; empty: all")
    services: Labels = Field(default={}, description="labels of the services, a mapping; empty: all")
    advertise: tuple[Literal["pods", "load-balancers", "cluster-ips", "external-ips"], ...] = Field(
        default=("pods", "load-balancers"), strict=False, min_length=1,
        description="what is told: 'pods', 'load-balancers', 'cluster-ips', 'external-ips', a list",
    )  # fmt: skip

    @field_validator("peers")
    @classmethod
    def _peers_named_once(cls, value: tuple[BgpPeer, ...]) -> tuple[BgpPeer, ...]:
        return named_once(value)
