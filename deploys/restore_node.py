"""Put back what this toolkit installs on a node: configuration, binaries, packages, settings; then watch it come back.

pyinfra inventory/lab.py deploys/restore_node.py --limit k8s-worker1
"""

from pyinfra import host

from kubestead.phases.load import load_spec
from kubestead.phases.restore import restore_node

restore_node(load_spec(), force=bool(host.data.get("force", False)))
