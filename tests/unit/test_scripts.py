"""Every script for a host is sound POSIX shell; kubeadm's run here with kubeadm and systemctl played by others."""

import fcntl
import shutil
import signal
import subprocess
import threading
import time

import pytest

from kubestead.render import render
from tests.scripts import SCRIPTS
from tests.shell import SH, in_folder, sh


@pytest.mark.parametrize("template", SCRIPTS)
def test_a_script_parses(template):
    text = render(template, **SCRIPTS[template])
    done = subprocess.run([SH, "-n"], input=text, text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="shellcheck is not installed")
@pytest.mark.parametrize("template", SCRIPTS)
def test_shellcheck_finds_no_fault(template):
    command = ["shellcheck", "--shell=dash", "--severity=warning", "-"]
    text = render(template, **SCRIPTS[template])
    done = subprocess.run(command, input=text, text=True, capture_output=True, check=False)
    assert done.stdout == ""


@pytest.fixture
def play(tmp_path):
    """Run a script whose commands write themselves and their stdin down, and fail where ``failing`` names them."""
    tools = tmp_path / "tools"
    tools.mkdir()
    log, state = tmp_path / "log", tmp_path / "state"
    marker = state / "kubeadm-in-progress"
    state.mkdir()

    def run(step, failing="nothing", stdin=""):
        log.write_text("")
        for tool in ("kubeadm", "systemctl"):
            (tools / tool).write_text(
                f'#!/bin/sh\necho "{tool} $*" >> {log}\n'
                f'case "{tool} $*" in {failing}) echo "no $*" >&2; exit 1;; esac\n'
                f'case "$*" in *stdin*) cat >> {log};; esac\n'
            )
            (tools / tool).chmod(0o755)
        own = {"init": {"config": "/x/init.yaml", "images_unit": "i.service"}, "join": {"config": "/dev/stdin"}}
        done_file = tmp_path / "done"
        text = render("kubeadm.sh.j2", step=step, state=state, done=done_file, **{"images_unit": None, **own[step]})
        text = in_folder(text, tmp_path).replace("/var/lib/etcd", str(tmp_path / "etcd"))
        done = sh(text, stdin=stdin, path=f"{tools}:/usr/bin:/bin")
        run.stderr = done.stderr.decode()
        return done.returncode, log.read_text().splitlines(), marker.read_text() if marker.exists() else None

    run.marker, run.folder = marker, tmp_path
    return run


INIT, JOIN = "init", "join"
PULLS = ["systemctl cat i.service", "systemctl start i.service"]


def test_init_waits_for_the_images_and_leaves_no_marker(play):
    assert play(INIT) == (0, [*PULLS, "kubeadm init --config /x/init.yaml --skip-token-print"], None)


def test_init_goes_on_where_no_image_had_to_be_pulled(play):
    code, lines, _ = play(INIT, failing="'systemctl cat i.service'")
    assert code == 0
    assert lines == [PULLS[0], "kubeadm init --config /x/init.yaml --skip-token-print"]


def test_init_stops_at_images_that_cannot_be_pulled(play):
    """And kubeadm never began: what another one leaves here later is not taken for its remains."""
    assert play(INIT, failing="'systemctl start'*") == (1, PULLS, None)
    play.marker.write_text("init\n")
    code, lines, marker = play(INIT, failing="'systemctl start'*")
    assert (code, lines[0].startswith("kubeadm reset"), marker) == (1, True, None)


@pytest.mark.parametrize("step", [INIT, JOIN])
def test_the_marker_stays_when_kubeadm_fails_and_goes_with_the_next_success(play, step):
    code, _, marker = play(step, failing=f"'kubeadm {step}'*")
    assert (code, marker) == (1, f"{step}\n")

    code, lines, marker = play(step)
    assert (code, marker) == (0, None)
    assert lines[0].startswith("kubeadm reset --force")
    assert list(play.marker.parent.iterdir()) == []


def test_the_first_error_is_told_with_the_second(play):
    play(JOIN, failing="'kubeadm join'*")
    assert play.stderr == "no join --config /dev/stdin\n"
    play.marker.with_name("kubeadm-first-error").write_text("the first reason\n")
    assert play(JOIN, failing="'kubeadm join'*")[0] == 1
    first, told, reason = play.stderr.splitlines()
    assert first == "no join --config /dev/stdin"
    assert told.startswith("kubeadm join had failed before, at 20")
    assert reason == "the first reason"


@pytest.mark.parametrize("step", [INIT, JOIN])
def test_what_an_earlier_runs_kubeadm_finished_meanwhile_is_left_alone(play, step):
    (play.folder / "done").touch()
    assert play(step) == (0, [], None)


def test_one_that_is_still_at_work_is_waited_for(play):
    """The lock is held as an earlier run's script holds it, which then comes to its end."""
    (play.folder / "steps").mkdir()
    with (play.folder / "steps" / "kubeadm.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        waiting = threading.Thread(target=play, args=(INIT,))
        waiting.start()
        waiting.join(0.5)
        assert waiting.is_alive()
        (play.folder / "done").touch()
    waiting.join()
    assert (play.folder / "log").read_text() == ""


def test_one_that_does_not_end_is_ended(play):
    text = in_folder(render("alone.sh.j2", step="kubeadm", seconds=0), play.folder)
    held = subprocess.Popen([SH, "-c", f"{text} sleep 600"], start_new_session=True)
    lock = play.folder / "steps" / "kubeadm.lock"
    while not (lock.is_file() and lock.read_text().strip() == str(held.pid)):
        time.sleep(0.01)  # between two looks
    assert sh(text).returncode == 0
    assert held.wait() == -signal.SIGKILL


def test_an_interrupted_inits_etcd_data_goes(play, tmp_path):
    (tmp_path / "etcd" / "member").mkdir(parents=True)
    play.marker.write_text("init\n")
    assert play(INIT)[0] == 0
    assert not (tmp_path / "etcd").exists()


def test_nothing_is_started_on_remains_that_cannot_be_cleaned(play):
    play.marker.write_text("join\n")
    assert len(play(JOIN, failing="'kubeadm reset'*")[1]) == 1


def test_join_reads_its_configuration_from_stdin(play):
    """Also after a reset, which must not have read it away."""
    play.marker.write_text("join\n")
    _, lines, _ = play(JOIN, stdin="token: secret\n")
    assert lines[1:] == ["kubeadm join --config /dev/stdin", "token: secret"]
