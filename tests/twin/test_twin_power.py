"""A host reboots, loses power, comes back, is made bare: as under a hypervisor."""

import os
import signal
import subprocess
import time

import pytest

from .conftest import Twin, eventually

pytestmark = pytest.mark.twin

CP = "k8s-cp"
BOOT_ID = "cat /proc/sys/kernel/random/boot_id"


def boot_id(twin: Twin) -> str:
    done = twin.cli("ssh", CP, BOOT_ID)
    return done.stdout.strip() if done.returncode == 0 else ""


def nspawn(twin: Twin) -> int:
    found = subprocess.run(
        ["pgrep", "-f", f"^systemd-nspawn.*{twin.name}-{CP}"], capture_output=True, text=True, check=True
    )
    return int(found.stdout)


def test_reboot_gives_a_fresh_namespace_and_keeps_the_disks(small_twin):
    before = boot_id(small_twin)
    small_twin.ssh(CP, "touch /var/kept /etc/kept; ip link add left-over type veth peer name other; sync")
    small_twin.cli("ssh", CP, "systemctl reboot")
    eventually(lambda: boot_id(small_twin) not in ("", before))
    small_twin.ssh(CP, "test -e /var/kept && test -e /etc/kept && ! test -e /sys/class/net/left-over")
    assert small_twin.host(CP)["last"] == "rebooted"


def test_power_off_is_a_cut_and_on_brings_it_back(small_twin):
    small_twin.ssh(CP, "touch /var/kept; sync")
    before = boot_id(small_twin)
    log = small_twin.state / f"nodes/{CP}/console.log"
    size = log.stat().st_size
    small_twin.must("power", "off", CP)
    assert small_twin.host(CP) | {"since": "", "boots": 0} == {
        "node": CP,
        "address": "192.168.1.187",
        "power": "off",
        "ssh": False,
        "since": "",
        "boots": 0,
        "last": "power cut",
    }
    assert "Stopp" not in log.read_text(errors="replace")[size:], "nothing may be told to shut down"
    small_twin.must("power", "on", CP)
    assert boot_id(small_twin) not in ("", before)
    small_twin.ssh(CP, "test -e /var/kept")


def test_power_cycle_returns_with_a_host_that_answers(small_twin):
    before = boot_id(small_twin)
    small_twin.must("power", "cycle", CP)
    assert boot_id(small_twin) not in ("", before)


def test_a_host_that_powers_itself_off_stays_off_until_up(small_twin):
    small_twin.cli("ssh", CP, "systemctl poweroff")
    eventually(lambda: small_twin.host(CP)["power"] == "off")
    assert small_twin.host(CP)["last"] == "powered itself off"
    small_twin.must("up", "--no-mirror")
    assert small_twin.host(CP)["ssh"] is True


def test_when_nspawn_alone_is_killed_nothing_of_the_host_runs_on(small_twin):
    pid = nspawn(small_twin)
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: small_twin.host(CP)["power"] == "off")
    assert "signal 9" in small_twin.host(CP)["last"]
    left = subprocess.run(
        ["pgrep", "-f", f"{small_twin.name}-{CP}"], capture_output=True, text=True, check=False
    ).stdout
    assert left == ""
    assert (
        str(small_twin.state)
        not in subprocess.run(["losetup", "-a"], capture_output=True, text=True, check=True).stdout
    )


def test_reset_makes_it_bare_within_thirty_seconds_and_keeps_its_host_key(small_twin):
    key, machine_id = small_twin.ssh(CP, "cat /etc/ssh/ssh_host_ed25519_key.pub; cat /etc/machine-id").splitlines()
    small_twin.ssh(CP, "touch /etc/marker /var/marker /root/marker; rm /usr/bin/less")
    start = time.monotonic()
    small_twin.must("reset")
    assert time.monotonic() - start < 30
    small_twin.ssh(CP, "! ls /etc/marker /var/marker /root/marker && test -x /usr/bin/less")
    assert small_twin.ssh(CP, "cat /etc/ssh/ssh_host_ed25519_key.pub") == key
    assert small_twin.ssh(CP, "cat /etc/machine-id") != machine_id


def test_a_host_that_cannot_start_is_named_with_the_reason(small_twin):
    small_twin.must("power", "off", CP)
    disk = small_twin.state / f"nodes/{CP}/var.ext4"
    hidden = disk.rename(disk.with_name("hidden"))
    done = small_twin.cli("power", "on", CP)
    hidden.rename(disk)
    assert done.returncode == 1
    assert f"{CP}: is off: ended with status" in done.stderr
    assert "var.ext4" in done.stderr


def test_an_unknown_host_is_refused_with_those_there_are(small_twin):
    done = small_twin.cli("power", "off", "k8s-nope")
    assert done.returncode == 1
    assert "use one of k8s-cp" in done.stderr
