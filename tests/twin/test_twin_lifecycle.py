"""Up twice is harmless, down leaves nothing, also after a crash of the supervisor."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from .conftest import SMALL, Twin, eventually

pytestmark = pytest.mark.twin

CP = "k8s-cp"


def output(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout


def traces(name: str) -> list[str]:
    """Everything on this machine that carries the twin's name."""
    mark = f"kubestead-{name}"
    states = f"twins/{name}/"
    found = [f"netns {line}" for line in output("ip", "netns").splitlines() if line.startswith(mark)]
    found += [f"mount {line}" for line in Path("/proc/self/mountinfo").read_text().splitlines() if mark in line]
    found += [f"loop {line}" for line in output("losetup", "-a").splitlines() if states in line]
    found += [f"cgroup {top}/{n}" for top, names, _ in os.walk("/sys/fs/cgroup") for n in names if n == mark]
    files = (Path("/run/kubestead/twins") / name, Path("/run/systemd/nspawn/propagate") / f"{mark}-{CP}")
    return found + [f"file {path}" for path in files if path.exists()] + list(processes(mark, states))


def processes(mark: str, states: str) -> Iterator[str]:
    """Living processes with one of the texts in their command line, or the first in their cgroup.

    A dead one that only its parent has not collected yet does not count: after a crash that is the machine's init.
    """
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (entry / "cmdline").read_text().split("\0")
            dead = (entry / "stat").read_text().rpartition(")")[2].split()[0] in "ZX"
            named = any(mark in word or states in word for word in words)
            if not dead and (named or mark in (entry / "cgroup").read_text()):
                yield f"process {entry.name} {' '.join(words)}"


def supervisor_killed(twin: Twin) -> None:
    os.kill(twin.record["pid"], signal.SIGKILL)
    eventually(lambda: twin.status()["supervisor"] == "gone")


def test_up_again_changes_nothing(small_twin):
    before, boot_id = small_twin.status(), small_twin.ssh(CP, "cat /proc/sys/kernel/random/boot_id")
    small_twin.must("up", "--no-mirror")
    assert small_twin.status() == before
    assert small_twin.ssh(CP, "cat /proc/sys/kernel/random/boot_id") == boot_id


def test_a_twin_grows_but_is_not_made_smaller(small_twin):
    before = small_twin.host(CP)
    small_twin.must("up", "--no-mirror", "--workers", "1")
    assert small_twin.host("k8s-worker1")["ssh"] is True
    assert small_twin.host(CP) == before
    refused = small_twin.cli("up", "--no-mirror", "--workers", "0")
    assert refused.returncode == 1
    assert "'kubestead twin down' first" in refused.stderr
    small_twin.must("down")


def test_down_leaves_nothing(small_twin):
    assert len(traces(SMALL)) > 10, "the test must be able to see a twin"
    state = small_twin.state
    small_twin.must("down")
    assert traces(SMALL) == []
    assert not state.exists()


def test_down_twice_and_down_of_nothing_are_harmless(small_twin):
    small_twin.must("down")
    small_twin.must("down")


def test_down_after_a_crash_of_the_supervisor_leaves_nothing(small_twin):
    supervisor_killed(small_twin)
    assert small_twin.host(CP)["power"] == "on", "the host runs on, so there is something to leave behind"
    small_twin.must("down")
    assert traces(SMALL) == []


def test_down_without_any_file_finds_the_twin_by_its_name(small_twin):
    for path in (small_twin.state / "plan.json", Path("/run/kubestead/twins") / SMALL / "twin.json"):
        path.unlink()
    small_twin.must("down")
    assert traces(SMALL) == []


def test_up_after_a_crash_of_the_supervisor_brings_the_hosts_back_with_their_disks(small_twin):
    small_twin.ssh(CP, "touch /etc/kept; sync")
    supervisor_killed(small_twin)
    refused = small_twin.cli("exec", "--", "true")
    assert refused.returncode == 1
    assert "kubestead twin up" in refused.stderr
    small_twin.must("up", "--no-mirror")
    small_twin.ssh(CP, "test -e /etc/kept")


def test_two_twins_stand_side_by_side(twin, small_twin):
    assert twin.record["addresses"][CP] == small_twin.record["addresses"][CP]
    assert twin.record["netns_inode"] != small_twin.record["netns_inode"]
    assert twin.ssh(CP, "cat /etc/machine-id") != small_twin.ssh(CP, "cat /etc/machine-id")


def test_a_mirror_is_served_to_the_hosts_and_goes_with_the_twin(small_twin, tmp_path):
    (tmp_path / "registry").mkdir()
    (tmp_path / "catalog.yaml").write_text("of this test\n")
    small_twin.must("up", "--mirror", str(tmp_path))
    assert small_twin.ssh(CP, "curl -fsS http://192.168.1.1:8080/catalog.yaml") == "of this test"
    assert small_twin.ssh(CP, "curl -fsS http://192.168.1.1:5000/v2/") == "{}"
    assert f"catalog: {tmp_path}/catalog.yaml" in (small_twin.state / "site.yaml").read_text()
    assert small_twin.status()["mirror"]["running"] is True
    small_twin.must("down")
    assert traces(SMALL) == []
    assert str(tmp_path) not in output("ps", "-eo", "args")


def test_more_than_the_machine_has_is_refused_with_numbers_before_anything_is_made():
    greedy = Twin("test-greedy")
    done = greedy.cli("up", "--no-mirror", "--workers", "126")
    assert done.returncode == 1
    assert "127 more hosts need 102300 MiB" in done.stderr
    assert traces("test-greedy") == []


TOO_LITTLE = {
    "no root": (["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"], {}, "the twin needs root"),
    "no capability": (["setpriv", "--bounding-set=-sys_admin"], {}, "lacks CAP_SYS_ADMIN"),
    "no tools": ([], {"PATH": "/usr/bin:/bin"}, "apt-get install debootstrap"),
    "no disk": ([], {"XDG_STATE_HOME": "/dev/shm/kubestead-test"}, "XDG_STATE_HOME = 'tmpfs'"),
    "no name": ([], {}, "--name = '../x'"),
}


@pytest.mark.parametrize("case", TOO_LITTLE)
def test_what_is_missing_is_said_before_anything_is_made(case):
    prefix, environment, said = TOO_LITTLE[case]
    name = "../x" if case == "no name" else "test-refused"
    argv = [*prefix, sys.executable, "-m", "kubestead.cli", "twin", "up", "--no-mirror", "--name", name]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env=os.environ | environment)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert traces("test-refused") == []
