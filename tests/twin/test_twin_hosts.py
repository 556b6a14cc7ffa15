"""The twin's hosts are what the lab's are: real systemd, real SSH, the same addresses, no way out."""

import subprocess

import pytest

pytestmark = pytest.mark.twin

NODES = ("k8s-cp", "k8s-worker1", "k8s-worker2")


@pytest.fixture
def node():
    """One host stands for all where they are the same by construction: one image, one way to start."""
    return NODES[1]


@pytest.mark.parametrize("node", NODES)
def test_it_has_the_labs_name_address_and_a_finished_boot(twin, node):
    out = twin.ssh(node, "hostname; ip -4 -o addr show eth0; systemctl is-system-running; ps -o comm= 1").splitlines()
    assert out[0] == node
    assert f"inet {twin.record['addresses'][node]}/24" in out[1]
    assert out[2:] == ["running", "systemd"]


def test_its_interface_is_seen_in_sys_with_an_address_of_its_own(twin, node):
    mac, listed = twin.ssh(node, "cat /sys/class/net/eth0/address; ls -m /sys/class/net").splitlines()
    assert mac.startswith("02:")
    assert "br0" not in listed


def test_identities_differ(twin):
    ids = {twin.ssh(node, "cat /etc/machine-id /sys/class/net/eth0/address /etc/ssh/*.pub") for node in NODES}
    assert len(ids) == len(NODES)


def test_an_unknown_host_key_is_refused(twin, tmp_path):
    """Strict checking against the twin's own known_hosts is what makes a log-in work: with another key it does not."""
    known = (twin.state / "known_hosts").read_text().split("\n")
    swapped = [known[0].split(" ")[0] + " " + known[1].split(" ", 1)[1]]
    (tmp_path / "known_hosts").write_text("\n".join(swapped) + "\n")
    ssh = ["ssh", "-F", "none", "-i", str(twin.state / "id_ed25519"), "-o", "StrictHostKeyChecking=yes"]
    argv = [*ssh, "-o", f"UserKnownHostsFile={tmp_path}/known_hosts", "root@192.168.1.187", "true"]
    assert "Host key verification failed" in twin.cli("exec", "--", *argv).stderr


def test_ubuntu_has_sudo_without_a_password(twin, node):
    assert twin.must("ssh", "--user", "ubuntu", node, "id -un; sudo -n id -un").split() == ["ubuntu", "root"]


def test_clock_and_swap_belong_to_the_machine(twin, node):
    clock = twin.cli("ssh", node, 'date -s "$(date)"')
    assert clock.returncode != 0
    assert "not permitted" in clock.stderr
    # What swapoff says for EPERM; for a call that was let through it would say that there is no such file.
    assert "Not superuser" in twin.cli("ssh", node, "swapoff /nonexistent").stderr


def test_modprobe_tells_what_the_kernel_has(twin, node):
    twin.ssh(node, "modprobe overlay && modprobe br_netfilter")
    assert twin.cli("ssh", node, "modprobe no_such_module").returncode != 0


def test_the_kubelet_finds_what_it_needs(twin, node):
    out = twin.ssh(
        node,
        "findmnt -no PROPAGATION /; findmnt -no FSTYPE,SOURCE /var; stat -c %F /dev/kmsg; "
        "for c in /sys/fs/cgroup/*/; do mountpoint -q $c && mkdir $c/t && rmdir $c/t || exit 1; done; "
        "sysctl -qw net.ipv4.ip_forward=$(sysctl -n net.ipv4.ip_forward)",
    ).splitlines()
    assert out[0] == "shared"
    assert out[1].split()[0] == "ext4"
    assert "/dev/loop" in out[1]
    assert out[2] == "character special file"


def test_a_bpf_file_system_can_be_mounted(twin, node):
    twin.ssh(node, "mkdir -p /run/t && mount -t bpf bpf /run/t && umount /run/t")


def test_it_has_no_package_source(twin, node):
    assert (
        twin.ssh(node, "find /etc/apt/sources.list /etc/apt/sources.list.d -type f 2>/dev/null | grep -v kube; true")
        == ""
    )


def test_there_is_no_way_out(twin, node):
    links = twin.must("exec", "--", "ip", "-o", "link").splitlines()
    assert {line.split(": ")[1].split("@")[0] for line in links} == {"lo", "br0", *NODES}
    assert twin.must("exec", "--", "ip", "route").split()[0] == "192.168.1.0/24"
    assert twin.must("exec", "--", "sysctl", "-n", "net.ipv4.ip_forward").strip() == "0"
    out = twin.cli("ssh", node, "timeout 3 bash -c '</dev/tcp/198.51.100.1/80'")
    assert out.returncode != 0


def test_hosts_reach_each_other(twin):
    twin.ssh("k8s-worker1", "timeout 3 bash -c '</dev/tcp/192.168.1.62/22'")


def test_the_machine_itself_reaches_no_host(twin):
    routes = subprocess.run(["ip", "route"], capture_output=True, text=True, check=True).stdout
    assert "192.168.1." not in routes


def test_each_host_is_below_one_cgroup2_of_its_own(twin):
    """Cilium attaches socket programs to the cgroup2 root it sees; on a shared one they collide (cilium #14951)."""
    roots = {
        twin.ssh(n, "mkdir -p /run/c && mount -t cgroup2 c /run/c && stat -c %i /run/c; umount /run/c") for n in NODES
    }
    assert len(roots) == len(NODES)


def test_exec_keeps_the_folder_and_passes_the_exit_code(twin, tmp_path):
    done = twin.cli("exec", "--", "sh", "-c", "echo $KUBESTEAD_SITE; pwd; exit 7", cwd=tmp_path)
    assert done.returncode == 7
    assert done.stdout.splitlines() == [str(twin.state / "site.yaml"), str(tmp_path)]
