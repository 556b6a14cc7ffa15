"""The watcher's files are read back by what reads them on its host: the site, the inventory, the spec."""

import pytest
import yaml

from kubestead.site import load_site
from kubestead.spec import ClusterSpec
from kubestead.watchhost import files, places


def target(name, number, group="workers", **own):
    return files.Target(name, group, f"192.0.2.{number}", 22, "ubuntu", True, f"ssh-ed25519 AAAA{number}", own)


TARGETS = [target("cp", 1, "control_plane", labels={"zone": "a"}, taints=["a=b:NoSchedule"]), target("w", 2)]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name in ("KEY", "KNOWN_HOSTS", "CATALOG"):
        path = tmp_path / name
        path.write_text("")
        path.chmod(0o600)
        monkeypatch.setattr(places, name, str(path))
    return tmp_path


def test_the_site_gives_the_watcher_the_same_hosts_in_the_same_order(folder, capsys):
    sources = {"catalog": places.CATALOG, "base_url": "http://192.0.2.9:8080", "registry": None}
    (folder / "site.yaml").write_text(files.site(TARGETS, sources))
    site = load_site(folder / "site.yaml")
    groups = site.inventory()
    assert [name for name, _ in groups["control_plane"]] == ["cp"]
    ((_, data),) = groups["workers"]
    told = {"ssh_hostname": "192.0.2.2", "ssh_user": "ubuntu", "_sudo": True, "ssh_strict_host_key_checking": "yes"}
    assert told.items() <= data.items()
    assert data["ssh_key"] == places.KEY
    assert data["kubestead_sources"] == {
        "catalog": places.CATALOG, "base_url": "http://192.0.2.9:8080", "registry": None,
    }  # fmt: skip
    ((_, first),) = groups["control_plane"]
    assert (first["labels"], first["taints"]) == ({"zone": "a"}, ["a=b:NoSchedule"])


def test_group_data_is_the_spec_in_force():
    spec = ClusterSpec.load({"pod_cidr": "10.128.0.0/9", "kubelet_config": {"maxPods": 60}, "extra_cert_sans": ["a.b"]})
    values: dict[str, object] = {}
    exec(files.group_data(spec), values)  # noqa: S102 - as pyinfra reads it
    del values["__builtins__"]
    values.pop("__doc__", None)
    assert ClusterSpec.load(values) == spec


def test_the_inventory_is_the_site_files_hosts():
    assert "control_plane, workers = load()" in files.inventory()


def test_the_kubeconfig_is_one():
    content = yaml.safe_load(files.kubeconfig("https://192.0.2.1:6443", "Q0E=", "token"))
    (context,) = content["contexts"]
    assert content["current-context"] == context["name"]
    assert context["context"]["cluster"] == content["clusters"][0]["name"]
    assert context["context"]["user"] == content["users"][0]["name"]


def test_every_nodes_host_key_is_pinned():
    assert files.known_hosts(TARGETS) == "192.0.2.1 ssh-ed25519 AAAA1\n192.0.2.2 ssh-ed25519 AAAA2\n"
