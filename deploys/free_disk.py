"""Free what a node can have again: unused images, old journals, apt's archives; say what is left.

pyinfra inventory/lab.py deploys/free_disk.py --limit k8s-worker1
"""

from pyinfra import host

from kubestead.operations.remedies import free_disk
from kubestead.phases.run import begin_run
from kubestead.phases.topology import asked_control_plane

begin_run()
free_disk(name="Free the disk", control_plane=asked_control_plane(), force=bool(host.data.get("force", False)))
