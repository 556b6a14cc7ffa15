"""The control plane: kubeadm init on the first host, the kubeconfig for the operator, the token for those who join."""

from __future__ import annotations

from pyinfra import host
from pyinfra.api.deploy import deploy

from kubestead.membership import Membership
from kubestead.operations import api, kubeadm
from kubestead.operations.kubeconfig import fetch_kubeconfig
from kubestead.phases.known import facts_of, membership
from kubestead.phases.running import newly_answered
from kubestead.phases.topology import CONTROL_PLANE, WORKERS, group, node_address, present
from kubestead.render import render
from kubestead.spec import ClusterSpec

KUBECONFIG = ".kubestead/kubeconfig"
# A control plane of two cores answers 20 s after its SSH does; the kubelet may wait five minutes for what failed.
API_SECONDS = 300


@deploy("Control plane")
def start_control_plane(spec: ClusterSpec) -> None:
    """Start the cluster where there is none, and fetch its kubeconfig."""
    address = node_address(host)
    kubeadm.initialise(
        name="kubeadm init",
        configuration=init_configuration(spec, host.name, address),
        endpoint=spec.control_plane_endpoint,
        control_planes={node.name: membership(node) for node in group(CONTROL_PLANE)},
        workers=_workers(),
    )
    api.ready(name="The API server answers", within_seconds=API_SECONDS, compare=lambda: newly_answered(spec))
    fetch_kubeconfig(name=f"Kubeconfig to {KUBECONFIG}", destination=KUBECONFIG, server=f"https://{address}:6443")


def _workers() -> dict[str, Membership]:
    """What workers say of their membership; one that --limit or --exclude leaves out may be dead, and is not needed."""
    own = membership(host)
    if own.is_control_plane and own.interrupted is None:
        return {node.name: membership(node) for node in present(WORKERS)}
    answers = facts_of(group(WORKERS))
    return {
        name: info.files.membership
        for name, answer in answers.items()
        if (info := answer.info) and info.files.membership
    }


def init_configuration(spec: ClusterSpec, node_name: str, address: str) -> str:
    """kubeadm's configuration file for the first control plane."""
    return render(
        "kubeadm-init.yaml.j2",
        spec=spec,
        node_name=node_name,
        node_address=address,
        cert_sans=[spec.endpoint_host, address, *spec.extra_cert_sans],
        kubelet_config={"cgroupDriver": "systemd", **spec.kubelet_config},
        kube_proxy_config=dict(spec.kube_proxy_config),
    )


def somebody_will_join() -> bool:
    """Whether a worker of this run is not yet a node; then a token is needed."""
    return any(not membership(node).joined for node in present(WORKERS))


@deploy("Control plane")
def open_the_door(spec: ClusterSpec) -> None:
    """Mint a short-lived join token, if somebody will join."""
    if somebody_will_join():
        kubeadm.mint_token(name="Short-lived join token", ttl_minutes=spec.token_ttl_minutes)


@deploy("Control plane")
def close_the_door() -> None:
    """Delete the token this run minted."""
    if somebody_will_join():
        kubeadm.delete_token(name="Join token deleted")
