"""The files a twin writes: its site, its records, a host's identity, its kernel's modules."""

import fcntl
import json

import pytest

from kubestead.errors import InvalidInput
from kubestead.site import load_site
from kubestead.twin import disk, kernelsettings, keys, modules, site, state
from kubestead.twin.plan import Plan


@pytest.fixture
def paths(tmp_path, monkeypatch):
    monkeypatch.setattr(state, "TWINS", tmp_path / "run")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return state.files("t")


def test_state_lies_in_the_xdg_folder(paths, tmp_path):
    assert paths.site == tmp_path / "state/kubestead/twins/t/site.yaml"
    assert paths.record == tmp_path / "run/t/twin.json"


def test_a_record_tells_any_shell_where_the_state_is(paths, tmp_path, monkeypatch):
    state.write_json(paths.record, {"state": str(paths.state)})
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "elsewhere"))
    assert state.files("t") == paths


def test_a_name_never_leaves_the_folder():
    with pytest.raises(InvalidInput):
        state.files("../etc")


def test_the_supervisor_lives_as_long_as_it_holds_its_lock(paths):
    assert not state.supervisor_alive(paths)
    paths.run.mkdir(parents=True)
    with paths.lock.open("w") as handle:
        assert not state.supervisor_alive(paths)
        fcntl.flock(handle, fcntl.LOCK_EX)
        assert state.supervisor_alive(paths)
    assert not state.supervisor_alive(paths)


def test_a_record_that_was_cut_short_is_no_record(paths):
    paths.record.parent.mkdir(parents=True)
    paths.record.write_text('{"name": "t')
    assert state.read_json(paths.record) == {}


def test_the_site_file_is_one_the_deploys_accept(paths, tmp_path):
    plan = Plan("t", 1, 1)
    keys.ensure(paths, plan)
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror/catalog.yaml").write_text("")
    site.write(plan, paths, tmp_path / "mirror")
    loaded = load_site(paths.site)
    assert loaded.twin == "t"
    assert {name: host.address for name, host in loaded.hosts.items()} == {
        "k8s-cp": "192.168.1.187",
        "k8s-worker1": "192.168.1.61",
    }
    assert loaded.hosts["k8s-worker1"].group == "workers"
    assert loaded.defaults.host_keys == "strict"
    assert loaded.sources.catalog == tmp_path / "mirror/catalog.yaml"
    assert loaded.sources.registry == "http://192.168.1.1:5000"


def test_without_a_mirror_the_sources_stay_open(paths):
    assert "sources" not in site.data(Plan("t"), paths, None)


def test_the_overrides_say_what_a_twin_cannot_do(paths):
    overrides = site.data(Plan("t"), paths, None)["overrides"]
    assert overrides["time_sync"] is False
    assert overrides["containerd_restrict_oom_score_adj"] is True
    capabilities = overrides["cilium_extra_values"]["securityContext"]["capabilities"]
    assert not [name for names in capabilities.values() for name in names if name == "SYS_RESOURCE"]
    # A share of the disk would be a share of the machine's.
    assert not [value for value in overrides["kubelet_config"]["evictionHard"].values() if "%" in value]


def test_host_keys_are_pinned_by_address_and_kept(paths):
    plan = Plan("t", 1, 0)
    keys.ensure(paths, plan)
    first = paths.known_hosts.read_text()
    assert first.startswith("192.168.1.187,k8s-cp ssh-ed25519 ")
    keys.ensure(paths, Plan("t", 1, 1))
    assert paths.known_hosts.read_text().splitlines()[0] + "\n" == first
    assert paths.key.stat().st_mode & 0o777 == 0o600
    assert paths.state.stat().st_mode & 0o777 == 0o700


def test_a_host_knows_only_its_own_name(paths, tmp_path, monkeypatch):
    node = Plan("t").nodes[1]
    upper = tmp_path / "upper"
    (tmp_path / "key").write_text("secret")
    (tmp_path / "key.pub").write_text("ssh-ed25519 AAAA k8s-worker1")
    disk._write_identity(upper, node, tmp_path / "key")
    assert (upper / "etc/hostname").read_text() == "k8s-worker1\n"
    hosts = (upper / "etc/hosts").read_text()
    assert "127.0.1.1\tk8s-worker1" in hosts
    assert "192.168" not in hosts
    assert (upper / "etc/ssh/ssh_host_ed25519_key").stat().st_mode & 0o777 == 0o600
    machine_id = (upper / "etc/machine-id").read_text()
    disk._write_identity(upper, node, tmp_path / "key")
    assert machine_id != (upper / "etc/machine-id").read_text()


def test_modules_are_builtin_only_where_the_kernel_says_so():
    config = "CONFIG_OVERLAY_FS=y\n# CONFIG_WIREGUARD is not set\nCONFIG_VXLAN=m\nCONFIG_BRIDGE_NETFILTER=y\n"
    assert modules.builtin(config) == ["kernel/fs/overlayfs/overlay.ko", "kernel/net/bridge/br_netfilter.ko"]


def test_kernel_settings_are_put_back_and_only_what_changed(tmp_path):
    root, file = tmp_path / "sys", tmp_path / "run/settings.json"
    for name, value in (("kernel/panic", "1"), ("vm/overcommit_memory", "0"), ("kernel/shmmax", "5")):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(value + "\n")
    kernelsettings.remember(file, root)
    (root / "kernel/panic").write_text("10\n")
    (root / "kernel/shmmax").write_text("6\n")
    kernelsettings.remember(file, root)
    assert json.loads(file.read_text())["kernel/panic"] == "1", (
        "a second twin must not overwrite the first one's memory"
    )
    assert kernelsettings.restore(file, root) == ["kernel/panic"]
    assert (root / "kernel/panic").read_text() == "1"
    assert (root / "kernel/shmmax").read_text() == "6\n"
    assert not file.exists()
