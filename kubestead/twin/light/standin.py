#!/usr/bin/python3
"""SIMULATED kubeadm, kubectl and helm of a light twin: one file, which does what the name it is called by asks for.

It runs on the hosts, with Python's own library and PyYAML, which comes with the stand-ins' package. What a run of
kubestead's asks is answered from a small state on the control plane; there is no API and no pod. Anything else is
refused, so that nothing is taken for real.
"""

from __future__ import annotations

import json
import shutil
import socket
import socketserver
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

import yaml

STATE = Path("/var/lib/kubestead-simulated")
KUBERNETES = Path("/etc/kubernetes")
PORT, SERVER = 6443, STATE / "kube-apiserver"  # the real one's name: the next preflight asks who holds the port
UNIT = Path("/etc/systemd/system/kubestead-simulated-api.service")
UNIT_TEXT = f"[Service]\nExecStart={SERVER}\n[Install]\nWantedBy=multi-user.target\n"
KUBECONFIG = "apiVersion: v1\nkind: Config\nclusters:\n- cluster:\n    server: https://{server}\n"


def main(name: str, words: list[str]) -> None:
    """Do what ``name`` (kubeadm, kubectl or helm) is asked for with these arguments."""
    if name == SERVER.name:
        serve()
    elif name == "helm":
        helm(words)
    elif name == "kubectl":
        kubectl(words)
    elif words[:1] == ["init"]:
        init(Path(words[words.index("--config") + 1]).read_text())
    elif words[:1] == ["join"]:
        join(Path(words[words.index("--config") + 1]).read_text())
    elif words[:2] == ["token", "create"]:
        (token,) = _documents(sys.stdin.read())["InitConfiguration"]["bootstrapTokens"]
        _write(STATE / "tokens" / token["token"].partition(".")[0])
    elif words[:1] == ["reset"]:
        reset()
    else:
        _refuse(name, words)


def init(configuration: str) -> None:
    """A control plane's files, an API that lets nodes join, and its own node."""
    say("kubeadm init: files of a control plane, and no Kubernetes")
    (KUBERNETES / "pki").mkdir(parents=True, exist_ok=True)
    certificate = (
        "openssl req -x509 -nodes -days 3650 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -subj /CN=SIMULATED"
    )
    files = ["-keyout", str(KUBERNETES / "pki/ca.key"), "-out", str(KUBERNETES / "pki/ca.crt")]
    subprocess.run([*certificate.split(), *files], check=True, capture_output=True)
    documents = _documents(configuration)
    cluster = documents["ClusterConfiguration"]
    _write(KUBERNETES / "admin.conf", KUBECONFIG.format(server=cluster["controlPlaneEndpoint"]), 0o600)
    _write(KUBERNETES / "manifests/kube-apiserver.yaml", "# SIMULATED\n")
    Path("/var/lib/etcd/member").mkdir(parents=True, exist_ok=True)
    _write(STATE / "cluster.json", json.dumps(cluster))
    _write(SERVER, Path(__file__).read_text(), 0o755)
    _write(UNIT, UNIT_TEXT)
    subprocess.run(["systemctl", "enable", "--now", "--quiet", UNIT.name], check=True)
    _write(STATE / "nodes" / documents["InitConfiguration"]["nodeRegistration"]["name"])
    become_node(cluster["controlPlaneEndpoint"])


def join(configuration: str) -> None:
    """Ask the control plane's stand-in to be let in with the token; then a node's files."""
    asked = _documents(configuration)["JoinConfiguration"]
    discovery = asked["discovery"]["bootstrapToken"]
    server, token = discovery["apiServerEndpoint"], discovery["token"].partition(".")[0]
    wanted = {"node": asked["nodeRegistration"]["name"], "token": token}
    host, _, port = server.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(json.dumps(wanted).encode() + b"\n")
        answer = json.loads(connection.makefile().readline())
    if "ca" not in answer:
        sys.exit(f"SIMULATED kubeadm join: {answer.get('error')}")
    say(f"kubeadm join: {wanted['node']} is a node of {server}")
    _write(KUBERNETES / "pki/ca.crt", answer["ca"])
    become_node(server)


def become_node(server: str) -> None:
    """The files a member has, and its kubelet running."""
    _write(KUBERNETES / "kubelet.conf", KUBECONFIG.format(server=server), 0o600)
    _write(Path("/var/lib/kubelet/config.yaml"), "# SIMULATED\n")
    subprocess.run(["systemctl", "restart", "kubelet"], check=True)


