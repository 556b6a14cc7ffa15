"""From bare hosts to a healthy cluster; run again, it changes nothing.

pyinfra inventory/lab.py deploys/cluster.py
"""

from kubestead.operations.flow import barrier
from kubestead.phases.cilium import install_cilium
from kubestead.phases.containerd import install_containerd
from kubestead.phases.control_plane import close_the_door, open_the_door, start_control_plane
from kubestead.phases.host import prepare_host
from kubestead.phases.images import start_pulling_images
from kubestead.phases.nodes import mark_nodes
from kubestead.phases.packages import install_kubernetes_packages
from kubestead.phases.preflight import preflight
from kubestead.phases.topology import in_group, is_first_control_plane
from kubestead.phases.verify import verify
from kubestead.phases.workers import join_worker

spec = preflight()
prepare_host(spec)
install_containerd(spec)
start_pulling_images(spec)
install_kubernetes_packages(spec)
barrier(name="every host is prepared")

if is_first_control_plane():
    start_control_plane(spec)
    install_cilium(spec)
    open_the_door(spec)
barrier(name="the API answers")

if in_group("workers"):
    join_worker(spec)
barrier(name="every node has joined")

if is_first_control_plane():
    close_the_door()
    mark_nodes()
    verify(spec, only_if_changed=True)
