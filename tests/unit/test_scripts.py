"""Every script for a host is sound POSIX shell; kubeadm's run here with kubeadm and systemctl played by others."""

import shutil
import subprocess

import pytest

from kubestead.render import render
from tests.scripts import SCRIPTS
from tests.shell import SH, sh


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
    log, marker = tmp_path / "log", tmp_path / "state" / "kubeadm-in-progress"

    def run(template, failing="nothing", stdin="", interrupted=None):
        log.write_text("")
        for tool in ("kubeadm", "systemctl"):
            (tools / tool).write_text(
                f'#!/bin/sh\necho "{tool} $*" >> {log}\ncase "{tool} $*" in {failing}) exit 1;; esac\n'
                f'case "$*" in *stdin*) cat >> {log};; esac\n'
            )
            (tools / tool).chmod(0o755)
        text = render(template, marker=marker, config="/x/init.yaml", images_unit="i.service", interrupted=interrupted)
        text = text.replace("/var/lib/kubestead", str(marker.parent)).replace("/var/lib/etcd", str(tmp_path / "etcd"))
        done = sh(text, stdin=stdin, path=f"{tools}:/usr/bin:/bin")
        return done.returncode, log.read_text().splitlines(), marker.read_text() if marker.exists() else None

    return run


INIT, JOIN = "kubeadm-init.sh.j2", "kubeadm-join.sh.j2"
PULLS = ["systemctl cat i.service", "systemctl start i.service"]


def test_init_waits_for_the_images_and_leaves_no_marker(play):
    assert play(INIT) == (0, [*PULLS, "kubeadm init --config /x/init.yaml --skip-token-print"], None)


def test_init_goes_on_where_no_image_had_to_be_pulled(play):
    code, lines, _ = play(INIT, failing="'systemctl cat i.service'")
    assert code == 0
    assert lines == [PULLS[0], "kubeadm init --config /x/init.yaml --skip-token-print"]


def test_init_stops_at_images_that_cannot_be_pulled(play):
    assert play(INIT, failing="'systemctl start'*") == (1, PULLS, "init\n")


@pytest.mark.parametrize(("template", "word"), [(INIT, "init"), (JOIN, "join")])
def test_the_marker_stays_when_kubeadm_fails_and_goes_with_the_next_success(play, template, word):
    code, _, marker = play(template, failing=f"'kubeadm {word}'*")
    assert (code, marker) == (1, f"{word}\n")

    code, lines, marker = play(template, interrupted=word)
    assert (code, marker) == (0, None)
    assert lines[0].startswith("kubeadm reset --force")


def test_an_interrupted_inits_etcd_data_goes(play, tmp_path):
    (tmp_path / "etcd" / "member").mkdir(parents=True)
    assert play(INIT, interrupted="init")[0] == 0
    assert not (tmp_path / "etcd").exists()


def test_nothing_is_started_on_remains_that_cannot_be_cleaned(play):
    assert len(play(JOIN, interrupted="join", failing="'kubeadm reset'*")[1]) == 1


def test_join_reads_its_configuration_from_stdin(play):
    """Also after a reset, which must not have read it away."""
    _, lines, _ = play(JOIN, interrupted="join", stdin="token: secret\n")
    assert lines[1:] == ["kubeadm join --config /dev/stdin", "token: secret"]
