"""Lines of a report, one by one: what they become, and that what cannot be read is unknown."""

from __future__ import annotations

import pytest

from kubestead.diagnose.finding import last_words
from kubestead.diagnose.kubelet_config import read, threshold
from kubestead.diagnose.parse import clock_offset, disks, node_report
from kubestead.diagnose.parse_units import unit
from kubestead.diagnose.report import Asked, Binary, Disk, NodeReport, Page
from kubestead.diagnose.skew import Offset, skews


def parsed(*lines: str) -> NodeReport:
    return node_report(["boot_id\tb", *lines, "end\tyes"])


MOUNTS = (
    "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard",
    "42 27 7:1 / /var rw,relatime shared:1 - ext4 /dev/loop1 rw",
    "43 27 7:1 / /var ro,relatime shared:1 - ext4 /dev/loop1 rw",
    "44 27 8:1 / /data rw - ext4 /dev/sdb ro,errors=remount-ro",
    "45 27 8:1 / /emergency rw - ext4 /dev/sdb rw,emergency_ro",
    "46 27 8:1 / /fine rw - ext4 /dev/sdb rw,errors=remount-ro",
    "half a line",
)


@pytest.mark.parametrize(
    ("target", "read_only"),
    [("/", False), ("/var", True), ("/data", True), ("/emergency", True), ("/fine", False), ("/elsewhere", None)],
)
def test_a_file_system_is_read_only_by_its_mount_or_by_itself(target: str, read_only: bool | None) -> None:
    (found,) = disks([f"{target} {target} 100 50 10 5"], MOUNTS)
    assert found == Disk(target, target, 100, 50, 10, 5, read_only)


def test_btrfs_counts_no_inodes() -> None:
    (found,) = disks(["/ / 100 50 0 0"], MOUNTS)
    assert (found.inodes, found.inodes_free) == (None, None)


CHRONY = ("System time     : {} seconds {} of NTP time", "Leap status     : {}")


@pytest.mark.parametrize(
    ("seconds", "way", "leap", "offset"),
    [
        ("0.000012", "slow", "Normal", -0.000012),
        ("312.5", "fast", "Normal", 312.5),
        ("0.000000", "slow", "Not synchronised", None),
        ("x", "slow", "Normal", None),
    ],
)
def test_chronys_offset(seconds: str, way: str, leap: str, offset: float | None) -> None:
    assert clock_offset([CHRONY[0].format(seconds, way), CHRONY[1].format(leap)]) == offset


def test_no_chrony_no_offset() -> None:
    assert clock_offset([]) is None


def test_a_unit_and_how_long_ago() -> None:
    rows = ["LoadState=loaded", "ActiveState=active", "SubState=running", "NRestarts=3", "Process=T", "Frozen=yes",
            "ExecMainStartTimestampMonotonic=4000000", "ExecMainStatus=x"]  # fmt: skip
    found = unit({"unit kubelet.service": rows, "log kubelet.service": ["a", "b"]}, "kubelet.service", 10.0)
    assert (found.runs, found.restarts, found.process, found.frozen) == (True, 3, "T", True)
    assert (found.started_ago, found.exit_status, found.log) == (6.0, None, ("a", "b"))


def test_a_unit_systemd_said_nothing_of() -> None:
    found = unit({}, "kubelet.service", 10.0)
    assert (found.active, found.runs, found.load) == (None, False, None)


def test_what_containerd_makes_of_its_configuration() -> None:
    runtime = parsed(
        "containerd_dump\t0",
        "dump\tdisabled_plugins = ['io.containerd.grpc.v1.cri']",
        "dump\t  [plugins.'io.containerd.cri.v1.images'.pinned_images]",
        "dump\t    sandbox = 'registry.k8s.io/pause:3.10'",
        "dump\t  [plugins.'io.containerd.cri.v1.runtime']",
        "dump\t      [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]",
        "dump\t        SystemdCgroup = true",
        "dump\t    [plugins.'io.containerd.cri.v1.runtime'.cni]",
        "dump\t      bin_dir = ''",
        "dump\t      bin_dirs = ['/opt/cni/bin']",
        "dump\t      conf_dir = '/etc/cni/net.d'",
        "dump\t      use_internal_loopback = false",
        "containerd_answer\t0",
        "plugin\tio.containerd.grpc.v1           cri                      -              error",
        "sandbox_image\tregistry.k8s.io/pause:3.10 complete",
    ).runtime
    assert runtime.disabled == ("io.containerd.grpc.v1.cri",)
    assert (runtime.sandbox, runtime.sandbox_state) == ("registry.k8s.io/pause:3.10", "complete")
    assert (runtime.systemd_cgroup, runtime.internal_loopback) == (True, False)
    assert (runtime.cni_bin, runtime.cni_conf) == ("/opt/cni/bin", "/etc/cni/net.d")
    assert runtime.cri == {"io.containerd.grpc.v1": "error"}


