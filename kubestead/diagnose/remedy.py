"""What may be done about a cause, least first, and what a person does where nothing of it may or did help."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from kubestead.diagnose.cause import Cause


class Remedy(str, Enum):
    """A remedy; its value is the deploy of that name, but for those of a host that SSH cannot reach, the last two."""

    RESTART_KUBELET = "restart_kubelet"
    RESTART_CONTAINERD = "restart_containerd"
    RESTORE_NODE = "restore_node"
    RENEW_KUBELET_CERTIFICATE = "renew_kubelet_certificate"
    RESTART_CILIUM = "restart_cilium"
    FREE_DISK = "free_disk"
    REBOOT = "reboot"
    REJOIN = "rejoin"
    POWER_CYCLE = "power_cycle"
    OUT_OF_SERVICE = "out_of_service"

    def __str__(self) -> str:
        return self.value


R = Remedy
# A diagnosis may leave rungs out that cannot help in its very case; it never adds one. Reboot and rejoin stand only
# where they can put something right: neither frees a disk, mends a file that is read again at the next start, nor
# reaches an API behind a cut network.
LADDER: Mapping[Cause, tuple[Remedy, ...]] = {
    Cause.HOST_OFF: (R.POWER_CYCLE, R.OUT_OF_SERVICE),
    Cause.HOST_UNREACHABLE: (R.POWER_CYCLE,),
    # The kernel does this when a disk fails: a reboot may not come back, and what is on it may be all that is left.
    Cause.DISK_READ_ONLY: (),
    Cause.DISK_FULL: (R.FREE_DISK,),
    Cause.INODES_EXHAUSTED: (R.FREE_DISK,),
    Cause.CLOCK_SKEWED: (R.RESTORE_NODE,),
    Cause.SWAP_ON: (R.RESTORE_NODE,),
    Cause.CONTAINERD_BINARY_MISSING: (R.RESTORE_NODE,),
    Cause.CONTAINERD_BAD_CONFIG: (R.RESTORE_NODE,),
    Cause.CONTAINERD_FROZEN: (R.RESTART_CONTAINERD, R.REBOOT),
    Cause.CONTAINERD_STOPPED: (R.RESTART_CONTAINERD, R.RESTORE_NODE, R.REBOOT),
    Cause.CONTAINERD_CRASHING: (R.RESTART_CONTAINERD, R.RESTORE_NODE, R.REBOOT),
    Cause.KUBELET_BINARY_MISSING: (R.RESTORE_NODE,),
    Cause.KUBELET_MASKED: (R.RESTART_KUBELET, R.RESTORE_NODE),
    Cause.KUBELET_STOPPED: (R.RESTART_KUBELET, R.RESTORE_NODE, R.REBOOT),
    Cause.KUBELET_FROZEN: (R.RESTART_KUBELET, R.REBOOT),
    Cause.CGROUP_DRIVER_MISMATCH: (R.RESTORE_NODE,),
    Cause.KUBELET_BAD_CONFIG: (R.RESTORE_NODE, R.REJOIN),
    Cause.KUBELET_BAD_FLAGS: (R.RESTORE_NODE, R.REJOIN),
    Cause.CA_REPLACED: (R.RENEW_KUBELET_CERTIFICATE, R.REJOIN),
    Cause.KUBELET_CERTIFICATE_EXPIRED: (R.RENEW_KUBELET_CERTIFICATE, R.REJOIN),
    Cause.KUBELET_CERTIFICATE_BROKEN: (R.RENEW_KUBELET_CERTIFICATE, R.REJOIN),
    Cause.KUBELET_CRASHING: (R.RESTART_KUBELET, R.RESTORE_NODE, R.REBOOT, R.REJOIN),
    # Renewing every certificate of a cluster is a person's decision.
    Cause.CONTROL_PLANE_CERTIFICATES_EXPIRED: (),
    # Its manifests are kubeadm's, and a person's to change: a missing one was taken away by somebody.
    Cause.ETCD_DOWN: (R.RESTART_KUBELET,),
    Cause.API_SERVER_DOWN: (R.RESTART_KUBELET,),
    Cause.API_UNREACHABLE: (Remedy.RESTORE_NODE,),
    # A kubelet registers its node when it starts, and only then.
    Cause.NODE_DELETED: (R.RESTART_KUBELET, R.REJOIN),
    Cause.SANDBOX_IMAGE_MISSING: (R.RESTORE_NODE,),
    Cause.CNI_BINARY_MISSING: (R.RESTART_CILIUM, R.RESTORE_NODE),
    Cause.CNI_CONFIG_MISSING: (R.RESTART_CILIUM, R.RESTORE_NODE),
    Cause.CILIUM_AGENT_NOT_READY: (R.RESTART_CILIUM, R.REBOOT),
    Cause.MEMORY_PRESSURE: (),
    Cause.PID_PRESSURE: (),
    Cause.CILIUM_OPERATOR_PENDING: (),
    # Only while the power is proven off: else two copies of a pod could write the same data.
    Cause.PODS_TERMINATING: (R.OUT_OF_SERVICE,),
    Cause.CORDONED: (),
    Cause.UNKNOWN: (),
    Cause.HEALTHY: (),
}

_KUBECTL = "sudo kubectl --kubeconfig /etc/kubernetes/admin.conf"
_KUBELET_LOG = "on {node}: sudo journalctl -u kubelet -n 50"
_CONTAINERD_LOG = "on {node}: sudo journalctl -u containerd -n 50"
_STATIC_PODS = "on {node}: ls /etc/kubernetes/manifests; sudo ctr -n k8s.io tasks ls; sudo journalctl -u kubelet -n 50"
# What a person looks at or runs next when the ladder is empty or came to its end; ``{node}`` is the node's name.
hand_over: Mapping[Cause, str] = {
    Cause.HOST_OFF: "switch {node} on; if it is gone for good: " + _KUBECTL + " delete node {node}",
    Cause.HOST_UNREACHABLE: "look at {node}'s console, cable and switch port; then: ssh {node}",
    Cause.DISK_READ_ONLY: "on {node}: sudo dmesg | grep -iE 'remount|I/O error|EXT4-fs error|XFS'; then replace the "
    "disk or check the file system offline (fsck)",
    Cause.DISK_FULL: "on {node}: sudo du -xh --max-depth=3 /var | sort -h | tail -20",
    Cause.INODES_EXHAUSTED: "on {node}: sudo du -x --inodes --max-depth=4 /var | sort -n | tail -20",
    Cause.CLOCK_SKEWED: "on {node}: timedatectl; chronyc tracking",
    Cause.SWAP_ON: "on {node}: cat /proc/swaps /etc/fstab; sudo swapoff --all",
    Cause.CONTAINERD_BINARY_MISSING: "pyinfra INVENTORY deploys/restore_node.py --limit {node}",
    Cause.CONTAINERD_BAD_CONFIG: "on {node}: containerd config dump",
    Cause.CONTAINERD_FROZEN: _CONTAINERD_LOG,
    Cause.CONTAINERD_STOPPED: "on {node}: systemctl status containerd",
    Cause.CONTAINERD_CRASHING: _CONTAINERD_LOG,
    Cause.KUBELET_BINARY_MISSING: "pyinfra INVENTORY deploys/restore_node.py --limit {node}",
    Cause.KUBELET_MASKED: "on {node}: systemctl status kubelet",
    Cause.KUBELET_STOPPED: "on {node}: systemctl status kubelet",
    Cause.KUBELET_FROZEN: "on {node}: systemctl status kubelet; sudo journalctl -u kubelet -n 50",
    Cause.CGROUP_DRIVER_MISMATCH: "on {node}: grep cgroupDriver /var/lib/kubelet/config.yaml; "
    "containerd config dump | grep SystemdCgroup",
    Cause.KUBELET_BAD_CONFIG: "on {node}: sudo cat /var/lib/kubelet/config.yaml; sudo journalctl -u kubelet -n 50",
    Cause.KUBELET_BAD_FLAGS: "on {node}: cat /var/lib/kubelet/kubeadm-flags.env /etc/default/kubelet; "
    "sudo journalctl -u kubelet -n 50",
    Cause.CA_REPLACED: "compare on {node} and on a control plane: sha256sum /etc/kubernetes/pki/ca.crt",
    Cause.KUBELET_CERTIFICATE_EXPIRED: "pyinfra INVENTORY deploys/renew_kubelet_certificate.py --limit {node}",
    Cause.KUBELET_CERTIFICATE_BROKEN: "pyinfra INVENTORY deploys/renew_kubelet_certificate.py --limit {node}",
    Cause.KUBELET_CRASHING: _KUBELET_LOG,
    Cause.CONTROL_PLANE_CERTIFICATES_EXPIRED: "on {node}: sudo kubeadm certs check-expiration; then: sudo kubeadm "
    "certs renew all, and restart the static pods",
    Cause.ETCD_DOWN: _STATIC_PODS,
    Cause.API_SERVER_DOWN: _STATIC_PODS,
    Cause.API_UNREACHABLE: "on {node}: grep server: /etc/kubernetes/kubelet.conf; ip route; sudo iptables -S; then "
    "the switch and the firewalls between {node} and the control plane",
    Cause.NODE_DELETED: "pyinfra INVENTORY deploys/rejoin.py --limit {node}",
    Cause.SANDBOX_IMAGE_MISSING: "pyinfra INVENTORY deploys/restore_node.py --limit {node}",
    Cause.CNI_BINARY_MISSING: "on {node}: ls -l /opt/cni/bin",
    Cause.CNI_CONFIG_MISSING: "on {node}: ls -l /etc/cni/net.d; then the log of its Cilium agent",
    Cause.CILIUM_AGENT_NOT_READY: "on a control plane: "
    + _KUBECTL
    + " -n kube-system describe pods -l k8s-app=cilium --field-selector spec.nodeName={node}",
    Cause.MEMORY_PRESSURE: "on {node}: ps aux --sort=-rss | head -15; then give pods on it memory limits",
    Cause.PID_PRESSURE: "on {node}: ps -eLo user,comm | sort | uniq -c | sort -n | tail -15",
    Cause.CILIUM_OPERATOR_PENDING: "on a control plane: "
    + _KUBECTL
    + " -n kube-system describe pods -l io.cilium/app=operator",
    Cause.PODS_TERMINATING: "make sure {node} is off, then on a control plane: "
    + _KUBECTL
    + " taint node {node} node.kubernetes.io/out-of-service=nodeshutdown:NoExecute",
    Cause.CORDONED: "when the work on it is done, on a control plane: " + _KUBECTL + " uncordon {node}",
    Cause.UNKNOWN: "on {node}: systemctl status kubelet containerd; sudo journalctl -u kubelet -n 50",
    Cause.HEALTHY: "",
}


def advice(cause: Cause, node: str) -> str:
    """The next command for a person; empty for a healthy node."""
    return hand_over[cause].replace("{node}", node)
