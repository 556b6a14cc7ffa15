"""What is told, to whom: audit, events, metrics, notifications; and the inventory it is about."""

from __future__ import annotations

import json
import queue
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from unittest.mock import Mock

import pytest
import typer
from prometheus_client import generate_latest
from typer.testing import CliRunner

from kubestead.cli.main import app
from kubestead.cli.watch import share
from kubestead.diagnose import Cause
from kubestead.errors import KubesteadError
from kubestead.recovery.history import History
from kubestead.watch.api import connect, describe
from kubestead.watch.audit import Audit
from kubestead.watch.deploys import Deploys, read_diagnoses
from kubestead.watch.events import body
from kubestead.watch.inventory import Inventory, parse
from kubestead.watch.ledger import Ledger
from kubestead.watch.metrics import Metrics
from kubestead.watch.note import Note, Told
from kubestead.watch.teller import Teller, notifier

ENDED = Note(
    Told.ENDED, "w1", cause="kubelet-stopped", evidence=("inactive",), remedy="restart_kubelet", outcome="failed",
    seconds=12.345, why="exit 1", warning=True, notify=True,
)  # fmt: skip


def told(tmp_path, *notes, events=None, sent=None):
    lines = []
    metrics = Metrics()
    notify = (lambda title, text: sent.append(title)) if sent is not None else notifier((), lines.append)
    teller = Teller(Audit(tmp_path / "a" / "audit.jsonl", "me"), metrics, events, notify, lines.append)
    for note in notes:
        teller.tell(note)
    teller.close()
    return lines, generate_latest(metrics.registry).decode()


def test_the_audit_has_one_json_object_per_line(tmp_path):
    told(tmp_path, Note(Told.STARTED), ENDED)
    lines = [json.loads(line) for line in (tmp_path / "a" / "audit.jsonl").read_text().splitlines()]
    assert [line["decision"] for line in lines] == ["started", "ended"]
    assert lines[1].items() >= {
        "watcher": "me", "node": "w1", "cause": "kubelet-stopped", "remedy": "restart_kubelet", "outcome": "failed",
        "seconds": 12.35, "why": "exit 1",
    }.items()  # fmt: skip
    assert lines[1]["evidence"] == ["inactive"]
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o700


def test_the_terminal_has_one_calm_line(tmp_path):
    lines, _ = told(tmp_path, ENDED)
    assert lines[0][9:] == "w1: ended restart_kubelet failed after 12 s; kubelet-stopped (inactive); exit 1"


def test_a_person_gets_what_is_meant_for_them(tmp_path):
    sent = []
    told(tmp_path, Note(Told.DIAGNOSED, "w1"), ENDED, sent=sent)
    assert sent == ["kubestead: w1: ended"]


def test_metrics_count(tmp_path):
    _, text = told(tmp_path, ENDED)
    assert 'kubestead_recovery_remedies_total{outcome="failed",remedy="restart_kubelet"} 1.0' in text


def test_what_the_alerts_count_is_there_before_it_happens():
    text = generate_latest(Metrics().registry).decode()
    assert 'kubestead_recovery_remedies_total{outcome="time-limit",remedy="reboot"} 0.0' in text
    assert 'kubestead_recovery_decisions_total{cause="kubelet-stopped",decision="recovered"} 0.0' in text
    assert 'outcome="running"' not in text


def test_what_stands_about_nodes_is_replaced_whole():
    metrics = Metrics()
    metrics.standing.held, metrics.standing.handed = {"w1": "storm"}, {"w2": "unknown"}
    text = generate_latest(metrics.registry).decode()
    assert 'kubestead_recovery_held{guard="storm",node="w1"} 1.0' in text
    assert 'kubestead_recovery_handed_over{cause="unknown",node="w2"} 1.0' in text
    metrics.standing.held, metrics.standing.handed = {}, {}
    text = generate_latest(metrics.registry).decode()
    assert "kubestead_recovery_held{" not in text
    assert "kubestead_recovery_handed_over{" not in text


def test_an_event_is_found_by_kubectl_describe_node():
    event = body(ENDED)
    assert event["involvedObject"] == {"kind": "Node", "name": "w1", "uid": "w1", "apiVersion": "v1"}
    assert (event["reason"], event["type"]) == ("RecoveryEnded", "Warning")


def test_a_notification_really_arrives(tmp_path):
    """By Apprise's own JSON service: what it sends is what a person's service would get."""
    got = queue.Queue()

    class Service(BaseHTTPRequestHandler):
        def do_POST(self):
            got.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    with HTTPServer(("127.0.0.1", 0), Service) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        notifier([f"json://127.0.0.1:{server.server_port}"], pytest.fail)("kubestead: w1: hand-over", "w1 is yours")
        message = got.get(timeout=10)
    assert (message["title"], message["message"]) == ("kubestead: w1: hand-over", "w1 is yours")


def test_a_notification_url_nobody_knows_is_refused_without_repeating_it():
    with pytest.raises(KubesteadError) as error:
        notifier(["nonsense://user:secret@host"], print)
    assert "secret" not in str(error.value)


def test_apprise_is_not_loaded_without_a_notification():
    code = "import sys; from kubestead.watch.parts import Parts; print('apprise' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_the_clients_models_are_not_loaded():
    module = "kubernetes.client.models.v1_pod"
    code = f"import sys; from kubestead.watch.watcher import Watcher; print('{module}' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


