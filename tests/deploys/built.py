"""The lab after a run: every host answers as one on which everything is as it should be."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kubestead.catalog import Catalog
from kubestead.operations.files import TextFile
from kubestead.phases.cilium import cilium_values
from kubestead.phases.containerd import configuration_files
from kubestead.phases.host import MODULES, SETTINGS
from kubestead.phases.sources import Sources
from kubestead.render import render
from kubestead.spec import ClusterSpec
from tests.deploys.lab import HOSTS, bare_lab, in_order, text

CATALOG, REGISTRY = Path("catalog.yaml"), "http://192.168.1.1:5000"
KEYRING = "/etc/apt/keyrings/kubernetes.asc"
KEY_SHA256 = hashlib.sha256(b"key").hexdigest()
UNITS = ("systemd-networkd.service", "containerd.service", "kubelet.service")


def built_lab(answers: dict[str, dict[Any, Any]] | None = None) -> tuple[list[Any], list[Any]]:
    """As :func:`tests.deploys.lab.bare_lab`, but built: ``answers`` tell what has changed since."""
    catalog = Catalog.load(CATALOG)
    everywhere = {
        **dict(files(group) for group in _files(catalog)),
        "sysctl net.bridge": [f"{key} = {value}" for key, value in SETTINGS.items()],
        asked("/etc/hosts"): text("/etc/hosts", f"{HOSTS}192.168.1.187 k8s-api\n"),
        asked(KEYRING, f"{KEYRING}.fingerprint"): [
            text(KEYRING, "key"),
            text(f"{KEYRING}.fingerprint", f"{catalog.apt['kubernetes'].key_fingerprint}\n{KEY_SHA256}\n"),
        ],
        **{f"UnitFileState,NeedDaemonReload {unit}": _unit(unit) for unit in UNITS},
        "systemctl is-active --quiet": "systemd-timesyncd.service",
        "for s in /var/lib/kubestead/artifacts": [
            f"{name} {catalog.file(name, 'amd64').sha256}" for name in catalog.files
        ],
        "dpkg-query --show": [
            f"{name} {version} hold installed" for name, version in catalog.apt["kubernetes"].packages.items()
        ],
        "cd /etc/kubernetes 2>/dev/null": ["member", "server https://k8s-api:6443"],
    }  # fmt: skip
    values = json.dumps(cilium_values(ClusterSpec(), catalog, nodes=3))
    metadata = '{"version": "1.18.4", "status": "deployed", "revision": 1}'
    first = {"cd /etc/kubernetes 2>/dev/null": ["control-plane", "member"], "helm get metadata": [metadata, values]}
    names = ("k8s-cp", "k8s-worker1", "k8s-worker2")
    changed = answers or {}
    lab = bare_lab(
        {name: in_order(changed.get(name, {}), first if name == "k8s-cp" else {}, everywhere) for name in names}
    )
    for name, data in [*lab[0], *lab[1]]:
        facts = data["fake_responses"]["@@ identity"]
        data["fake_responses"]["@@ identity"] = _joined(facts, name.endswith("cp"))
    return lab


def files(wanted: Iterable[TextFile]) -> tuple[str, list[str]]:
    """The question FileStates asks for some files, and the answer where they are as ``wanted``."""
    rows = {file.path: (hashlib.sha256(file.content).hexdigest(), file) for file in wanted}
    question = f'for f in {" ".join(rows)} ; do if [ -f "$f" ] && [ ! -L'
    return question, [f"{file.mode} {file.owner}\t{digest}  -\t{path}" for path, (digest, file) in rows.items()]


def _files(catalog: Catalog) -> list[list[TextFile]]:
    source = catalog.apt["kubernetes"]
    sources = render("kubernetes.sources.j2", url=source.url, suite=source.suite, keyring=KEYRING)
    return [
        [TextFile("/etc/modules-load.d/kubestead.conf", render("modules-load.conf.j2", modules=MODULES))],
        [TextFile("/etc/sysctl.d/90-kubestead.conf", render("sysctl.conf.j2", settings=SETTINGS))],
        [TextFile("/etc/systemd/networkd.conf.d/10-kubestead.conf", render("networkd.conf.j2"))],
        configuration_files(ClusterSpec(), Sources(catalog, REGISTRY)),
        [TextFile("/etc/apt/sources.list.d/kubernetes.sources", sources)],
    ]


def asked(*paths: str) -> str:
    """The question FileTexts asks."""
    return f'for f in {" ".join(paths)} ; do if [ -f "$f" ] && t='


def _unit(name: str) -> list[str]:
    return [f"Id={name}", "LoadState=loaded", "ActiveState=active", "UnitFileState=enabled", "NeedDaemonReload=no"]


def _joined(facts: str, control_plane: bool) -> str:
    """What ``host.sh`` says of a member: its files are there."""
    there = ["kubelet.conf", "pki/ca.crt", "config.yaml"]
    there += ["admin.conf", "kube-apiserver.yaml", "etcd/member"] if control_plane else []
    for name in there:
        facts = facts.replace(f"{name}=no", f"{name}=yes")
    return facts.replace("ca_sha256=", f"kubelet_server=https://k8s-api:6443\nca_sha256={'a' * 64}")
