"""Network policies of a folder: checked, applied, and what is no longer written removed. `--limit k8s-cp` will do.

pyinfra inventory/lab.py deploys/policies.py [--data policies=FOLDER] [--data state=absent]
"""

from kubestead.phases.policies import apply_policies
from kubestead.phases.run import begin_run
from kubestead.phases.topology import is_first_control_plane
from kubestead.phases.verify import require_control_plane

begin_run()
require_control_plane()
if is_first_control_plane():
    apply_policies()
