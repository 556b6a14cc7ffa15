"""Reset a worker and join it again under the same name; its Node object stays, and with it labels and taints.

pyinfra inventory/lab.py deploys/rejoin.py --limit k8s-worker1
"""

from pyinfra import host

from kubestead.operations.remedies import rejoin
from kubestead.phases.load import load_spec
from kubestead.phases.topology import asked_control_plane, node_address
from kubestead.spec import NodeSpec

rejoin(
    name="Rejoin",
    spec=load_spec(),
    node_spec=NodeSpec.load(host.data, host.name),
    node_address=node_address(host),
    control_plane=asked_control_plane(),
    force=bool(host.data.get("force", False)),
    _serial=True,
)
