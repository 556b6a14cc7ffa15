"""What can be wrong with a node: exactly one of these is reported, the deepest one that explains the rest."""

from __future__ import annotations

from enum import Enum


class Cause(str, Enum):
    """Why a node is not well, in the words audits, metrics and tests use; :attr:`summary` is for people.

    The order is the order of depth: what stands first explains what stands below it. ``unknown`` and ``healthy``
    are what is left when nothing was found, with and without a reason to worry.
    """

    HOST_OFF = "host-off"
    HOST_UNREACHABLE = "host-unreachable"
    DISK_READ_ONLY = "disk-read-only"
    DISK_FULL = "disk-full"
    INODES_EXHAUSTED = "inodes-exhausted"
    MEMORY_PRESSURE = "memory-pressure"
    PID_PRESSURE = "pid-pressure"
    CLOCK_SKEWED = "clock-skewed"
    SWAP_ON = "swap-on"
    CONTAINERD_BINARY_MISSING = "containerd-binary-missing"
    CONTAINERD_BAD_CONFIG = "containerd-bad-config"
    CONTAINERD_FROZEN = "containerd-frozen"
    CONTAINERD_STOPPED = "containerd-stopped"
    CONTAINERD_CRASHING = "containerd-crashing"
    KUBELET_BINARY_MISSING = "kubelet-binary-missing"
    KUBELET_MASKED = "kubelet-masked"
    KUBELET_STOPPED = "kubelet-stopped"
    KUBELET_FROZEN = "kubelet-frozen"
    CGROUP_DRIVER_MISMATCH = "cgroup-driver-mismatch"
    KUBELET_BAD_CONFIG = "kubelet-bad-config"
    KUBELET_BAD_FLAGS = "kubelet-bad-flags"
    CONTROL_PLANE_CERTIFICATES_EXPIRED = "control-plane-certificates-expired"
    CA_REPLACED = "ca-replaced"
    KUBELET_CERTIFICATE_EXPIRED = "kubelet-certificate-expired"
    KUBELET_CERTIFICATE_BROKEN = "kubelet-certificate-broken"
    KUBELET_CRASHING = "kubelet-crashing"
    ETCD_DOWN = "etcd-down"
    API_SERVER_DOWN = "api-server-down"
    API_UNREACHABLE = "api-unreachable"
    NODE_DELETED = "node-deleted"
    SANDBOX_IMAGE_MISSING = "sandbox-image-missing"
    CNI_BINARY_MISSING = "cni-binary-missing"
    CNI_CONFIG_MISSING = "cni-config-missing"
    CILIUM_AGENT_NOT_READY = "cilium-agent-not-ready"
    CILIUM_OPERATOR_PENDING = "cilium-operator-pending"
    PODS_TERMINATING = "pods-terminating"
    CORDONED = "cordoned"
    UNKNOWN = "unknown"
    HEALTHY = "healthy"

    @property
    def summary(self) -> str:
        """One line for a person, without a full stop."""
        return _SUMMARIES[self]

    @property
    def depth(self) -> int:
        """Its place: of two causes found, the one with the smaller depth is reported."""
        return _DEPTHS[self]

    def __str__(self) -> str:
        return self.value


_DEPTHS = {cause: depth for depth, cause in enumerate(Cause)}
_SUMMARIES = {
    Cause.HOST_OFF: "the host is powered off",
    Cause.HOST_UNREACHABLE: "the host cannot be reached",
    Cause.DISK_READ_ONLY: "a file system the node needs is read-only",
    Cause.DISK_FULL: "a file system the node needs is full",
    Cause.INODES_EXHAUSTED: "a file system the node needs has no inodes left",
    Cause.CLOCK_SKEWED: "the host's clock is wrong",
    Cause.SWAP_ON: "swap is on again",
    Cause.CONTAINERD_BINARY_MISSING: "a program of containerd is missing or cannot run",
    Cause.CONTAINERD_BAD_CONFIG: "containerd cannot use its configuration",
    Cause.CONTAINERD_FROZEN: "containerd runs but does not answer",
    Cause.CONTAINERD_STOPPED: "containerd is stopped, disabled or masked",
    Cause.CONTAINERD_CRASHING: "containerd keeps ending",
    Cause.KUBELET_BINARY_MISSING: "the kubelet's program is missing or cannot run",
    Cause.KUBELET_MASKED: "the kubelet is masked",
    Cause.KUBELET_STOPPED: "the kubelet is stopped or disabled",
    Cause.KUBELET_FROZEN: "the kubelet runs but does nothing",
    Cause.CGROUP_DRIVER_MISMATCH: "kubelet and containerd use different cgroup drivers",
    Cause.KUBELET_BAD_CONFIG: "the kubelet cannot use its configuration file",
    Cause.KUBELET_BAD_FLAGS: "the kubelet does not understand its flags",
    Cause.CA_REPLACED: "the node trusts another certificate authority than its cluster's",
    Cause.KUBELET_CERTIFICATE_EXPIRED: "the kubelet's client certificate has expired",
    Cause.KUBELET_CERTIFICATE_BROKEN: "the kubelet's client certificate or kubeconfig cannot be used",
    Cause.KUBELET_CRASHING: "the kubelet keeps ending",
    Cause.CONTROL_PLANE_CERTIFICATES_EXPIRED: "certificates of the control plane have expired",
    Cause.ETCD_DOWN: "etcd does not run or does not answer",
    Cause.API_SERVER_DOWN: "the API server does not run or does not answer",
    Cause.API_UNREACHABLE: "the node cannot reach the API, which answers others",
    Cause.NODE_DELETED: "the node's object is not in the cluster",
    Cause.SANDBOX_IMAGE_MISSING: "the image every pod starts from is missing",
    Cause.CNI_BINARY_MISSING: "a program of the pod network is missing",
    Cause.CNI_CONFIG_MISSING: "the pod network's configuration is missing",
    Cause.CILIUM_AGENT_NOT_READY: "the Cilium agent of the node is not ready",
    Cause.MEMORY_PRESSURE: "the host has no memory to spare",
    Cause.PID_PRESSURE: "the host has no process numbers to spare",
    Cause.CILIUM_OPERATOR_PENDING: "the Cilium operator is not running",
    Cause.PODS_TERMINATING: "pods on the node are stuck terminating",
    Cause.CORDONED: "somebody has cordoned the node",
    Cause.UNKNOWN: "no cause was found",
    Cause.HEALTHY: "nothing is wrong",
}
