"""Whether a machine can carry a twin: refused with numbers and a fix."""

from dataclasses import replace
from pathlib import Path

from kubestead.twin import checks, machine
from kubestead.twin.machine import Machine
from kubestead.twin.plan import Plan

ROOMY = Machine(cores=2, memory=16000, state_disk=50000, cache_disk=50000, state_filesystem="ext4")
LAB = Plan().nodes


def found(machine_, nodes=LAB, image_cached=False):
    return [str(finding) for finding in checks.findings(machine_, nodes, image_cached)]


def test_a_roomy_machine_is_fine():
    assert found(ROOMY) == []


def test_too_little_memory_is_refused_with_both_numbers():
    (text,) = found(replace(ROOMY, memory=2000))
    assert "2000 MiB are available" in text
    assert "3 more hosts need 3100 MiB" in text
    assert "--workers" in text


def test_only_hosts_that_do_not_run_yet_need_memory():
    assert found(replace(ROOMY, memory=900), Plan(workers=3).nodes[-1:]) == []
    assert found(replace(ROOMY, memory=10), ()) == []


def test_too_little_disk_is_refused_with_both_numbers():
    (text,) = found(replace(ROOMY, state_disk=5000))
    assert "5000 MiB are free, 9216 MiB are needed" in text
    assert "XDG_STATE_HOME" in text


def test_the_image_needs_room_only_until_it_is_made():
    small = replace(ROOMY, cache_disk=100)
    assert "1200 MiB are needed" in found(small)[0]
    assert found(small, image_cached=True) == []


def test_missing_tools_are_named_with_one_command_for_all():
    texts = found(replace(ROOMY, missing=("systemd-nspawn", "debootstrap")))
    assert len(texts) == 2
    assert all("apt-get install debootstrap systemd-container" in text for text in texts)


def test_everything_that_is_wrong_is_said_at_once():
    poor = replace(
        ROOMY,
        cores=1,
        memory=1,
        filesystems=frozenset({"ext4"}),
        loop=False,
        namespaces=False,
        cgroup="cgroup2 is not mounted",
        state_filesystem="overlay",
    )
    text = "\n".join(found(poor))
    for word in ("overlay", "loop-control", "CONFIG_NAMESPACES", "cgroup2", "XDG_STATE_HOME", "cores = 1", "memory"):
        assert word in text


def test_root_in_a_container_is_told_what_it_lacks():
    assert machine.lacking("Name:\tx\nCapEff:\t00000000a80425fb\n") == ("CAP_NET_ADMIN", "CAP_SYS_ADMIN")
    assert machine.lacking("CapEff:\t000001ffffffffff\n") == ()
    (text,) = found(replace(ROOMY, lacking=("CAP_SYS_ADMIN",)))
    assert "lacks CAP_SYS_ADMIN" in text
    assert "privileged" in text


def test_the_file_system_of_a_path_is_that_of_its_longest_mount():
    mountinfo = (
        "21 1 254:0 / / rw - ext4 /dev/vda rw\n"
        "22 21 0:20 / /home rw - btrfs /dev/vdb rw\n"
        "23 21 0:21 / /homework rw - nfs server:/x rw\n"
    )
    assert machine.filesystem_of(Path("/home/a/.local"), mountinfo) == "btrfs"
    assert machine.filesystem_of(Path("/var"), mountinfo) == "ext4"


def test_this_machine_can_be_looked_at(tmp_path):
    here = machine.look(tmp_path / "not/yet/made")
    assert here.cores >= 1
    assert here.memory > 0
    assert here.state_filesystem
