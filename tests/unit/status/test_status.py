"""kubestead status against a fake API: healthy, ill, half of it unknown, and nothing there at all."""

from __future__ import annotations

import json
import re
import ssl
import threading
import time
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import runs
import trustme
import yaml
from fakeapi import FakeApi, serving
from typer.testing import CliRunner

from kubestead.cli.main import app
from kubestead.status.ask import expected
from kubestead.status.certificates import kubelet_days, of_server

NAMES = ("k8s-cp", "k8s-worker1", "k8s-worker2")
METRICS = (
    "# TYPE kubelet_certificate_manager_client_ttl_seconds gauge\nkubelet_certificate_manager_client_ttl_seconds {}\n"
)


def node(name, ready="True", **conditions):
    found = [{"type": "Ready", "status": ready}, *({"type": k, "status": v} for k, v in conditions.items())]
    role = {"node-role.kubernetes.io/control-plane": ""} if name == "k8s-cp" else {}
    info = {"kubeletVersion": "v1.31.13", "containerRuntimeVersion": "containerd://2.1.5"}
    address = [{"type": "InternalIP", "address": "192.168.1.1"}]
    status = {"conditions": found, "nodeInfo": info, "addresses": address}
    return {"metadata": {"name": name, "labels": role}, "spec": {}, "status": status}


def workload(name, kind, ready, wanted, image="quay.io/cilium/cilium:v1.18.4@sha256:abc"):
    status = {"observedGeneration": 1, "numberReady": ready, "readyReplicas": ready, "desiredNumberScheduled": wanted,
              "updatedNumberScheduled": wanted, "updatedReplicas": wanted}  # fmt: skip
    template = {"spec": {"containers": [{"image": image}]}}
    return kind, {"metadata": {"name": name, "generation": 1}, "spec": {"replicas": wanted, "template": template},
                  "status": status}  # fmt: skip


@pytest.fixture
def fake():
    """A healthy lab."""
    api = FakeApi()
    for number, name in enumerate(NAMES):
        api.put("nodes", node(name))
        pods = {"ipam": {"podCIDRs": [f"10.0.{number}.0/24"]}}
        api.put("ciliumnodes", {"metadata": {"name": name}, "spec": pods})
        api.plain[f"/api/v1/nodes/{name}/proxy/metrics"] = METRICS.format(360.4 * 86400)
    for item in (
        workload("cilium", "daemonsets", 3, 3), workload("kube-proxy", "daemonsets", 3, 3),
        workload("cilium-operator", "deployments", 2, 2), workload("coredns", "deployments", 2, 2),
        workload("hubble-relay", "deployments", 1, 1),
    ):  # fmt: skip
        api.put(*item)
    config = {"routing-mode": "tunnel", "tunnel-protocol": "vxlan", "kube-proxy-replacement": "false",
              "enable-hubble": "true"}  # fmt: skip
    api.put("configmaps", {"metadata": {"name": "cilium-config"}, "data": config})
    api.plain["/version"] = {"gitVersion": "v1.31.13"}
    return api


