"""Where the twin's cgroups are, on both kinds of machine."""

from pathlib import Path

import pytest

from kubestead.errors import KubesteadError
from kubestead.twin import cgroups

V1_CGROUP = """\
9:name=systemd:/
4:memory:/jobs/7
3:cpuset:/
2:cpu,cpuacct:/
0::/jobs
"""
V1_MOUNTS = """\
30 29 0:26 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd
31 29 0:27 / /sys/fs/cgroup/memory rw,relatime shared:5 - cgroup cgroup rw,memory
32 29 0:28 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset
33 29 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
34 29 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
35 29 0:31 / /proc rw - proc proc rw
"""
V2_CGROUP = "0::/user.slice/user-1000.slice/session-3.scope\n"
V2_MOUNTS = "29 23 0:26 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"


def test_v1_has_one_folder_per_hierarchy_below_the_present_ones():
    found = cgroups.parse(V1_CGROUP, V1_MOUNTS)
    assert found.version == "v1"
    assert found.v1 == (
        Path("/sys/fs/cgroup/systemd"),
        Path("/sys/fs/cgroup/memory/jobs/7"),
        Path("/sys/fs/cgroup/cpuset"),
        Path("/sys/fs/cgroup/cpu,cpuacct"),
    )
    assert found.unified == Path("/sys/fs/cgroup/unified/jobs")


def test_v2_has_one_folder():
    found = cgroups.parse(V2_CGROUP, V2_MOUNTS)
    assert found.version == "v2"
    assert found.all == (Path("/sys/fs/cgroup/user.slice/user-1000.slice/session-3.scope"),)


def test_a_part_of_a_hierarchy_mounted_in_a_container_is_understood():
    mounts = "29 23 0:26 /docker/abc /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
    assert cgroups.parse("0::/docker/abc/x\n", mounts).unified == Path("/sys/fs/cgroup/x")


def test_v1_alone_is_refused_with_the_command_that_helps():
    with pytest.raises(KubesteadError, match="mount -t cgroup2"):
        cgroups.parse("4:memory:/\n", V1_MOUNTS.splitlines()[1] + "\n")


def test_a_new_cpuset_takes_its_parents_values(tmp_path):
    parent = tmp_path / "cpuset"
    (parent / "child").mkdir(parents=True)
    for folder, cpus, mems in ((parent, "0-1\n", "0\n"), (parent / "child", "\n", "\n")):
        (folder / "cpuset.cpus").write_text(cpus)
        (folder / "cpuset.mems").write_text(mems)
    (tmp_path / "unified").mkdir()
    made = cgroups.create(cgroups.Hierarchies((parent,), tmp_path / "unified"), "child")
    assert (parent / "child/cpuset.cpus").read_text() == "0-1\n"
    assert (parent / "child/cpuset.mems").read_text() == "0\n"
    assert made.all == (parent / "child", tmp_path / "unified/child")
    assert all(folder.is_dir() for folder in made.all)


def test_the_twins_cgroups_are_found_by_name_wherever_they_are(tmp_path):
    for path in ("memory/a/b/kubestead-t", "unified/kubestead-t/k8s-cp", "unified/kubestead-t2"):
        (tmp_path / path).mkdir(parents=True)
    assert {str(p.relative_to(tmp_path)) for p in cgroups.find("kubestead-t", tmp_path)} == {
        "memory/a/b/kubestead-t",
        "unified/kubestead-t",
    }


def test_a_tree_is_removed_from_its_leaves(tmp_path):
    (tmp_path / "twin/k8s-cp/payload/system.slice").mkdir(parents=True)
    cgroups.remove(tmp_path / "twin")
    assert not (tmp_path / "twin").exists()


def test_removing_and_killing_what_is_not_there_is_harmless(tmp_path):
    cgroups.remove(tmp_path / "gone")
    cgroups.kill(tmp_path / "gone")
