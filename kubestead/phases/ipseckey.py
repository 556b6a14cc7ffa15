"""Cilium's keys for encryption, as far as they are ours."""

from __future__ import annotations

from pyinfra import host
from pyinfra.api import DeployError

from kubestead.operations.ipseckey import ipsec_key
from kubestead.phases.topology import first_control_plane
from kubestead.spec import ClusterSpec

NAME = "Key for IPsec"


def have_key(spec: ClusterSpec) -> None:
    """Before agents need it: they do not start without the Secret. Nothing where IPsec was not chosen."""
    if spec.cilium_encryption == "ipsec":
        ipsec_key(name=NAME)


def cilium_keys(spec: ClusterSpec) -> None:
    """The key, made where it is missing; with ``--data rotate=true`` the next one in its place.

    Raises:
        DeployError: IPsec was not chosen.
    """
    if spec.cilium_encryption != "ipsec":
        raise DeployError(
            f"{first_control_plane().name}: cilium_encryption is {spec.cilium_encryption!r}, and only 'ipsec' has a "
            "key of ours; WireGuard's are Cilium's own business"
        )
    ipsec_key(name=NAME, rotate=bool(host.data.get("rotate", False)))
