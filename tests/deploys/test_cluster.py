"""deploys/cluster.py on fake hosts: the plan, and that phases really follow one another (barriers, a failure's end)."""

from __future__ import annotations

import re
import stat
from itertools import pairwise
from pathlib import Path

import pytest

from tests.deploys.runner import Run, run
from tests.twin.crashcases import crashes

GOLDEN = Path(__file__).parent / "cluster-on-bare-hosts.plan"
BARRIERS = ["every host is prepared", "the API answers", "every node has joined"]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One whole run on bare hosts."""
    return run(tmp_path_factory.mktemp("run"), "cluster", "-y", "-vv", "--json")


def test_the_plan_for_bare_hosts(tmp_path: Path) -> None:
    done = run(tmp_path, "cluster", "--dry", "--json")
    assert done.returncode == 0, done.stderr
    assert done.plan == GOLDEN.read_text().splitlines()
    assert not (tmp_path / ".kubestead").exists(), "a dry run leaves nothing, not even here"


def test_a_run_does_what_was_planned_and_nothing_fails(built: Run) -> None:
    assert built.returncode == 0, built.stderr[-3000:]
    assert [line["operation"] for line in built.record if line["error"]] == []
    planned = [line[24:].rpartition(" | ")[2] for line in GOLDEN.read_text().splitlines()]
    assert list(dict.fromkeys(line["operation"] for line in built.record)) == planned


@pytest.mark.parametrize(("barrier", "following"), [*pairwise([*BARRIERS, ""])])
def test_what_follows_a_barrier_begins_when_every_host_has_passed_it(built: Run, barrier: str, following: str) -> None:
    names = [line["operation"] for line in built.record]
    reached = [line for line in built.record if line["operation"] == barrier]
    assert {line["host"] for line in reached} == {"k8s-cp", "k8s-worker1", "k8s-worker2"}
    first, last = names.index(barrier), len(names) - 1 - names[::-1].index(barrier)
    assert last - first == 2
    before, after = built.record[:first], built.record[last + 1 :]
    assert max(line["end"] for line in before) <= min(line["start"] for line in reached)
    assert max(line["end"] for line in reached) <= min(line["start"] for line in after)


def test_init_then_token_then_joins_then_the_token_goes(built: Run) -> None:
    ((init, _),) = built.sent("kubeadm init --config")
    ((mint, minted_on),) = built.sent("kubeadm token create")
    joins = built.sent("kubeadm join --config")
    ((delete, deleted_on),) = built.sent("delete --ignore-not-found secret")
    assert init < mint < min(place for place, _ in joins)
    assert max(place for place, _ in joins) < delete
    assert sorted(host for _, host in joins) == ["k8s-worker1", "k8s-worker2"]
    assert minted_on == deleted_on == "k8s-cp"


def test_every_host_is_prepared_before_the_first_control_plane_starts(built: Run) -> None:
    ((init, _),) = built.sent("kubeadm init --config")
    for words in ("swapoff", "systemctl start containerd.service", "apt-mark hold", "kubelet.service"):
        assert all(place < init for place, _ in built.sent(words)), words
    assert len(built.sent("apt-mark hold")) == 3


def test_images_are_pulled_before_the_packages_are_installed(built: Run) -> None:
    """The pulls go on in the background meanwhile."""
    pulls = {host: place for place, host in built.sent("--no-block kubestead-images-node.service")}
    packages = {host: place for place, host in built.sent("apt-mark hold")}
    assert pulls.keys() == packages.keys()
    assert all(pulls[host] < packages[host] for host in packages)


def test_the_token_shows_nowhere(built: Run) -> None:
    """It goes by stdin; only its public half is named, when it is deleted."""
    ((place, _),) = built.sent("delete --ignore-not-found secret")
    (identifier,) = re.findall(r"bootstrap-token-([a-z0-9]{6}) ", built.commands[place][1])
    record = "".join(path.read_text() for path in built.folder.glob(".kubestead/runs/*/*"))
    assert f"{identifier}." not in built.stdout + built.stderr + record


def test_the_kubeconfig_is_fetched_for_its_owner_alone(built: Run) -> None:
    path = built.folder / ".kubestead" / "kubeconfig"
    assert "https://192.168.1.187:6443" in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_runs_that_are_killed_are_killed_in_operations_there_are() -> None:
    """tests/twin/crashcases.py, whose runs take minutes each."""
    names = [line.partition("| ")[2] for line in GOLDEN.read_text().splitlines()]
    unknown = [crash.name for crash in crashes() if not any(n.startswith(crash.point.operation) for n in names)]
    assert unknown == []


def test_the_run_record_says_who_did_what_when(built: Run) -> None:
    (line,) = [line for line in built.record if line["operation"] == "kubeadm init"]
    assert (line["host"], line["phase"], line["changed"], line["error"]) == ("k8s-cp", "Control plane", True, False)
    assert 0 <= line["end"] - line["start"] < 60
    assert not any(line["changed"] for line in built.record if line["operation"] in BARRIERS)


@pytest.mark.parametrize(
    ("host", "broken", "never"),
    [
        ("k8s-cp", "kubeadm init --config", ["token create", "kubeadm join", "helm upgrade"]),
        ("k8s-cp", "helm upgrade", ["token create", "kubeadm join"]),
        ("k8s-worker1", "apt-mark hold", ["kubeadm init --config", "kubeadm join"]),
        ("k8s-worker2", "/var/lib/kubestead/download", ["systemctl start containerd.service", "kubeadm init --config"]),
        ("k8s-worker2", "kubeadm join --config", ["delete --ignore-not-found secret", "namespace $n"]),
    ],
    ids=["init", "Cilium", "a worker's packages", "a worker's download", "a join"],
)
def test_after_a_failure_nothing_further_runs(tmp_path: Path, host: str, broken: str, never: list[str]) -> None:
    failure = {host: {broken: {"success": False, "stderr": "it broke"}}}
    done = run(tmp_path, "cluster", "-y", "-vv", lab=f"bare_lab({failure!r})")

    assert done.returncode == 1
    assert "it broke" in done.stderr
    assert done.sent(broken), "it was tried"
    assert {words: done.sent(words) for words in never} == {words: [] for words in never}
    assert [line["host"] for line in done.record if line["error"]] == [host]


def test_an_api_that_stays_away_is_told_before_anything_is_asked_of_it(tmp_path: Path) -> None:
    broken = {"success": False, "stderr": "connection refused"}
    answers = {"k8s-cp": {"get nodes,daemonsets": "", "get --raw /readyz": broken, "waiting 300 s": broken}}
    done = run(tmp_path, "cluster", "-y", "-vv", lab=f"bare_lab({answers!r})")

    assert done.returncode == 1
    assert "waiting for the API server" in done.stderr
    assert [done.sent(words) for words in ("helm upgrade", "token create", "kubeadm join")] == [[], [], []]
    assert [line["operation"] for line in done.record if line["error"]] == ["The API server answers"]


def test_a_host_that_is_lost_between_two_commands_is_told_without_a_traceback(tmp_path: Path) -> None:
    lost = {"k8s-worker1": {"UnitFileState,NeedDaemonReload kubelet.service": {"success": False}}}
    done = run(tmp_path, "cluster", "-y", lab=f"bare_lab({lost!r})")
    assert done.returncode == 1
    assert "[@fake/k8s-worker1] Error: could not load fact" in done.stderr
    assert "Traceback" not in done.stderr
    assert "kubeadm init" not in done.stderr


def test_a_failed_join_leaves_the_others_alone(tmp_path: Path) -> None:
    """Both join at once; the one that can, does."""
    failure = {"k8s-worker2": {"kubeadm join --config": {"success": False}}}
    done = run(tmp_path, "cluster", "-y", "-vv", lab=f"bare_lab({failure!r})")
    outcomes = {line["host"]: line["error"] for line in done.record if line["operation"] == "kubeadm join"}
    assert outcomes == {"k8s-worker1": False, "k8s-worker2": True}


def test_an_unverified_catalog_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    """As upstream's is, until its digests were recorded."""
    lab = "bare_lab()\nfrom pathlib import Path\np = Path('catalog.yaml')\n"
    lab += "import re\np.write_text(re.sub('sha256: [0-9a-f]{64}', 'sha256: unverified', p.read_text(), count=1))"
    done = run(tmp_path, "cluster", "-y", lab=lab)
    assert done.returncode == 1
    assert "kubestead mirror verify --record" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.record == []
