"""The site file: what it may say, and the inventory it makes."""

import json
import os
import runpy
import stat
import subprocess
from pathlib import Path

import pytest
import yaml

from kubestead.errors import InvalidInput
from kubestead.site import HostSettings, Site, load_site, network
from kubestead.spec.loading import CLUSTER_KEYS

ROOT = Path(__file__).parents[2]
CONTROL_PLANE, WORKERS = [("node1", "192.0.2.1")], [("node2", "192.0.2.2")]


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """An empty working folder, a home with .ssh, no twin, no site file in force."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBESTEAD_SITE", raising=False)
    monkeypatch.setattr(network, "TWINS", tmp_path / "twins")
    (tmp_path / ".ssh").mkdir(mode=0o700)
    key = tmp_path / "id"
    key.touch(mode=0o600)
    return tmp_path


@pytest.fixture
def write(place):
    def write_site(text):
        path = place / "site.yaml"
        path.write_text(text if isinstance(text, str) else yaml.safe_dump(text))
        return path

    return write_site


def refused(action):
    with pytest.raises(InvalidInput) as error:
        action()
    return error.value.findings


def test_no_file_is_no_settings():
    assert load_site() == Site()


def test_the_file_in_force(write, place, monkeypatch):
    here = write({})
    assert load_site().path == here
    other = place / "other.yaml"
    other.write_text("overrides: {hubble: false}")
    monkeypatch.setenv("KUBESTEAD_SITE", str(other))
    assert load_site().overrides == {"hubble": False}
    monkeypatch.setenv("KUBESTEAD_SITE", "nowhere.yaml")
    (finding,) = refused(load_site)
    assert "KUBESTEAD_SITE" in finding.fix


def test_the_example_is_a_site_file_and_so_it_is_with_every_comment_taken_in(place):
    text = (ROOT / "site.example.yaml").read_text()
    catalog = place / "catalog.yaml"
    catalog.touch()
    every = text.replace("\n    # ", "\n    ").replace("/srv/mirror/catalog.yaml", str(catalog))
    for line in ("# sources:", "#   ", "# overrides:"):
        every = every.replace(f"\n{line}", f"\n{line[2:]}")
    for content in (text, every):
        (place / "site.yaml").write_text(content)
        site = load_site()
        assert site.hosts["node1"].user == "ubuntu"
    assert site.hosts["node1"].taints
    assert site.sources.registry == "http://192.0.2.1:5000"
    assert set(site.overrides) <= CLUSTER_KEYS


def test_defaults_hold_unless_a_host_says_otherwise(write):
    write({"hosts": {"all": {"user": "root", "port": 2222, "sudo": True}, "node1": {"port": 22, "sudo": False}}})
    site = load_site()
    assert site.hosts["node1"] == HostSettings(user="root", port=22, sudo=False)
    assert site.defaults == HostSettings(user="root", port=2222, sudo=True)


def test_paths_are_relative_to_the_file_and_know_home(write, place, monkeypatch):
    write({"hosts": {"all": {"key": "id", "known_hosts": "~/.ssh/kh"}}})
    monkeypatch.chdir("/")
    site = load_site(place / "site.yaml")
    assert site.defaults.key == place / "id"
    assert site.defaults.known_hosts == place / ".ssh/kh"


def test_an_entry_may_be_empty(write):
    write("hosts:\n  node1:\nsources:\noverrides:\n")
    assert load_site().hosts == {"node1": HostSettings()}


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        ("hosts:\n  node1: {address: 1\n  b: c\n", "site.yaml:3", "is not YAML"),
        ("hosts:\n  node1: {}\n  node1: {}\n", "site.yaml:3", "written twice, first in line 2"),
        ("- hosts\n", "site.yaml", "must be a mapping"),
        ("host: {}\n", "site.yaml:1: host", "did you mean hosts?"),
        ("hosts:\n  node1:\n    adress: 192.0.2.1\n", "site.yaml:3: hosts.node1.adress", "did you mean address?"),
        ("hosts:\n  node1: {port: '22'}\n", "site.yaml:2: hosts.node1.port", "whole number"),
        ("hosts:\n  node1: {port: 0}\n", "site.yaml:2: hosts.node1.port", "1 to 65535"),
        ("hosts:\n  node1: {sudo: 'yes'}\n", "site.yaml:2: hosts.node1.sudo", "true or false"),
        ("hosts:\n  node1: {host_keys: 'off'}\n", "site.yaml:2: hosts.node1.host_keys", "'strict' or 'accept-new'"),
        ("hosts:\n  node1: {address: 'a b'}\n", "site.yaml:2: hosts.node1.address", "neither an IP address"),
        ("hosts:\n  node1: {user: 'a b'}\n", "site.yaml:2: hosts.node1.user", "not a user name"),
        ("hosts:\n  node1:\n    taints: [x]\n", "site.yaml:3: hosts.node1.taints.0", "not a taint"),
        ("hosts:\n  Node_1: {}\n", "site.yaml:2: hosts.Node_1", "not a node name"),
        ("hosts:\n  all: {address: 192.0.2.1}\n", "site.yaml:2: hosts.all.address", "same for all hosts"),
        ("sources: {base_url: 'http://192.0.2.1'}\n", "site.yaml:1: sources.base_url", "without a catalog"),
        ("sources: {catalog: nowhere.yaml}\n", "site.yaml:1: sources.catalog", "no such file"),
        ("sources: {registry: '192.0.2.1:5000'}\n", "site.yaml:1: sources.registry", "not an http or https URL"),
        ("sources: {registry: 'http://me:pa55@192.0.2.1'}\n", "site.yaml:1: sources.registry", "user or password"),
        ("overrides:\n  hubbel: true\n", "site.yaml:2: overrides.hubbel", "did you mean hubble?"),
        ("overrides:\n  hubble: 1\n", "site.yaml:2: overrides.hubble", "true or false"),
        (
            "overrides:\n  preflight_minimum:\n    cores: 0\n",
            "site.yaml:2: overrides.preflight_minimum.cores",
            "equal to 1",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_line(write, place, text, where, words):
    write(text)
    (finding,) = refused(load_site)
    assert finding.where == f"{place}/{where}"
    assert words in str(finding)
    assert "pa55" not in str(finding)


def test_everything_is_found_at_once(write):
    write("hosts: {node1: {prot: 1, sudo: 1}}\nsources: {url: x}\noverrides: {hubbel: 1, hubble: 1}\n")
    assert len(refused(load_site)) == 5


def test_the_data_of_a_host(write, place):
    write(
        {
            "hosts": {
                "all": {"user": "me", "key": "id", "known_hosts": "kh", "sudo": True},
                "node1": {"address": "192.0.2.9", "labels": {"a": "b"}, "taints": ["a=b:NoSchedule"]},
            },
            "overrides": {"kubelet_config": {"maxPods": 50}},
        }
    )
    inventory = load_site().inventory(CONTROL_PLANE, WORKERS)
    ((name, data),) = inventory["control_plane"]
    assert name == "node1"
    assert data == {
        "ssh_hostname": "192.0.2.9",
        "ssh_user": "me",
        "ssh_key": f"{place}/id",
        "ssh_port": 22,
        "ssh_known_hosts_file": f"{place}/kh",
        "ssh_strict_host_key_checking": "accept-new",
        "ssh_paramiko_connect_kwargs": {"channel_timeout": 15, "banner_timeout": 15, "auth_timeout": 15},
        "_sudo": True,
        "node_address": "192.0.2.9",
        "labels": {"a": "b"},
        "taints": ["a=b:NoSchedule"],
        "kubestead_sources": {"catalog": None, "base_url": None, "registry": None},
        "kubestead_where": {"kubelet_config": f"{place}/site.yaml:14: overrides.kubelet_config"},
        "kubelet_config": {"maxPods": 50},
    }
    ((_, worker),) = inventory["workers"]
    assert worker["ssh_hostname"] == worker["node_address"] == "192.0.2.2"
    assert "labels" not in worker  # group_data/workers.py may give them


def test_strict_host_keys_need_the_file(write, place):
    write({"hosts": {"all": {"host_keys": "strict", "known_hosts": "kh"}}})
    (finding,) = refused(lambda: load_site().inventory(CONTROL_PLANE, WORKERS))
    assert finding.value == f"{place}/kh"
    (place / "kh").touch()
    data = load_site().inventory(CONTROL_PLANE, WORKERS)["workers"][0][1]
    assert data["ssh_strict_host_key_checking"] == "yes"


def test_learned_host_keys_need_a_folder(write):
    write({"hosts": {"all": {"known_hosts": "none/kh"}}})
    (finding,) = refused(lambda: load_site().inventory(CONTROL_PLANE, WORKERS))
    assert "mkdir -m 700 -p" in finding.fix


def test_on_a_new_machine_the_usual_folder_for_host_keys_is_made_as_ssh_makes_it(write, place):
    (place / ".ssh").rmdir()
    write({"hosts": {"all": {"user": "me"}}})
    load_site().inventory(CONTROL_PLANE, WORKERS)
    assert stat.S_IMODE((place / ".ssh").stat().st_mode) == 0o700


def test_a_key_that_is_missing_or_open_to_others(write, place):
    write({"hosts": {"node1": {"key": "nowhere"}, "node2": {"key": "id"}}})
    (place / "id").chmod(0o640)
    missing, open_to_others = sorted(
        refused(lambda: load_site().inventory(CONTROL_PLANE, WORKERS)), key=lambda finding: finding.reason
    )
    assert "No such file" in missing.reason
    assert "mode 0640" in open_to_others.reason
    assert open_to_others.fix == f"run 'chmod 600 {place}/id'"


@pytest.mark.parametrize(
    ("control_plane", "workers", "words"),
    [
        ([], WORKERS, "has no control plane"),
        ([], [], "has no control plane"),
        (None, None, "has no control plane"),
        (CONTROL_PLANE, CONTROL_PLANE, "in both groups"),
        (CONTROL_PLANE, [("node2", "192.0.2.1")], "same address as node1"),
        (CONTROL_PLANE, [("node2", "node2.example")], "node_address"),
        (CONTROL_PLANE, [("Node2", "192.0.2.2")], "not a name a node can have"),
    ],
)
def test_an_inventory_that_cannot_be_right(control_plane, workers, words):
    findings = refused(lambda: Site().inventory(control_plane, workers))
    assert any(words in str(finding) for finding in findings)


def test_settings_of_a_misspelt_host(write):
    write({"hosts": {"nod1": {"port": 2222}}})
    (finding,) = refused(lambda: load_site().inventory(CONTROL_PLANE, WORKERS))
    assert finding.fix == "did you mean node1?"


def test_settings_of_more_hosts_than_the_inventorys(write):
    write({"hosts": {name: {} for name in ("node1", "node2", "node3")}})
    assert load_site().inventory(CONTROL_PLANE, WORKERS)


def test_groups_out_of_the_site_file(write):
    write(
        "hosts:\n"
        "  b1: {address: 192.0.2.1, group: control_plane}\n"
        "  b2: {address: 192.0.2.2, group: workers}\n"
        "  b3: {address: 192.0.2.3, group: workers}\n"
    )
    groups = {group: [name for name, _ in hosts] for group, hosts in load_site().inventory().items()}
    assert groups == {"control_plane": ["b1"], "workers": ["b2", "b3"]}


def test_a_host_without_a_group(write):
    write("hosts: {b1: {address: 192.0.2.1, group: control_plane}, b2: {address: 192.0.2.2}}")
    (finding,) = refused(lambda: load_site().inventory())
    assert "hosts.b2" in finding.where


def test_the_first_lines_say_what_is_in_force(write, place, capsys):
    write({"overrides": {"kubelet_config": {"maxPods": 50}, "hubble": False}})
    load_site().inventory(CONTROL_PLANE, WORKERS)
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        f"kubestead: 2 hosts in this machine's network (site {place}/site.yaml): node1 192.0.2.1, node2 192.0.2.2\n"
        "  overrides in force: hubble = False, kubelet_config (maxPods)\n"
    )


def test_many_hosts_are_not_all_named(capsys):
    Site().inventory(CONTROL_PLANE, [(f"w{n}", f"198.51.100.{n}") for n in range(1, 51)])
    assert "w7 198.51.100.7 and 43 more" in capsys.readouterr().err


class TestBesideATwin:
    @pytest.fixture(autouse=True)
    def twin(self, place):
        def up(name="default", address="192.0.2.1", pid=None, inode=1):
            folder = place / "twins" / name
            folder.mkdir(parents=True)
            state = {"name": name, "netns_inode": inode, "addresses": {"node1": address}, "pid": pid or os.getpid()}
            (folder / "twin.json").write_text(json.dumps({**state, "state": "more"}))

        return up

    def inventory(self):
        return Site().inventory(CONTROL_PLANE, WORKERS, command="pyinfra inventory/lab.py deploys/cluster.py")

    def test_outside_its_network_its_addresses_are_refused(self, twin):
        twin()
        (finding,) = refused(self.inventory)
        assert "'default' is up with the same addresses" in finding.reason
        assert "'kubestead twin exec -- pyinfra inventory/lab.py deploys/cluster.py'" in finding.fix

    def test_another_name_is_part_of_the_command(self, twin):
        twin("second")
        assert "twin exec --name second -- pyinfra" in refused(self.inventory)[0].fix

    def test_inside_its_network_it_is_named(self, twin, capsys):
        twin(inode=network.own_network())
        assert self.inventory()
        assert "2 hosts in the twin 'default' (no site file)" in capsys.readouterr().err

    def test_inside_another_twin_is_outside(self, twin):
        twin()
        twin("other", address="203.0.113.1", inode=network.own_network())
        assert len(refused(self.inventory)) == 1

    def test_two_twins_with_the_same_addresses(self, twin):
        twin()
        twin("second", inode=network.own_network())
        assert self.inventory()

    def test_other_addresses_are_no_matter(self, twin):
        twin(address="203.0.113.1")
        assert self.inventory()

    def test_a_twin_whose_supervisor_is_gone_is_down(self, twin):
        ended = subprocess.Popen(["true"])
        ended.wait(10)
        twin(pid=ended.pid)
        assert self.inventory()

    def test_a_state_that_cannot_be_read_is_refused(self, twin, place):
        twin()
        (place / "twins" / "default" / "twin.json").write_text("{")
        assert "kubestead twin down --name default" in refused(self.inventory)[0].fix

    def test_a_site_file_written_for_a_twin_holds_only_there(self, twin, write):
        write({"twin": "default"})
        (finding,) = refused(lambda: load_site().inventory(CONTROL_PLANE, WORKERS))
        assert "written for the twin 'default'" in finding.reason
        twin(inode=network.own_network())
        assert load_site().inventory(CONTROL_PLANE, WORKERS)


@pytest.mark.parametrize("name", ["lab", "example"])
def test_the_inventories_give_both_groups(name):
    groups = runpy.run_path(str(ROOT / "inventory" / f"{name}.py"))
    assert len(groups["control_plane"]) == 1
    assert len(groups["workers"]) == 2


def test_the_lab_is_the_lab():
    groups = runpy.run_path(str(ROOT / "inventory" / "lab.py"))
    hosts = {name: data["ssh_hostname"] for name, data in groups["control_plane"] + groups["workers"]}
    assert hosts == {"k8s-cp": "192.168.1.187", "k8s-worker1": "192.168.1.61", "k8s-worker2": "192.168.1.62"}
    assert [key for key, value in groups.items() if isinstance(value, list | tuple)] == ["control_plane", "workers"]


POWER = {"status": "echo on", "off": "true", "on": "true"}


@pytest.mark.parametrize("keys", ["off: 'true'\n      on: 'true'", "'off': 'true'\n      'on': 'true'"])
def test_power_commands_become_host_data_however_yaml_reads_their_keys(write, keys):
    """Bare on and off are true and false in YAML."""
    write(f"hosts:\n  node1:\n    power:\n      status: echo on\n      {keys}\n")
    groups = load_site().inventory(CONTROL_PLANE, WORKERS)
    assert groups["control_plane"][0][1]["kubestead_power"] == POWER
    assert "kubestead_power" not in groups["workers"][0][1]


@pytest.mark.parametrize(
    ("power", "key", "reason"),
    [
        ({**POWER, "of": "true"}, "power.of", "no such key"),
        ({"status": "echo on"}, "power.off", "is required"),
        ({**POWER, "status": ""}, "power.status", ""),
        ("ipmitool", "power", ""),
    ],
)
def test_power_commands_are_all_there_or_none(write, power, key, reason):
    write({"hosts": {"node1": {"power": power}}})
    found = [str(finding) for finding in refused(load_site)]
    assert any(f"hosts.node1.{key}" in text and reason in text for text in found), found


def test_one_power_command_is_never_for_all_hosts(write):
    write({"hosts": {"all": {"power": POWER}}})
    (finding,) = refused(load_site)
    assert "cannot be the same for all hosts" in finding.reason


@pytest.mark.parametrize(
    "power",
    [
        {"power": {"status": ["bmc -P secret"], "off": 5, "on": "", "of": "bmc -P secret"}},
        {"power": "bmc -P secret"},
        {"powr": {"status": "bmc -P secret"}},
    ],
)
def test_a_power_command_is_never_repeated(write, power):
    write({"hosts": {"node1": power}})
    with pytest.raises(InvalidInput) as error:
        load_site()
    assert "secret" not in str(error.value)
