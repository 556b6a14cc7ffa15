"""Host preparation: what the kernel and the base system must be like before Kubernetes comes."""

from __future__ import annotations

from pyinfra.api.deploy import deploy

from kubestead.operations import kernel, network
from kubestead.operations.files import name_in_etc_hosts
from kubestead.operations.timesync import time_synchronised
from kubestead.phases.running import built_elsewhere
from kubestead.phases.topology import first_control_plane_address
from kubestead.spec import ClusterSpec
from kubestead.spec.fields import is_address

MODULES = ("overlay", "br_netfilter")

# inotify: a node of many pods meets the default of 128 instances (k0s #8113). bridge-nf-call and ip_forward: kubeadm's
# preflight. rp_filter is left to Cilium's own sysctl fix.
SETTINGS = {
    "net.bridge.bridge-nf-call-iptables": "1",
    "net.bridge.bridge-nf-call-ip6tables": "1",
    "net.ipv4.ip_forward": "1",
    "fs.inotify.max_user_instances": "8192",
    "fs.inotify.max_user_watches": "524288",
}


@deploy("Host")
def prepare_host(spec: ClusterSpec) -> None:
    """Kernel modules and settings, no swap, the control plane's name, the network manager's manners, a kept clock."""
    kernel.modules(name="Kernel modules", names=MODULES)
    kernel.settings(name="Kernel settings", values=SETTINGS)
    kernel.no_swap(name="No swap")
    if not is_address(spec.endpoint_host):
        name_in_etc_hosts(
            name="Name of the control plane",
            host_name=spec.endpoint_host,
            address=first_control_plane_address(),
            unless_known=built_elsewhere(),
        )
    network.leave_foreign_routes_alone(name="systemd-networkd leaves Cilium's routes alone")
    if spec.time_sync:
        time_synchronised(name="Time synchronisation")