def test_why_containerd_gives_no_answer() -> None:
    runtime = parsed("containerd_answer\t1", "plugin\tctr: failed to dial: connection refused").runtime
    assert runtime.answer == Asked(1, "ctr: failed to dial: connection refused")
    assert parsed("containerd_answer\t124").runtime.answer == Asked(124)


def test_pages_programs_and_questions() -> None:
    report = parsed(
        "kubelet_healthz\tHTTP/1.0 200 OK  ok", "cilium_healthz\t", "binary\trunc 126 /r/runc Exec format error",
        "api\t1 error: You must be logged in", "pids_limit\t40 max", "swap\tFilename Type", "swap\t/swapfile file",
    )  # fmt: skip
    assert report.kubelet_healthz == Page(200, "OK  ok")
    assert report.cilium_healthz == Page(None)
    assert report.binaries["runc"] == Binary("126", "/r/runc", "Exec format error")
    assert report.identity.api == Asked(1, "error: You must be logged in")
    assert (report.pids, report.pids_max) == (40, None)
    assert report.swaps == ("/swapfile",)


def test_what_was_not_said_is_unknown() -> None:
    assert parsed() == NodeReport(boot_id="b")


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("kind: KubeletConfiguration\napiVersion: kubelet.config.k8s.io/v1beta1\n", ""),
        ("kind: [", "not YAML"),
        ("just words", "no fields"),
        ("kind: Pod", "kind is 'Pod'"),
        ("kind: KubeletConfiguration\napiVersion: v1", "apiVersion is 'v1'"),
    ],
)
def test_a_kubelets_configuration(text: str, wrong: str) -> None:
    assert wrong in read(text)[1]
    assert bool(wrong) is bool(read(text)[1])


@pytest.mark.parametrize(
    ("told", "limit"),
    [("10%", 100), ("1Ki", 1024), ("512", 512), ("1k", 1000), ("nonsense", 0), ("0.5%", 5)],
)
def test_a_threshold_of_eviction(told: str, limit: int) -> None:
    assert threshold({"evictionHard": {"nodefs.available": told}}, "nodefs.available", 1000) == limit


def test_thresholds_that_are_not_set() -> None:
    assert threshold({}, "nodefs.available", 1000) == 100
    assert threshold({"evictionHard": {"memory.available": "1"}}, "nodefs.available", 1000) == 0


LOG = (
    'I1122 10:00:00.000000    4711 server.go:1] "Kubelet version" kubeletVersion="v1.31.13"',
    'E1122 10:00:00.000001    4711 run.go:72] "command failed" err="failed to load kubelet config file: boom"',
    "kubelet.service: Main process exited, code=exited, status=1/FAILURE",
    "kubelet.service: Failed with result 'exit-code'.",
)


def test_the_last_words_are_the_services_own() -> None:
    assert last_words(LOG) == "failed to load kubelet config file: boom"
    assert last_words(LOG[2:]) == "kubelet.service: Failed with result 'exit-code'."
    assert last_words(()) == ""


def test_a_clock_is_compared_with_the_one_in_the_middle() -> None:
    near, far = Offset(-0.1, 0.4), Offset(299.0, 300.0)
    found = skews({"a": near, "b": far, "c": near})
    assert found["a"].certain == 0
    assert found["b"].certain == pytest.approx(298.6)
    assert skews({"behind": Offset(-61, -60), "control plane": near})["behind"].certain == -60
    assert skews({"alone": Offset(-61, -60)}) == {}, "it may be the controller's"


def test_a_laptop_whose_own_clock_is_wrong_blames_nobody() -> None:
    found = skews({"a": Offset(50, 50.1), "b": Offset(50, 50.2), "c": Offset(49.9, 50.1)})
    assert {offset.certain for offset in found.values()} == {0}
