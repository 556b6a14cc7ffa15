"""The key of Cilium's IPsec: made where it is missing, replaced by the next one on demand. `--limit k8s-cp` will do.

pyinfra inventory/lab.py deploys/cilium_keys.py --data rotate=true
"""

from kubestead.phases.ipseckey import cilium_keys
from kubestead.phases.load import load_spec
from kubestead.phases.topology import is_first_control_plane
from kubestead.phases.verify import require_control_plane

spec = load_spec()
require_control_plane()
if is_first_control_plane():
    cilium_keys(spec)
