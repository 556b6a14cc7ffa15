"""Facts about a host's place in a cluster."""

from __future__ import annotations

from pyinfra.api import FactBase, QuoteString, StringCommand

from kubestead.membership import Membership

# Written before kubeadm starts and removed when it is through: whoever finds it knows the files are half a truth.
STATE = "/var/lib/kubestead"
MARKER = f"{STATE}/kubeadm-in-progress"


class NodeMembership(FactBase[Membership]):
    """What the host's own files say of its place in a cluster."""

    default = Membership

    def command(self) -> str:
        return f"""cd /etc/kubernetes 2>/dev/null
[ -e manifests/kube-apiserver.yaml ] && [ -e admin.conf ] && echo control-plane
[ -e /etc/kubernetes/kubelet.conf ] && echo member
[ -e /var/lib/etcd/member ] && echo etcd
[ -e {MARKER} ] && echo "interrupted $(cat {MARKER})"
sed -n 's/^ *server: /server /p' /etc/kubernetes/kubelet.conf 2>/dev/null; true"""

    def process(self, output: list[str]) -> Membership:
        words = {line.partition(" ")[0]: line.partition(" ")[2] for line in output}
        return Membership(
            is_control_plane="control-plane" in words,
            is_member="member" in words,
            server=words.get("server"),
            interrupted="init" if words.get("interrupted") == "init" else "join" if "interrupted" in words else None,
            has_etcd_data="etcd" in words,
        )


class EndpointAnswers(FactBase[bool]):
    """Whether anything accepts a connection at ``endpoint`` (``k8s-api:6443``), seen from the host."""

    default = bool

    def command(self, endpoint: str) -> StringCommand:
        name, _, port = endpoint.rpartition(":")
        return StringCommand(
            # A connection is enough: a server too busy to say a word answers all the same.
            "timeout 5 bash -c ': </dev/tcp/$0/$1' 2>/dev/null", QuoteString(name), QuoteString(port),
            "; case $? in 0) echo answers;; 127) exit 127;; *) echo silent;; esac",
        )  # fmt: skip

    def process(self, output: list[str]) -> bool:
        return output == ["answers"]