def reset() -> None:
    """All of that gone."""
    say("kubeadm reset")
    subprocess.run(["systemctl", "stop", "kubelet", UNIT.name], check=False, capture_output=True)
    for path in (STATE, *KUBERNETES.iterdir(), Path("/var/lib/etcd"), Path("/var/lib/kubelet/config.yaml"), UNIT):
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def serve() -> None:
    """The API's stand-in: nodes join, and that is all. One line of JSON in, one out."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            asked = json.loads(self.rfile.readline() or b"{}")
            if (STATE / "tokens" / str(asked.get("token"))).is_file():
                _write(STATE / "nodes" / str(asked["node"]))
                answer = {"ca": (KUBERNETES / "pki/ca.crt").read_text()}
            else:
                answer = {"error": "no such token"}
            self.wfile.write(json.dumps(answer).encode() + b"\n")

    socketserver.ThreadingTCPServer.allow_reuse_address = True
    socketserver.ThreadingTCPServer.request_queue_size = 1024
    with socketserver.ThreadingTCPServer(("", PORT), Handler) as server:
        server.serve_forever()


def kubectl(words: list[str]) -> None:
    """What kubestead's facts and operations ask; the shape of each answer is that of its jsonpath."""
    asked = " ".join(words)
    nodes = sorted(path.name for path in (STATE / "nodes").glob("*"))
    if "get nodes,daemonsets" in asked:
        print("\n".join("\t".join(["Node", node, "True", *[""] * 10, f"uid-{node}"]) for node in nodes))
        if (STATE / "helm/cilium").is_file():
            count = str(len(nodes))
            print("\t".join(["DaemonSet", "cilium", *[""] * 5, count, count, count, "", "1", "1", ""]))
    elif "get nodes" in asked:
        print("\n".join(f"{node}\t{{}}\t[]" for node in nodes))
    elif "configmaps/kubeadm-config" in asked:
        _objects()
    elif "wait configmap/cluster-info" in asked:
        say("a token's signature")
    elif words[:2] == ["delete", "secret"]:
        say("Helm's pending records: there are none")
    elif words[-1].startswith("bootstrap-token-"):
        (STATE / "tokens" / words[-1].removeprefix("bootstrap-token-")).unlink(missing_ok=True)
    else:
        _refuse("kubectl", words)


def _objects() -> None:
    configuration = (STATE / "cluster.json").read_text()
    print(f"object\tConfigMap/kubeadm-config\t{json.dumps({'ClusterConfiguration': configuration})}\t\t")
    if not json.loads(configuration)["proxy"]["disabled"]:
        print("object\tDaemonSet/kube-proxy\t\t\t")
    if (STATE / "helm/cilium").is_file():
        marks = {"meta.helm.sh/release-name": "cilium", "meta.helm.sh/release-namespace": "kube-system"}
        print(f"object\tDaemonSet/cilium\t\t{json.dumps(marks)}\tquay.io/cilium/cilium:v{_chart_version()}")


def helm(words: list[str]) -> None:
    """A release is its values."""
    release = STATE / "helm/cilium"
    if words[:2] == ["upgrade", "--install"]:
        say("helm upgrade: the values are kept, and nothing is installed")
        _write(release, json.dumps(yaml.safe_load(Path(words[words.index("--values") + 1]).read_text())))
    elif words[:1] != ["get"]:
        _refuse("helm", words)
    elif release.is_file():
        metadata = {"version": _chart_version(), "status": "deployed", "revision": 1}
        print(release.read_text() if words[1] == "values" else json.dumps(metadata))


def _chart_version() -> str:
    chart = subprocess.run(
        ["tar", "--extract", "--to-stdout", "--file=/var/lib/kubestead/charts/cilium.tgz", "cilium/Chart.yaml"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    return str(yaml.safe_load(chart.stdout)["version"])


def say(text: str) -> None:
    """For people; what programs read goes to stdout."""
    print(f"SIMULATED {text}", file=sys.stderr)


def _refuse(name: str, words: list[str]) -> NoReturn:
    sys.exit(f"SIMULATED {name}: a light twin has no answer to: {' '.join(words)}")


def _documents(text: str) -> dict[str, Any]:
    """kubeadm's configuration by the kind of each document."""
    return {one["kind"]: one for one in yaml.safe_load_all(text) if one}


def _write(path: Path, text: str = "", mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


if __name__ == "__main__":
    main(Path(sys.argv[0]).name, sys.argv[1:])
