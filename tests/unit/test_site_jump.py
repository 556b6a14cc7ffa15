"""Jump hosts and sudo's password in the site file."""

import pytest
import yaml

from kubestead.errors import InvalidInput
from kubestead.site import HostSettings, load_site, network
from kubestead.site.way import Circle, way

PLACES = {"control_plane": [("node1", "192.0.2.1")], "workers": [("node2", "192.0.2.2")]}


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBESTEAD_SITE", raising=False)
    monkeypatch.setattr(network, "TWINS", tmp_path / "twins")
    (tmp_path / ".ssh").mkdir()
    for name in ("id", "other", "password"):
        (tmp_path / name).touch(mode=0o600)
    (tmp_path / "password").write_text("x\n")
    return tmp_path


def inventory(place, hosts):
    (place / "site.yaml").write_text(yaml.safe_dump({"hosts": hosts}))
    groups = load_site().inventory(**PLACES)
    return {name: data for members in groups.values() for name, data in members}


def refused(place, hosts):
    with pytest.raises(InvalidInput) as error:
        inventory(place, hosts)
    return [str(finding) for finding in error.value.findings]


def test_a_jump_host_takes_what_is_not_said_from_the_host_behind_it(place, capsys):
    everyone = {"user": "me", "key": "id", "known_hosts": "kh", "host_keys": "accept-new", "port": 2200}
    data = inventory(place, {"all": {**everyone, "jump": "guard@bastion.example:2222,inner.example"}})
    shared = {"key": f"{place}/id", "known_hosts": f"{place}/kh", "host_keys": "accept-new"}
    assert data["node2"]["kubestead_jump"] == [
        {"name": "bastion.example", "address": "bastion.example", "port": 2222, "user": "guard", **shared},
        {"name": "inner.example", "address": "inner.example", "port": 22, "user": "me", **shared},
    ]
    assert "through the jump host bastion.example then inner.example" in capsys.readouterr().err


def test_a_host_of_the_site_file_as_jump_host_brings_its_own_settings_and_way(place):
    bastion = {"address": "203.0.113.9", "user": "guard", "key": "other", "jump": None}
    data = inventory(place, {"all": {"user": "me", "jump": "node1"}, "node1": {"jump": "bastion"}, "bastion": bastion})
    assert [hop["name"] for hop in data["node2"]["kubestead_jump"]] == ["bastion", "node1"]
    assert [hop["address"] for hop in data["node2"]["kubestead_jump"]] == ["203.0.113.9", "192.0.2.1"]
    assert data["node2"]["kubestead_jump"][0]["key"] == f"{place}/other"
    assert [hop["name"] for hop in data["node1"]["kubestead_jump"]] == ["bastion"]


def test_a_jump_host_of_all_is_reached_directly_itself(place):
    data = inventory(place, {"all": {"jump": "node1"}})
    assert "kubestead_jump" not in data["node1"]
    assert [hop["name"] for hop in data["node2"]["kubestead_jump"]] == ["node1"]


@pytest.mark.parametrize(
    "jump",
    [
        "",
        "a b",
        "user@",
        "@host",
        "host:0",
        "host:65536",
        "host:ssh",
        "a,,b",
        ",".join("abcdefghi"),
        "-oProxyCommand=x",
    ],
)
def test_what_is_no_jump_host(place, jump):
    (finding,) = refused(place, {"all": {"jump": jump}})
    assert "hosts.all.jump" in finding
    assert "jump host" in finding


def test_a_circle_is_refused(place):
    findings = refused(place, {"node1": {"jump": "node2"}, "node2": {"jump": "node1"}})
    assert len(findings) == 2
    assert all("goes in a circle" in finding for finding in findings)
    with pytest.raises(Circle):
        way("a", {"a": HostSettings(jump="b"), "b": HostSettings(jump="c"), "c": HostSettings(jump="a")})


def test_files_of_jump_hosts_are_checked_too(place):
    (place / "other").chmod(0o644)
    (finding,) = refused(place, {"all": {"jump": "bastion"}, "bastion": {"address": "203.0.113.9", "key": "other"}})
    assert "chmod 600" in finding


def test_the_data_names_the_password_file_and_not_the_password(place):
    data = inventory(place, {"all": {"sudo": True, "sudo_password_file": "password"}})
    assert data["node1"]["kubestead_sudo_password_file"] == f"{place}/password"


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda file: file.unlink(), "No such file"),
        (lambda file: file.chmod(0o640), "mode 0640"),
        (lambda file: file.write_text("\nx"), "empty first line"),
        (lambda file: file.write_bytes(b"\xff\xfe"), "not UTF-8"),
    ],
)
def test_a_password_file_that_will_not_do(place, spoil, words):
    spoil(place / "password")
    (finding,) = refused(place, {"all": {"sudo": True, "sudo_password_file": "password"}})
    assert words in finding


def test_a_password_without_sudo_is_a_mistake(place):
    assert "no sudo" in refused(place, {"all": {"sudo_password_file": "password"}})[0]
