"""The lab on ``@fake`` hosts as a diagnosis finds it: healthy, but for what a test says."""

from __future__ import annotations

import json
import time
from base64 import b64encode
from datetime import datetime, timezone
from typing import Any

from tests.unit.diagnose.cases import CONFIG, CONFLIST, Authority

NAMES = ("k8s-cp", "k8s-worker1", "k8s-worker2")
UNIT = "LoadState=loaded ActiveState=active SubState=running UnitFileState=enabled Result=success NRestarts=0 Process=S"
# Valid today, whatever day it is.
DAYS = (time.time() - 1732269600.0) / 86400
CA = Authority()


def packed(text: str) -> str:
    return b64encode(text.encode()).decode()


def said(name: str, **changes: str) -> str:
    """What ``node_report.sh`` prints on a healthy worker; ``changes`` are values of single keys."""
    node = f"@fake/{name}"
    values = {
        "boot_id": "b007", "uptime": "9000.0", "clock": f"{time.time()}", "kubelet_config": packed(CONFIG),
        "kubelet_healthz": "HTTP/1.0 200 OK ok", "cilium_healthz": "HTTP/1.0 200 OK", "containerd_config": "there",
        "containerd_dump": "0", "containerd_answer": "0", "server": "https://k8s-api:6443", "conf_ca": packed(CA.pem),
        "pki_ca": packed(CA.pem), "client_certificate": packed(CA.node(node, ends=DAYS + 99)), "api": "0",
        "cni_file": f"05-cilium.conflist {packed(CONFLIST)}", "cni_files": "read", "cni_binaries": "read",
        "swap": "Filename Type Size Used Priority",
    }  # fmt: skip
    lines = [f"{key}\t{value}" for key, value in {**values, **changes}.items()]
    for unit in ("kubelet.service", "containerd.service"):
        lines += [f"unit {unit}\t{row}" for row in changes.get(unit, UNIT).split()]
    lines += [
        f"binary\t{program} 0 /usr/bin/{program} version 1" for program in ("kubelet", "containerd", "shim", "runc")
    ]
    lines += [f"cni_binary\t{program}" for program in ("cilium-cni", "loopback")]
    lines += ["disk\t/var /var 21474836480 16106127360 1000000 900000", "mount\t1 2 8:1 / /var rw - ext4 /dev/sda rw"]
    if name == "k8s-cp":
        lines += ["control_plane\tyes", "etcd_health\tHTTP/1.0 200 OK", f"apiserver\t{changes.get('apiserver', '0')}"]
        lines += [
            f"process\t{word} S"
            for word in changes.get("processes", "etcd kube-apiserver kube-controller kube-scheduler").split()
        ]
        pods = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
        lines += [f"manifest\t{word}.yaml" for word in pods]
    return "\n".join([*lines, "end\tyes"])


def objects(**ages: float) -> str:
    """What ``api_view.sh`` prints; ``ages`` are seconds since a node's lease (``k8s_worker1``) was renewed."""
    now = time.time()
    nodes, leases, pods = [], [], []
    for name in NAMES:
        age = ages.get(name.replace("-", "_"), 3.0)
        renewed = datetime.fromtimestamp(now - age, timezone.utc).isoformat()
        ready = {"type": "Ready", "status": "True" if age < 40 else "Unknown", "reason": "KubeletReady"}
        nodes.append({"metadata": {"name": f"@fake/{name}"}, "spec": {}, "status": {"conditions": [ready]}})
        leases.append({"metadata": {"name": f"@fake/{name}"}, "spec": {"renewTime": renewed}})
        pods.append(_pod(f"cilium-{name}", {"k8s-app": "cilium"}, name))
    pods.append(_pod("cilium-operator", {"io.cilium/app": "operator"}, "k8s-cp"))
    cluster = {"server": "https://k8s-api:6443", "certificate-authority-data": packed(CA.pem)}
    info = {"data": {"kubeconfig": json.dumps({"clusters": [{"cluster": cluster}]})}}
    rows = {"nodes": {"items": nodes}, "leases": {"items": leases}, "pods": {"items": pods}, "cluster_info": info}
    return "\n".join(
        [*(f"{key}\t{json.dumps(value)}" for key, value in rows.items()), "deleted\tnull", f"asked\t{now}"]
    )


def lab(
    unreachable: str = "", api: str | None = None, power: str = "", **changes: dict[str, str]
) -> tuple[list[Any], list[Any]]:
    """``control_plane, workers = lab()`` in an inventory.

    Args:
        unreachable: a host where nothing listens.
        api: what ``api_view.sh`` prints, if not a healthy cluster's objects.
        power: what the site's command says of every host's power.
        changes: :func:`said`'s, by host (``k8s_worker1``).
    """
    hosts = {}
    for name in NAMES:
        answers = {
            "kubelet_part()": said(name, **changes.get(name.replace("-", "_"), {})),
            "kube-node-lease": api or objects(**({unreachable.replace("-", "_"): 99.0} if unreachable else {})),
            "/dev/tcp": f"{_address(unreachable)} no silent silent",
        }
        hosts[name] = (f"@fake/{name}", {"fake_responses": answers, "fake_delay": 0, "fake_delay_jitter": 0})
    if unreachable:
        data = {"ssh_hostname": "127.0.0.1", "ssh_port": 1, "node_address": _address(unreachable)}
        # Its name is the API's all the same.
        hosts[unreachable] = (f"@fake/{unreachable}", data) if unreachable == "nobody" else (unreachable, data)
    for _, data in hosts.values():
        if power:
            data["kubestead_power"] = {"status": f"echo {power}", "off": "false", "on": "false"}
    return [hosts["k8s-cp"]], [hosts[name] for name in NAMES if name != "k8s-cp"]


def _address(name: str) -> str:
    return "127.0.0.1" if name else "192.0.2.1"


def _pod(name: str, labels: dict[str, str], node: str) -> dict[str, Any]:
    ready = {"type": "Ready", "status": "True"}
    return {
        "metadata": {"namespace": "kube-system", "name": name, "labels": labels}, "spec": {"nodeName": f"@fake/{node}"},
        "status": {"phase": "Running", "conditions": [ready]},
    }  # fmt: skip
