"""The templates that are shell scripts, each with values to render it by, awkward ones among them."""

from __future__ import annotations

from typing import Any

from kubestead.catalog import AptRepository, Artifact

ARTIFACT = Artifact(url="http://mirror/a b's.tgz", sha256="a" * 64)
REPOSITORY = AptRepository(
    url="http://mirror/apt/", key_url="http://mirror/k'.asc", key_fingerprint="AB" * 20, packages={}
)

SCRIPTS: dict[str, dict[str, Any]] = {
    "cilium-last-words.sh.j2": {"pods": ["a b"], "kept": "/k'.log"},
    "cilium-preflight.sh.j2": {"chart": "/c d.tgz", "values": "agent: false"},
    "cilium-said.sh.j2": {"nodes": [f"n{number}" for number in range(9)], "witnesses": ["a", "b"]},
    "free-disk.sh.j2": {"mount": "/a b's", "journal_mib": 64, "inodes": True},
    "helm-upgrade.sh.j2": {
        "release": "a b", "namespace": "kube-system", "chart": "/c.tgz", "values": "/v.yaml", "smoke_stamp": "/s",
    },
    "helm-rollback.sh.j2": {"release": "a b", "namespace": "kube-system", "revision": 3},
    "install-artifact.sh.j2": {
        "artifact": ARTIFACT, "name": "x", "files": (("bin/a b", "/usr/local/bin/a b"),), "mode": "755", "plain": False,
        "stamps": "/var/lib/kubestead/artifacts",
    },
    "install-apt-key.sh.j2": {"source": REPOSITORY, "keyring": "/etc/apt/k.asc", "stamp": "/etc/apt/k.asc.fingerprint"},
    "ipsec-key.sh.j2": {
        "manifest": '{"keys": "%s"}', "number": 3, "size": 20, "algorithm": "rfc4106(gcm(aes))", "check_bits": 128,
        "send": "kubectl create --filename=-",
    },
    "kube-proxy-rules.sh.j2": {"chains": "KUBE-(A|B)"},
    "kubelet-credentials.sh.j2": {"ca": "-----BEGIN CERTIFICATE-----"},
    "alone.sh.j2": {"step": "kubeadm", "seconds": 120},
    "kubeadm.sh.j2": {"step": "init", "state": "/s", "config": "/c", "done": "/d", "images_unit": "images.service"},
    "leftovers.sh.j2": {},
    "reset.sh.j2": {},
    "restart-service.sh.j2": {
        "unit": "kubelet.service", "masked": True, "disabled": True, "reload": True, "frozen": True, "deaf": True,
        "start": True,
    },
    "smoke.sh.j2": {
        "nodes": ["a", "b"], "absent": [], "dns_domain": "cluster.local",
        "egress_target": "192.0.2.1:80", "hubble_relay": True,
        "manifest": "kind: Namespace",
    },
    "watcher-install.sh.j2": {"software": "/opt/a b", "archive": "/opt/a b/.k.tar.gz", "key": "k", "sha256": "a" * 64},
}  # fmt: skip
