"""deploys/cluster.py on hosts that were built: nothing is changed, and what has drifted is put right, there alone."""

from __future__ import annotations

from pathlib import Path

from kubestead.kubeconfig import for_operator
from kubestead.phases.containerd import REGISTRIES
from tests.deploys.built import asked
from tests.deploys.lab import ADMIN_CONF, text
from tests.deploys.runner import Run, run

# The configuration of containerd is another than was written, on one worker.
DRIFT = {"k8s-worker2": {"config.toml /etc/containerd/certs.d": "644 root:root\t00  -\t/etc/containerd/config.toml"}}


CONFIG = "/etc/containerd/config.toml"
PATHS = [
    "/etc/systemd/system/containerd.service", CONFIG,
    *(f"/etc/containerd/certs.d/{registry}/hosts.toml" for registry in REGISTRIES),
]  # fmt: skip
BY_HAND = text(CONFIG, "# by hand\npassword = 'swordfish'\n")
EDITED = {"k8s-worker2": {asked(*PATHS): BY_HAND, **DRIFT["k8s-worker2"]}}


def second_run(folder: Path, *options: str, drift: object = None) -> Run:
    kubeconfig = folder / ".kubestead" / "kubeconfig"
    kubeconfig.parent.mkdir()
    kubeconfig.write_text(for_operator(ADMIN_CONF, "https://192.168.1.187:6443"))
    kubeconfig.chmod(0o600)
    return run(folder, "cluster", *options, lab=f"built_lab({drift!r})")


def changes(done: Run) -> list[str]:
    return [line for line in done.plan if not line.startswith("nobody")]


def test_nothing_is_planned(tmp_path: Path) -> None:
    done = second_run(tmp_path, "--dry", "--json")
    assert done.returncode == 0, done.stderr
    assert changes(done) == []
    assert "Short-lived join token" not in done.stdout


def test_nothing_is_done(tmp_path: Path) -> None:
    done = second_run(tmp_path, "-y", "-vv")
    assert done.returncode == 0, done.stderr
    assert len(done.record) > 30
    assert [line for line in done.record if line["changed"] or line["error"]] == []


def test_what_has_drifted_is_planned_with_the_restart_it_needs(tmp_path: Path) -> None:
    done = second_run(tmp_path, "--dry", "--json", drift=DRIFT)
    assert done.returncode == 0, done.stderr
    assert changes(done) == [
        "k8s-worker2             containerd | containerd's configuration",
        "k8s-worker2             containerd | containerd runs",
        "k8s-cp                  Verify | Smoke: pods, services, DNS, policies, Cilium, Hubble",
    ]


def test_what_has_drifted_is_put_right_and_the_cluster_is_tried(tmp_path: Path) -> None:
    done = second_run(tmp_path, "-y", "-vv", drift=DRIFT)
    assert done.returncode == 0, done.stderr
    assert [host for _, host in done.sent("systemctl restart containerd.service")] == ["k8s-worker2"]
    assert {(line["host"], line["operation"].partition(":")[0]) for line in done.record if line["changed"]} == {
        ("k8s-worker2", "containerd's configuration"),
        ("k8s-worker2", "containerd runs"),
        ("k8s-cp", "Smoke"),
    }


def test_a_diff_shows_what_the_plan_means_and_no_secret(tmp_path: Path) -> None:
    done = second_run(tmp_path, "--dry", "--diff", drift=EDITED)
    assert done.returncode == 0, done.stderr
    assert f"[@fake/k8s-worker2] {CONFIG}:" in done.stderr
    assert "-# by hand" in done.stderr
    assert "-password = *MASKED*" in done.stderr
    assert "+version = 3" in done.stderr
    assert "containerd.service: active, enabled -> restart" in done.stderr
    assert "swordfish" not in done.stderr + done.stdout


def test_a_diff_is_shown_once(tmp_path: Path) -> None:
    """By a run that goes on without a plan; one that shows its plan first is asked about it."""
    done = second_run(tmp_path, "-y", "--diff", drift=EDITED)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("-# by hand") == 1
    assert "swordfish" not in done.stderr + done.stdout
