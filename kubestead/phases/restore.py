"""A node put back as this toolkit installs it: by the phases of cluster.py, and by what they take for granted."""

from __future__ import annotations

from pyinfra import host, state
from pyinfra.api import DeployError
from pyinfra.api.deploy import deploy

from kubestead.facts.running_cluster import RunningClusterFacts
from kubestead.images import K8S
from kubestead.inventory import explained
from kubestead.operations.remedies import restart_kubelet, restore
from kubestead.phases.containerd import install_containerd, sandbox_image
from kubestead.phases.gather import fact_of, once
from kubestead.phases.host import prepare_host
from kubestead.phases.packages import REPOSITORY, install_kubernetes_packages
from kubestead.phases.sources import Sources
from kubestead.phases.topology import asked_control_plane, node_address
from kubestead.render import render
from kubestead.spec import ClusterSpec


@deploy("Restore")
def restore_node(spec: ClusterSpec, force: bool = False) -> None:
    """Put back on the present host whatever is not as it was installed, and start again what that touches.

    Configuration, binaries by their digests, packages by their files, CNI plugins, units, kernel settings, no swap, the
    keeper of the clock, the sandbox image; then the kubelet's configuration from the cluster and its flags.

    Args:
        spec: the cluster.
        force: restart the kubelet even where nothing was amiss.

    Raises:
        DeployError: the catalog cannot be read, or nobody can tell whose cluster this is.
    """
    control_plane = asked_control_plane()
    cluster, failed = once("running cluster", lambda: fact_of(control_plane, RunningClusterFacts))
    if cluster is None:
        reason = failed.reason if failed else "it holds no cluster"
        raise DeployError(
            f"{control_plane.name}: must say what the node should be like, and cannot: {reason}; "
            f"see whether it is well: pyinfra INVENTORY deploys/verify.py"
        )
    with explained(DeployError):
        catalog = Sources.of(host).catalog
    restore.startable(name="Services can be started")
    prepare_host(spec=spec)
    install_containerd(spec=spec)
    restore.image_present(name="Sandbox image", image_name=f"{K8S}/pause", catalog=catalog)
    install_kubernetes_packages(spec=spec, kubelet_runs=False)
    restore.packages_whole(
        name="Kubernetes packages are whole", packages=catalog.apt[REPOSITORY].packages, source_name=REPOSITORY
    )
    flags = render("kubeadm-flags.env.j2", node_address=node_address(host), sandbox_image=sandbox_image(spec))
    restore.kubelet_files(
        name="kubelet's configuration and flags",
        control_plane=control_plane,
        flags=flags,
        keep_flags=not cluster.built_here,
    )
    restart_kubelet(name="The node comes back", control_plane=control_plane, force=force, force_if=_anything_changed)


def _anything_changed() -> bool:
    """Whether an operation of this run has changed anything on the present host."""
    own = [operations for node, operations in state.ops.items() if node.name == host.name]
    metas = [data.operation_meta for operations in own for data in operations.values()]
    return any(meta.is_complete() and meta.did_change() for meta in metas)
