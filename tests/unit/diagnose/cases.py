"""A healthy worker and a healthy control plane as a diagnosis sees them, and how to make them ill."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kubestead.diagnose import ApiView, NodeReport, Reach, Seen
from kubestead.diagnose.model import Condition, PodView
from kubestead.diagnose.report import Asked, Binary, ControlPlane, Disk, Identity, Page, Runtime, Unit

GIB = 1024**3
NOW = 1732269600.0
CONFIG = """\
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
cgroupDriver: systemd
evictionHard: {memory.available: 100Mi, nodefs.available: 1Gi, nodefs.inodesFree: "10000", imagefs.available: 1Gi}
"""
CONFLIST = '{"cniVersion": "0.3.1", "name": "cilium", "plugins": [{"type": "cilium-cni"}]}'


class Authority:
    """A certificate authority of its own."""

    def __init__(self, name: str = "kubernetes") -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.pem = self._sign(self.name, self.key.public_key(), -1, 3650, ca=True)

    def leaf(self, common_name: str, organisation: str = "", *, begins: float = -1, ends: float = 365) -> str:
        """A certificate as PEM; ``begins`` and ``ends`` in days from ``NOW``."""
        names = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
        names += [x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation)] if organisation else []
        return self._sign(x509.Name(names), ec.generate_private_key(ec.SECP256R1()).public_key(), begins, ends)

    def node(self, name: str, **days: float) -> str:
        """A kubelet's client certificate."""
        return self.leaf(f"system:node:{name}", "system:nodes", **days)

    def _sign(self, subject: x509.Name, key: Any, begins: float, ends: float, ca: bool = False) -> str:
        now = datetime.fromtimestamp(NOW, timezone.utc)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + timedelta(days=begins))
            .not_valid_after(now + timedelta(days=ends))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .sign(self.key, hashes.SHA256())
        )
        return certificate.public_bytes(serialization.Encoding.PEM).decode()


CA, OTHER_CA = Authority(), Authority()
UNIT = Unit(
    load="loaded", active="active", sub="running", enabled="enabled", result="success", restarts=0, exit_code=0,
    exit_status=0, started_ago=5000.0, changed_ago=5000.0, process="S",
    command="{ path=/usr/bin/kubelet ; argv[]=/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS }",
    log=("I1122 10:00:00.000000    4711 kubelet.go:1] all is well",),
)  # fmt: skip


def disk(path: str, target: str = "/var", **values: Any) -> Disk:
    return replace(Disk(path, target, 20 * GIB, 12 * GIB, 1_000_000, 900_000, False), **values)


def report(name: str = "k8s-worker1") -> NodeReport:
    """A healthy worker's."""
    return NodeReport(
        boot_id="b007", clock=NOW, uptime=9000.0, hostname=name,
        disks=(disk("/", "/"), disk("/etc", "/"), disk("/var"), disk("/var/lib/kubelet"), disk("/var/lib/containerd")),
        memory_total=4 * GIB, memory_available=2 * GIB, tasks=300, tasks_max=32768, swaps=(),
        kubelet=UNIT, containerd=replace(UNIT, command=""),
        binaries={
            "kubelet": Binary("0", "/usr/bin/kubelet", "Kubernetes v1.31.13"),
            "containerd": Binary("0", "/usr/local/bin/containerd", "containerd 2.1.5"),
            "shim": Binary("0", "/usr/local/bin/containerd-shim-runc-v2", "Version: 2.1.5"),
            "runc": Binary("0", "/usr/local/sbin/runc", "runc version 1.3.3"),
        },
        files={
            "/var/lib/kubelet/kubeadm-flags.env": "there", "/var/lib/kubelet/config.yaml": "there",
            "/etc/kubernetes/kubelet.conf": "there",
        },
        kubelet_config=CONFIG, kubelet_healthz=Page(200, "ok"), cilium_healthz=Page(200, ""),
        runtime=Runtime(
            config_there=True, dump=Asked(0), systemd_cgroup=True, sandbox="registry.k8s.io/pause:3.10",
            cni_bin="/opt/cni/bin", cni_conf="/etc/cni/net.d", internal_loopback=False, answer=Asked(0),
            cri={"io.containerd.grpc.v1": "ok"}, sandbox_state="complete",
        ),
        identity=Identity(
            server="https://k8s-api:6443", conf_ca=CA.pem, pki_ca=CA.pem, client=CA.node(name),
            client_file="/var/lib/kubelet/pki/kubelet-client-current.pem", api=Asked(0), tcp=Asked(0),
        ),
        cni_files={"05-cilium.conflist": CONFLIST}, cni_binaries=("cilium-cni", "loopback"),
    )  # fmt: skip


def api(**values: Any) -> ApiView:
    """The API's view of a healthy node."""
    agent = PodView("kube-system", "cilium-x", "k8s-worker1", "Running", True)
    operator = PodView("kube-system", "cilium-operator-y", "k8s-cp", "Running", True)
    ready = Condition("True", "KubeletReady", "kubelet is posting ready status", NOW - 4000)
    view = ApiView(
        answers=True, asked=NOW, exists=True, ready=ready, lease_renewed=NOW - 4, boot_id="b007", cordoned=False,
        agent=agent, operators=(operator,), others_ready=2, ca=CA.pem, server="https://k8s-api:6443",
    )  # fmt: skip
    return replace(view, **values)


SILENT = Condition("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.", NOW - 20)
LOST = {"ready": SILENT, "lease_renewed": NOW - 60}


def worker(*, api_values: dict[str, Any] | None = None, reach: Reach | None = None, **values: Any) -> Seen:
    """A worker, healthy but for ``values`` (fields of its report) and ``api_values``."""
    return Seen(
        "k8s-worker1", "worker", replace(report(), **values), api(**(api_values or {})), reach or Reach(ssh=True)
    )


def static_pods(**values: Any) -> ControlPlane:
    """A healthy control plane's."""
    return replace(
        ControlPlane(
            manifests=("etcd.yaml", "kube-apiserver.yaml", "kube-controller-manager.yaml", "kube-scheduler.yaml"),
            processes={"etcd": "S", "kube-apiserver": "S", "kube-controller": "S", "kube-scheduler": "S"},
            etcd=Page(200, '{"health":"true"}'),
            api=Asked(0),
            certificates={
                "/etc/kubernetes/pki/apiserver.crt": CA.leaf("kube-apiserver"),
                "/etc/kubernetes/pki/etcd/server.crt": CA.leaf("k8s-cp"),
            },
        ),
        **values,
    )


def control_plane(*, api_values: dict[str, Any] | None = None, **values: Any) -> Seen:
    """A control plane, healthy but for ``values`` (fields of what it says of its static pods) and ``api_values``."""
    own = replace(report("k8s-cp"), control_plane=static_pods(**values))
    return Seen("k8s-cp", "control_plane", own, api(**(api_values or {})), Reach(ssh=True))


def kubelet(**values: Any) -> Unit:
    return replace(UNIT, **values)


def runtime(**values: Any) -> Runtime:
    return replace(report().runtime, **values)


def identity(**values: Any) -> Identity:
    return replace(report().identity, **values)


def without(seen: Seen, **values: Any) -> Seen:
    """The same, but for fields of :class:`Seen` itself."""
    return replace(seen, **values)
