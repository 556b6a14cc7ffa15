"""Is the cluster well? Nodes, system pods, and the full smoke with real pods.

pyinfra inventory/lab.py deploys/verify.py
"""

from kubestead.phases.load import load_spec
from kubestead.phases.topology import is_first_control_plane
from kubestead.phases.verify import require_control_plane, verify

require_control_plane()
if is_first_control_plane():
    verify(load_spec())
