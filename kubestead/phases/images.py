"""Images pulled while the control plane starts, on every host that will need them."""

from __future__ import annotations

from pyinfra import host
from pyinfra.api.deploy import deploy

from kubestead.images import control_plane_images, node_images
from kubestead.operations.images import start_pulling
from kubestead.phases.known import membership
from kubestead.phases.sources import Sources
from kubestead.phases.topology import CONTROL_PLANE, in_group
from kubestead.spec import ClusterSpec


@deploy("Images")
def start_pulling_images(spec: ClusterSpec) -> None:
    """Start the pulls on hosts that are no members yet; the kubelet of a member pulls what it misses by itself."""
    if membership(host).joined:
        return
    catalog = Sources.of(host).catalog
    if in_group(CONTROL_PLANE):
        start_pulling(
            name="Pull the control plane's images in the background",
            purpose="control-plane",
            names=control_plane_images(spec),
            catalog=catalog,
        )
    start_pulling(
        name="Pull the node's images in the background",
        purpose="node",
        names=node_images(spec),
        catalog=catalog,
        after="control-plane" if in_group(CONTROL_PLANE) else None,
    )
