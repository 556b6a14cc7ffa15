"""The types of the spec's values: each refuses what cannot work and says what to write instead."""

from __future__ import annotations

import ipaddress
import re
from ipaddress import IPv4Address, IPv4Network
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, PlainSerializer

from kubestead.validation import Refusal

_VERSION = re.compile(r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)")
_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_CLUSTER_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?")
# Where no host and no pod lives: this network, loopback, link-local, multicast and all above it (RFC 6890).
_NO_UNICAST = tuple(map(IPv4Network, ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3")))


def is_address(text: str) -> bool:
    """Whether a text is an IPv4 or IPv6 address (without a zone, which means something on one machine only)."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text


def is_ipv4(text: str) -> bool:
    """Whether a text is an IPv4 address."""
    return is_address(text) and ":" not in text


def is_dns_name(text: str) -> bool:
    """Whether a text is a DNS name as Kubernetes takes it: lower-case labels of up to 63 characters, 253 in all."""
    return len(text) <= 253 and all(_DNS_LABEL.fullmatch(part) for part in text.split(".")) and not is_address(text)


def _version(value: str) -> str:
    if _VERSION.fullmatch(value):
        return value
    bare = value.removeprefix("v")
    if _VERSION.fullmatch(bare):
        raise Refusal("has a 'v' in front", f"write '{bare}'")
    raise Refusal("is not a full release version", "write MAJOR.MINOR.PATCH, as in '1.31.13'")


def ipv4_network(value: Any) -> IPv4Network:
    """A network of unicast addresses, without host bits; raises Refusal for anything else."""
    if isinstance(value, IPv4Network):
        return value
    if not isinstance(value, str):
        raise Refusal("must be an IPv4 network, as text in quotes")
    address, slash, prefix = value.partition("/")
    if not slash:
        raise Refusal("has no prefix length")
    try:
        network = IPv4Network(value, strict=False)
    except ValueError:
        raise Refusal("is not an IPv4 network") from None
    if not prefix.isascii() or not prefix.isdigit():
        raise Refusal("must end in a prefix length, not a mask", f"write '{network}'")
    if str(network.network_address) != address:
        # Cilium takes such a pool and drops the host bits without a word: cilium #13955.
        raise Refusal(
            f"has host bits set: a /{network.prefixlen} begins at {network.network_address}", f"write '{network}'"
        )
    if any(network.overlaps(none) for none in _NO_UNICAST):
        raise Refusal(
            "is not a network for unicast traffic, or holds one that is not",
            "take one from 10.0.0.0/8, 172.16.0.0/12 or 100.64.0.0/10",
        )
    return network


def ipv4_address(value: Any) -> IPv4Address:
    """An address a machine can have; raises Refusal for anything else."""
    if isinstance(value, IPv4Address):
        return value
    try:
        address = IPv4Address(value if isinstance(value, str) else "")
    except ValueError:
        raise Refusal("is not an IPv4 address", "write four numbers with dots, as in '192.168.1.187'") from None
    if any(address in none for none in _NO_UNICAST):
        raise Refusal("is no address of a machine on a network", "write the one the other nodes reach it by")
    return address


def _dns_name(value: str) -> str:
    if not is_dns_name(value):
        raise Refusal("is not a DNS name (lower-case letters, digits, '-' and '.')")
    return value


def _san(value: str) -> str:
    if not is_address(value) and not is_dns_name(value.removeprefix("*.")):
        raise Refusal("is neither a DNS name nor an IP address")
    return value


def _cluster_name(value: str) -> str:
    if not _CLUSTER_NAME.fullmatch(value):
        # 32 characters is Cilium's limit for cluster.name.
        raise Refusal("is not 1 to 32 lower-case letters, digits and '-', beginning and ending with a letter or digit")
    return value


def split_host_port(value: str) -> tuple[str, int]:
    """``name:port`` as a pair.

    Raises:
        Refusal: it has no port, or one outside 1 to 65535.
    """
    host, colon, port = value.rpartition(":")
    if not colon or not host:
        raise Refusal("has no port", "write 'name:port', as in 'k8s-api:6443'")
    if not (port.isascii() and port.isdigit() and len(port) <= 5) or not 1 <= int(port) <= 65535:
        raise Refusal(f"has port {port!r}", "give a port from 1 to 65535")
    return host, int(port)


def _endpoint(value: str) -> str:
    host, port = split_host_port(value)
    if is_address(host.strip("[]")) and not is_ipv4(host):
        raise Refusal("is an IPv6 address", f"write a name, as in 'k8s-api:{port}'")
    # An IPv4 address passes: clusters were built so, and it cannot be changed. Preflight refuses it for a new one.
    if not is_dns_name(host) and not is_address(host):
        raise Refusal(f"has host {host!r}, which is not a DNS name", f"write a name, as in 'k8s-api:{port}'")
    return value


def _target(value: str) -> str:
    host, _ = split_host_port(value)
    if not is_address(host.strip("[]")) and not is_dns_name(host):
        raise Refusal(f"has host {host!r}, which is neither a DNS name nor an address")
    return value


def _url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme != "https" or not parts.hostname or parts.path.strip("/"):
        raise Refusal("is not the address of an API server", "write 'https://ADDRESS:PORT'")
    return value


Version = Annotated[str, AfterValidator(_version)]
Cidr = Annotated[IPv4Network, BeforeValidator(ipv4_network), PlainSerializer(str)]
Ipv4 = Annotated[IPv4Address, BeforeValidator(ipv4_address), PlainSerializer(str)]
DnsName = Annotated[str, AfterValidator(_dns_name)]
SubjectAltName = Annotated[str, AfterValidator(_san)]
ClusterName = Annotated[str, AfterValidator(_cluster_name)]
Endpoint = Annotated[str, AfterValidator(_endpoint)]
Url = Annotated[str, AfterValidator(_url)]
Target = Annotated[str, AfterValidator(_target)]