@pytest.mark.parametrize(
    ("method", "url", "expected"),
    [
        ("GET", "https://h:6443/api/v1/nodes", ("GET", "nodes")),
        ("GET", "https://h:6443/api/v1/nodes?watch=true&resourceVersion=1", ("WATCH", "nodes")),
        ("PUT", "https://h/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/x", ("PUT", "leases")),
        ("GET", "https://h/api/v1/namespaces/kube-system", ("GET", "namespaces")),
        ("PATCH", "https://h/api/v1/namespaces/kube-system/configmaps/x", ("PATCH", "configmaps")),
    ],
)
def test_requests_are_counted_by_verb_and_resource(method, url, expected):
    assert describe(method, url) == expected


def test_a_kubeconfig_that_is_missing_says_what_writes_one(tmp_path):
    with pytest.raises(KubesteadError, match=r"deploys/cluster\.py"):
        connect(tmp_path / "none")


def test_the_inventory_has_groups_and_power(tmp_path):
    hosts = [
        {"name": "cp", "groups": ["control_plane", "lab"], "data": {}},
        {"name": "w", "groups": ["workers"], "data": {"kubestead_power": {"status": "s", "off": "o", "on": "n"}}},
    ]
    found = parse(tmp_path, hosts)
    assert (found.control_planes, found.workers, found.names) == (("cp",), ("w",), {"cp", "w"})
    assert list(found.power) == ["w"]
    with pytest.raises(KubesteadError):
        parse(tmp_path, hosts[1:])


def test_lines_that_are_no_diagnosis_are_left_out():
    good = {"node": "w", "cause": "unknown", "evidence": [], "remedies": [], "advice": ""}
    found = read_diagnoses("\n".join(["{", "[]", '{"node": "x"}', json.dumps(good)]))
    assert list(found) == ["w"]


def test_shares():
    assert (share("40%"), share("0.25"), share("100%")) == (0.4, 0.25, 1)
    for wrong in ("forty", "140%", "-1"):
        with pytest.raises(typer.BadParameter):
            share(wrong)


def test_urls_with_passwords_can_be_given_where_no_list_of_processes_has_them(monkeypatch):
    got = []

    def parts(inventory, kubeconfig, folder, settings, notify, *others):
        got.append(notify)
        raise typer.Exit

    monkeypatch.setattr("kubestead.watch.inventory.read", lambda path: None)
    monkeypatch.setattr("kubestead.watch.parts.Parts", parts)
    CliRunner().invoke(app, ["watch"], env={"KUBESTEAD_NOTIFY": "json://a:secret@h1 json://h2"})
    assert got == [["json://a:secret@h1", "json://h2"]]


def test_one_that_cannot_be_sent_does_not_keep_the_next_from_it(tmp_path):
    class Events:
        def write(self, note):
            raise RuntimeError("of a kind nobody thought of")

    sent = []
    lines, _ = told(tmp_path, ENDED, ENDED, Note(Told.STARTED), events=Events(), sent=sent)
    assert [line[9:] for line in lines if "RuntimeError" in line] == ["trouble; a notification or event: RuntimeError"]


def test_a_full_disk_does_not_end_the_watcher(tmp_path):
    lines = []
    audit = Audit(tmp_path / "audit.jsonl", "me")
    audit._path = Path("/dev/full")
    teller = Teller(audit, Metrics(), None, lambda title, text: None, lines.append)
    teller.tell(Note(Told.STARTED))
    teller.close()
    assert lines[0].startswith("the audit could not be written: [Errno 28]")
    assert lines[1].endswith("started")


def test_a_copy_of_the_history_that_cannot_be_written_does_not_either(api, tmp_path):
    said = []
    (tmp_path / "file").write_text("")
    ledger = Ledger(api, tmp_path / "file" / "history.json", said.append, lambda: True)
    names = frozenset({"w"})
    ledger.change(lambda history: history.seen(names, names, frozenset()))
    assert "copy of the history could not be written" in said[0]


def test_a_copy_that_is_not_text_is_begun_anew(api, tmp_path):
    said = []
    (tmp_path / "history.json").write_bytes(b"\xff\xfe\x00")
    assert Ledger(api, tmp_path / "history.json", said.append, lambda: True).history == History()
    assert said == [f"{tmp_path}/history.json: is not text; begun anew"]


def test_what_cannot_be_used_is_one_error_with_its_fix(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    with pytest.raises(KubesteadError, match=r"file/audit.jsonl: cannot be written .*--folder"):
        Audit(tmp_path / "file" / "audit.jsonl", "me")
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(KubesteadError, match="--metrics-port"):
        Metrics().serve(taken.getsockname()[1], "127.0.0.1")
    with pytest.raises(KubesteadError, match="--metrics-address"):
        Metrics().serve(0, "192.0.2.1")
    monkeypatch.setattr(Path, "read_text", Mock(side_effect=PermissionError(13, "Permission denied")))
    with pytest.raises(KubesteadError, match=r"cannot be read \(Permission denied\).*--folder"):
        Ledger(None, tmp_path / "file", print, lambda: True)


@pytest.mark.parametrize("text", ["{token: secret", "[secret]", "secret", "", "\x00secret", "clusters: secret"])
def test_a_kubeconfig_that_is_none_is_told_without_what_it_holds(tmp_path, text):
    (tmp_path / "kubeconfig").write_text(text)
    with pytest.raises(KubesteadError, match="cannot be used") as error:
        connect(tmp_path / "kubeconfig")
    assert "secret" not in str(error.value)


def test_a_diagnosis_that_cannot_be_run_is_one_without_a_cause(tmp_path):
    (tmp_path / "file").write_text("")
    deploys = Deploys(Inventory(tmp_path / "lab.py", ("cp",), (), {}), tmp_path / "file" / "runs", "me")
    found = deploys.diagnose(["cp"], lambda: True)["cp"]
    assert found.cause is Cause.UNKNOWN
    assert "Not a directory" in found.evidence[1]
