"""While the API is silent: who acts, on what, and what is written when it is back."""

from __future__ import annotations

import ssl
import subprocess
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from watchlab import FAST

from kubestead.diagnose import Remedy
from kubestead.recovery.attempts import Attempt, Outcome
from kubestead.recovery.history import History
from kubestead.watch import elsewhere
from kubestead.watch.election import Terms
from kubestead.watch.elsewhere import Elsewhere
from kubestead.watch.ledger import Ledger

BRIEF = Terms(duration=3, deadline=2, period=0.4)


def test_a_silent_api_is_told_once_and_only_a_control_plane_is_helped(settled, until):
    settled.fails("cp", "kubelet-stopped", "restart_kubelet restore_node reboot")
    settled.fake.down = True
    until(settled.ran)
    assert settled.ran() == ["restart_kubelet cp"]
    settled.fake.down = False
    settled.heals("cp")
    until(lambda: settled.audit("api-back"))
    until(lambda: settled.audit("ended"))
    assert len(settled.audit("api-silent")) == 1
    assert settled.history().attempts[0].outcome is Outcome.RECOVERED


def test_a_control_plane_is_not_looked_at_again_and_again(lab, until):
    """Each look has its pause, and the same finding is told once."""
    lab.watcher(settings=replace(FAST, look_again=60, look_at_least=60, confirm_after=600))
    until(lambda: len(lab.history().nodes) == 3)
    lab.fails("cp", "disk-full", "free_disk")
    lab.fake.down = True
    until(lambda: lab.audit("diagnosed"))
    with pytest.raises(AssertionError, match="it did not come"):
        until(lambda: len(lab.audit("diagnosed")) > 1, seconds=2)
    looks = [line for line in (lab.folder / "ran").read_text().splitlines() if line.startswith("diagnose")]
    assert len(looks) == 1


def test_a_remedy_that_was_killed_in_the_silence_does_not_run_for_ever(lab, until):
    _, parts = lab.watcher()
    parts.election._terms = BRIEF
    until(lambda: len(lab.history().nodes) == 3)
    (lab.folder / "hang-restart_kubelet").touch()
    lab.fails("worker1")
    until(lab.ran)
    lab.fake.down = True
    until(lambda: lab.audit("ended"))
    assert parts.ledger.history.attempts[0].outcome is Outcome.RUNNING
    lab.fake.down = False
    until(lambda: lab.history().attempts[0].outcome is Outcome.INTERRUPTED)


def test_where_another_api_answers_this_watcher_does_nothing(lab, until):
    answering = threading.Event()
    lab.watcher(answers=lambda address: answering.is_set())
    until(lambda: len(lab.history().nodes) == 3)
    answering.set()
    lab.fails("cp", "kubelet-stopped", "restart_kubelet")
    lab.fake.down = True
    until(lambda: [line for line in lab.audit("trouble") if "the API answers on cp9, not here" in line["why"]])
    assert not lab.ran()
    assert not lab.audit("diagnosed")


def test_a_restart_is_given_up_when_another_api_answers(lab, until):
    answering = threading.Event()
    (lab.folder / "hang-restart_kubelet").touch()
    _, parts = lab.watcher(answers=lambda address: answering.is_set())
    until(lambda: len(lab.history().nodes) == 3)
    lab.fails("cp", "kubelet-stopped", "restart_kubelet")
    lab.fake.down = True
    until(lab.ran)
    answering.set()
    parts.elsewhere.forget()
    log = until(lambda: next((lab.folder / "watch" / "runs").glob("*restart_kubelet.log"), None))
    until(lambda: subprocess.run(["pgrep", "-f", str(lab.folder / "lab.py")], check=False).returncode)
    assert log.exists()