@pytest.fixture
def here(fake, tmp_path, monkeypatch):
    """A folder with the kubeconfig where the deploy writes it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    Path(".kubestead").mkdir()
    with serving(fake) as text:
        Path(".kubestead/kubeconfig").write_text(text)
        yield tmp_path


def status(*arguments):
    return CliRunner().invoke(app, ["status", *arguments])


def told():
    done = status("--json")
    return done.exit_code, json.loads(done.output)


def test_a_healthy_cluster(here):
    done = status()
    assert done.exit_code == 0, done.output
    for words in ("healthy: http://127.0.0.1", "Kubernetes v1.31.13", "10.0.1.0/24", "containerd 2.1.5", "360 days",
                  "1.18.4, tunnel, vxlan, kube-proxy kept; agents 3 of 3, operator 2 of 2", "on; relay 1 of 1",
                  "last run       none is recorded here", "last recovery  none is known"):  # fmt: skip
        assert words in done.output, words
    assert re.search(r"k8s-cp\s+control plane\s+yes\s+good", done.output)


def test_what_cannot_be_known_is_named_with_the_reason(here):
    code, found = told()
    assert code == 0
    assert found["unknown"].keys() == {"API server's certificate"}
    assert "is not reached by TLS" in found["unknown"]["API server's certificate"]


@pytest.mark.parametrize(
    ("change", "where", "reason"),
    [
        (lambda api: api.put("nodes", node("k8s-worker1", "Unknown")), "k8s-worker1", "is not Ready (Ready=Unknown)"),
        (lambda api: api.put("nodes", node("k8s-worker2", DiskPressure="True")), "k8s-worker2", "DiskPressure"),
        (lambda api: api.put(*workload("cilium", "daemonsets", 2, 3)), "kube-system/cilium", "2 of 3 pods are ready"),
        (lambda api: api.put(*workload("hubble-relay", "deployments", 0, 1)), "kube-system/hubble-relay", "0 of 1"),
        (lambda api: api.delete("daemonsets", "cilium"), "kube-system/cilium", "is not installed"),
    ],
    ids=["not ready", "pressure", "agent", "relay", "no Cilium"],
)
def test_what_is_wrong_is_found_and_the_exit_code_says_so(fake, here, change, where, reason):
    change(fake)
    code, found = told()
    assert code == 1
    assert found["healthy"] is False
    ((place, said, fix),) = {(one["where"], one["reason"], one["fix"]) for one in found["findings"]}
    assert place == where
    assert reason in said
    assert fix
    assert reason in status().output


@pytest.mark.parametrize(("kind", "what"), [("daemonsets", "workloads"), ("pods", "pods")])
def test_what_may_not_be_asked_is_never_taken_for_healthy(fake, here, kind, what):
    fake.forbidden = {kind}
    fake.put("nodes", node("k8s-worker1", "Unknown"))
    code, found = told()
    assert (code, found["healthy"]) == (1, False)
    said = {one["where"]: one["reason"] for one in found["findings"]}
    assert said["k8s-worker1"] == "is not Ready (Ready=Unknown)"
    assert "nobody knows whether they are well" in said[f"kube-system: {what}"]
    assert not [reason for reason in said.values() if "is not installed" in reason]


def test_a_cordoned_node_is_shown_and_is_no_illness(fake, here):
    cordoned = node("k8s-worker1")
    cordoned["spec"]["unschedulable"] = True
    fake.put("nodes", cordoned)
    done = status()
    assert done.exit_code == 0
    assert "yes, cordoned" in done.output


def test_a_node_of_the_last_run_that_is_not_in_the_cluster(fake, here):
    runs.succeeded(Path(".kubestead/runs"))
    fake.delete("nodes", "k8s-worker2")
    code, found = told()
    assert code == 1
    assert ("k8s-worker2", "is not in the cluster") in {(one["where"], one["reason"]) for one in found["findings"]}


def test_the_last_run_of_another_cluster_says_nothing_of_this_one():
    assert expected(["x", "y"], ["a"]) == ["a"]
    assert expected(["a", "y"], ["b", "a"]) == ["a", "y", "b"]


def test_last_run_and_last_recovery(fake, here):
    runs.killed(Path(".kubestead/runs"))
    attempt = {"node": "k8s-worker1", "climb": 1.0, "cause": "kubelet-stopped", "remedy": "restart_kubelet",
               "started": time.time() - 3 * 86400 - 60, "watcher": "w", "outcome": "recovered",
               "ended": time.time() - 3 * 86400}  # fmt: skip
    history = {"version": 1, "attempts": [attempt], "open": {}, "handed": {}, "nodes": []}
    data = {"history.json": json.dumps(history)}
    fake.put("configmaps", {"metadata": {"name": "kubestead-recovery"}, "data": data})
    output = status().output
    assert re.search(r"last run\s+cluster killed, \d+ d .* ago, 24 changes, 0 errors", output), output
    assert "k8s-worker1: kubelet-stopped, restart_kubelet, recovered, 3 d ago" in output


def test_a_recovery_that_only_the_audit_here_knows(here):
    Path(".kubestead/watch").mkdir()
    audit = Path(__file__).parents[1] / "report/audit.jsonl"
    Path(".kubestead/watch/audit.jsonl").write_text(audit.read_text())
    assert told()[1]["last_recovery"]["node"] == "k8s-cp"


def test_an_api_that_does_not_answer(fake, here):
    runs.succeeded(Path(".kubestead/runs"))
    fake.down = True
    code, found = told()
    assert code == 1
    assert found["unknown"]["nodes"] == "503 Service Unavailable"
    assert found["findings"][0]["reason"] == "does not answer (503 Service Unavailable)"
    assert found["last_run"]["outcome"] == "succeeded"
    assert "not healthy" in status().output


@pytest.mark.parametrize("text", [None, "", "{", "a: b", "\0"], ids=["missing", "empty", "half", "other", "binary"])
def test_without_a_usable_kubeconfig_the_rest_is_told(here, text):
    path = Path(".kubestead/kubeconfig")
    path.unlink() if text is None else path.write_text(text)
    done = status()
    assert done.exit_code == 1
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    assert "deploys/cluster.py writes .kubestead/kubeconfig" in done.output
    assert "last run" in done.output


def test_answers_that_are_not_of_their_form(fake, here):
    for path in ("/api/v1/nodes", "/version", "/apis/cilium.io/v2/ciliumnodes"):
        fake.plain[path] = "<html>a proxy's page</html>"
    code, found = told()
    assert code == 1
    assert {"nodes", "version"} <= found["unknown"].keys()


def test_many_nodes_are_not_each_asked_for_their_certificate(fake, here):
    for number in range(30):
        fake.put("nodes", node(f"more{number}"))
    _, found = told()
    assert "more than 20 nodes" in found["unknown"]["kubelets' certificates"]


@pytest.mark.parametrize(("text", "days"), [(METRICS.format(86400), 1), (METRICS.format("+Inf"), None), ("", None)])
def test_the_kubelets_own_word_on_its_certificate(text, days):
    assert kubelet_days(text) == days


class Quiet(BaseHTTPRequestHandler):
    """Refuses everything, without a word on the terminal."""

    def log_message(self, *_):
        pass


@pytest.fixture
def tls(tmp_path):
    """A server with a certificate that ends in ten days; its port."""
    authority = trustme.CA()
    ends = datetime.now(timezone.utc) + timedelta(days=10)
    certificate = authority.issue_cert("127.0.0.1", not_after=ends)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1], certificate, authority
    server.shutdown()
    server.server_close()


def test_the_servers_certificate_is_what_it_shows(tls):
    assert of_server(f"https://127.0.0.1:{tls[0]}", time.time()).days == pytest.approx(10, abs=0.1)


def test_certificates_that_end_soon_are_a_finding(tls, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    port, certificate, authority = tls
    for name, pem in (("ca", authority.cert_pem), ("key", certificate.private_key_pem)):
        pem.write_to_path(name)
    certificate.cert_chain_pems[0].write_to_path("cert")
    config = {
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": f"https://127.0.0.1:{port}", "certificate-authority": "ca"}}],
        "users": [{"name": "u", "user": {"client-certificate": "cert", "client-key": "key"}}],
    }  # fmt: skip
    Path("kubeconfig").write_text(yaml.safe_dump(config))
    code, found = json_of("--kubeconfig", "kubeconfig")
    assert code == 1
    days = {one["name"]: round(one["days"]) for one in found["certificates"]}
    assert days["API server"] == days["kubeconfig"] == 10
    assert days["cluster CA"] > 1000
    assert "certificate of the API server" in {one["where"] for one in found["findings"]}


def json_of(*arguments):
    done = status("--json", *arguments)
    return done.exit_code, json.loads(done.output)
