"""Reset: nodes back out of Kubernetes, only when the operator named the cluster."""

from __future__ import annotations

from pyinfra import host
from pyinfra.api import DeployError
from pyinfra.api.deploy import deploy

from kubestead.operations.reset import reset_node
from kubestead.spec import ClusterSpec


@deploy("Reset")
def reset(spec: ClusterSpec) -> None:
    """Reset the present host.

    Raises:
        DeployError: the run was not given ``--data confirm=<cluster_name>``; nothing was touched.
    """
    confirmed = host.data.get("confirm")
    if confirmed != spec.cluster_name:
        raise DeployError(
            f"reset deletes the cluster {spec.cluster_name!r} from the hosts of this run; "
            f"say so with --data confirm={spec.cluster_name} (given: {confirmed!r}); nothing was touched"
        )
    reset_node(name="Out of the cluster")
