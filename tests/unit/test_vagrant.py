"""The Vagrantfile as a stand-in for Vagrant sees it, and the inventory that goes with it."""

import ipaddress
import json
import os
import runpy
import shutil
import subprocess
from pathlib import Path

import pytest
from pyinfra.api.exceptions import InventoryError

ROOT = Path(__file__).parents[2]
VAGRANTFILE = ROOT / "Vagrantfile"
ADDRESSES = {"k8s-cp": "192.168.56.187", "k8s-worker1": "192.168.56.61", "k8s-worker2": "192.168.56.62"}
POD_POOL = ipaddress.ip_network("10.0.0.0/8")
SERVICES = ipaddress.ip_network("172.20.0.0/16")

needs_ruby = pytest.mark.skipif(
    not shutil.which("ruby") and not os.environ.get("CI"), reason="ruby is not installed (in CI this would fail)"
)


def calls(block, name):
    """All calls of this name in a recorded block."""
    return [call for call in block["calls"] if call["name"] == name]


def value(block, name):
    """The one argument of the one call of this name."""
    [call] = calls(block, name)
    [argument] = call["arguments"]
    return argument


def provider(machine, name):
    [found] = [call for call in calls(machine, "vm.provider") if call["arguments"] == [name]]
    return found


@pytest.fixture(scope="module")
def vagrantfile():
    recorder = Path(__file__).parent / "vagrant" / "record.rb"
    run = subprocess.run(["ruby", recorder, VAGRANTFILE], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return {"calls": json.loads(run.stdout)}


@pytest.fixture
def machines(vagrantfile):
    return {call["arguments"][0]: call for call in calls(vagrantfile, "vm.define")}


@needs_ruby
def test_ruby_finds_no_syntax_error():
    subprocess.run(["ruby", "-wc", VAGRANTFILE], check=True, capture_output=True)


@needs_ruby
def test_three_hosts_with_the_labs_names_on_ubuntu_jammy(vagrantfile, machines):
    assert value(vagrantfile, "vm.box") == "cloud-image/ubuntu-22.04"
    assert list(machines) == list(ADDRESSES)
    assert {name: value(machine, "vm.hostname") for name, machine in machines.items()} == {n: n for n in ADDRESSES}


@needs_ruby
def test_each_host_has_its_private_address(machines):
    networks = {name: calls(machine, "vm.network") for name, machine in machines.items()}
    assert {name: [call["arguments"] for call in found] for name, found in networks.items()} == {
        name: [["private_network"]] for name in ADDRESSES
    }
    assert {name: found[0]["options"]["ip"] for name, found in networks.items()} == ADDRESSES


@needs_ruby
@pytest.mark.parametrize("name", ADDRESSES)
@pytest.mark.parametrize("hypervisor", ["virtualbox", "libvirt"])
def test_cores_memory_and_disk_pass_preflights_minimum(machines, name, hypervisor):
    machine = provider(machines[name], hypervisor)
    assert value(machine, "cpus") >= 2
    assert value(machine, "memory") >= 2048
    assert calls(machines[name], "vm.disk")[0]["options"] == {"size": "20GB", "primary": True}
    if hypervisor == "libvirt":
        assert value(machine, "machine_virtual_size") == 20


@needs_ruby
@pytest.mark.parametrize("name", ADDRESSES)
def test_no_network_of_a_machine_meets_the_pods_or_the_services(machines, name):
    [customize] = calls(provider(machines[name], "virtualbox"), "customize")
    [[command, machine_id, option, nat]] = customize["arguments"]
    assert (command, machine_id, option) == ("modifyvm", "id", "--natnet1")
    management = value(provider(machines[name], "libvirt"), "management_network_address")
    for network in (nat, management, f"{ADDRESSES[name]}/32"):
        assert not ipaddress.ip_network(network).overlaps(POD_POOL)
        assert not ipaddress.ip_network(network).overlaps(SERVICES)
    assert nat != management


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A folder with the inventory in it and Vagrant's machines beside it; no site file in force."""
    (tmp_path / "inventory").mkdir()
    shutil.copy(ROOT / "inventory" / "vagrant.py", tmp_path / "inventory")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KUBESTEAD_SITE", raising=False)
    return tmp_path


def up(checkout, name, hypervisor="virtualbox"):
    """Leave what `vagrant up` leaves: the machine's id and its key."""
    machine = checkout / ".vagrant" / "machines" / name / hypervisor
    machine.mkdir(parents=True)
    (machine / "id").write_text("0123")
    (machine / "private_key").write_text("a key")
    (machine / "private_key").chmod(0o600)
    return machine / "private_key"


def load(checkout):
    return runpy.run_path(str(checkout / "inventory" / "vagrant.py"))


def test_the_inventory_has_the_vagrantfiles_hosts_and_keys(checkout):
    keys = {name: up(checkout, name) for name in ADDRESSES}
    inventory = load(checkout)
    hosts = dict(inventory["control_plane"] + inventory["workers"])
    assert [name for name, _ in inventory["control_plane"]] == ["k8s-cp"]
    assert {name: data["ssh_hostname"] for name, data in hosts.items()} == ADDRESSES
    assert {name: data["node_address"] for name, data in hosts.items()} == ADDRESSES
    for name, data in hosts.items():
        assert data["ssh_key"] == str(keys[name])
        assert (data["ssh_user"], data["_sudo"]) == ("vagrant", True)
        assert data["ssh_strict_host_key_checking"] == "accept-new"
        assert data["ssh_known_hosts_file"] == str(checkout / ".kubestead" / "known_hosts")


def test_keys_of_libvirt_are_found_beside_a_machine_virtualbox_left_behind(checkout):
    keys = {name: up(checkout, name, "libvirt") for name in ADDRESSES}
    for name in ADDRESSES:
        left_behind = up(checkout, name).with_name("id")
        left_behind.unlink()
    assert [data["ssh_key"] for _, data in load(checkout)["workers"]] == [str(keys[n]) for n in list(ADDRESSES)[1:]]


def test_a_machine_that_is_not_up_is_named(checkout, capsys):
    up(checkout, "k8s-cp")
    up(checkout, "k8s-worker1")
    with pytest.raises(InventoryError):
        load(checkout)
    assert "host k8s-worker2: Vagrant has made no such machine; run 'vagrant up'" in capsys.readouterr().err


def test_hosts_of_the_site_file_do_not_reach_the_machines(checkout):
    for name in ADDRESSES:
        up(checkout, name)
    (checkout / "site.yaml").write_text("hosts: {k8s-cp: {address: 192.0.2.1, user: root}}\n")
    [(_, data)] = load(checkout)["control_plane"]
    assert (data["ssh_hostname"], data["ssh_user"]) == (ADDRESSES["k8s-cp"], "vagrant")