def test_what_was_done_in_the_silence_is_not_written_over_another_leaders_history(lab, until):
    _, parts = lab.watcher()
    parts.election._terms = BRIEF
    until(lambda: len(lab.history().nodes) == 3)
    lab.fails("cp", "kubelet-stopped", "restart_kubelet")
    lab.fake.down = True
    until(lab.ran)
    until(lambda: not parts.election.leads())
    theirs = History(nodes=lab.history().nodes).began(Attempt("worker1", 1e9, "x", Remedy.REBOOT, 1e9, "another"))
    with lab.fake.lock:
        lab.fake.objects["configmaps"]["kubestead-recovery"]["data"]["history.json"] = theirs.to_json()
        lease = lab.fake.objects["leases"]["kubestead-recovery"]
        lease["spec"] |= {"holderIdentity": "another", "leaseTransitions": 1}
        lab.fake.put("leases", lease)
    lab.fake.down = False
    lab.heals("cp")
    until(lambda: lab.audit("ended"))
    until(lambda: lab.audit("follows"))
    assert lab.history() == theirs


def test_a_watcher_that_led_again_after_another_reads_before_it_writes(lab, until):
    """The other came and went while this one was blind: the Lease says so only by its number."""
    _, parts = lab.watcher()
    parts.election._terms = BRIEF
    until(lambda: len(lab.history().nodes) == 3)
    lab.fake.down = True
    until(lambda: not parts.election.leads())
    theirs = History(nodes=lab.history().nodes).began(Attempt("worker1", 1e9, "x", Remedy.REBOOT, 1e9, "another"))
    theirs = theirs.ended("worker1", Outcome.FAILED, 1e9)
    with lab.fake.lock:
        lab.fake.objects["configmaps"]["kubestead-recovery"]["data"]["history.json"] = theirs.to_json()
        lease = lab.fake.objects["leases"]["kubestead-recovery"]
        lease["spec"] |= {"holderIdentity": "", "leaseTransitions": 1}
        lab.fake.put("leases", lease)
    lab.fake.down = False
    until(parts.election.leads)
    until(lambda: parts.ledger.history.attempts)
    assert lab.history().attempts == theirs.attempts


def test_only_the_leader_writes_the_history(api, fake, tmp_path):
    leads = []
    ledger = Ledger(api, tmp_path / "copy" / "history.json", pytest.fail, lambda: bool(leads))
    ledger.change(lambda history: history.seen(frozenset({"w"}), frozenset({"w"}), frozenset()))
    assert not fake.objects["configmaps"]
    assert (tmp_path / "copy" / "history.json").exists()
    leads.append(True)
    ledger.save()
    assert fake.objects["configmaps"]


@pytest.fixture
def server(tmp_path, monkeypatch):
    """An HTTPS server with a certificate nobody trusts; says with which code it is to answer."""
    made = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-subj",
        "/CN=x",
    ]
    made += ["-keyout", str(tmp_path / "key"), "-out", str(tmp_path / "cert")]
    subprocess.run(made, check=True, capture_output=True)
    codes = []

    class Readyz(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(codes[-1])
            self.end_headers()

        def log_message(self, *arguments):
            pass

    with HTTPServer(("127.0.0.1", 0), Readyz) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tmp_path / "cert", tmp_path / "key")
        server.socket = context.wrap_socket(server.socket, server_side=True)
        monkeypatch.setattr(elsewhere, "PORT", server.server_port)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield codes
        server.shutdown()


@pytest.mark.parametrize(("code", "found"), [(200, "cp2"), (401, "cp2"), (403, "cp2"), (500, ""), (503, "")])
def test_an_api_that_answers_is_found_whatever_its_certificate(server, code, found):
    server.append(code)
    assert Elsewhere({"cp1": "127.0.0.2", "cp2": "127.0.0.1"}).ask() == found


def test_they_are_asked_every_few_seconds():
    clock, asked = [100.0], []
    one = Elsewhere({"cp": "ip"}, lambda address: bool(asked.append(address)), lambda: clock[0])
    for seconds in (0, 1, 3.9, 0.2):
        clock[0] += seconds
        assert one.ask() == ""
    assert asked == ["ip", "ip"]
