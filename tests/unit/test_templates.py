"""Every file written to a host: it renders, its reader can parse it, and it says what was meant."""

import configparser
import sys

import pytest
import yaml

from kubestead import images
from kubestead.catalog import Catalog, Image
from kubestead.facts.containerd import EffectiveConfiguration
from kubestead.phases.containerd import REGISTRIES, configuration_files
from kubestead.phases.sources import Sources
from kubestead.render import TEMPLATES, render
from kubestead.spec import ClusterSpec
from tests.scripts import SCRIPTS

# pytest needs tomli itself where Python has no reader of TOML.
tomllib = pytest.importorskip("tomllib" if sys.version_info >= (3, 11) else "tomli")

SPEC = ClusterSpec()
NAMES = {*images.control_plane_images(SPEC), *images.node_images(SPEC)}
CATALOG = Catalog(origin="test", files={}, apt={}, images={name: Image(tag="1", sha256="a" * 64) for name in NAMES})


def containerd(spec=SPEC, registry=None):
    return {file.path: file.text for file in configuration_files(spec, Sources(CATALOG, registry))}


@pytest.mark.parametrize("restrict", [True, False])
def test_containerds_configuration(restrict):
    text = containerd(ClusterSpec(containerd_restrict_oom_score_adj=restrict))["/etc/containerd/config.toml"]
    config = tomllib.loads(text)
    assert config["version"] == 3
    cri_images = config["plugins"]["io.containerd.cri.v1.images"]
    runtime = config["plugins"]["io.containerd.cri.v1.runtime"]
    assert cri_images["pinned_images"] == {"sandbox": "registry.k8s.io/pause:3.10"}
    assert cri_images["registry"]["config_path"] == "/etc/containerd/certs.d"
    assert runtime["containerd"]["runtimes"]["runc"]["options"]["SystemdCgroup"] is True
    assert runtime["restrict_oom_score_adj"] is restrict
    assert runtime["cni"] == {"bin_dir": "/opt/cni/bin", "conf_dir": "/etc/cni/net.d"}


def test_what_is_asked_of_containerd_is_what_is_rendered():
    """A field of EffectiveConfiguration the template does not set could never hold."""
    text = containerd()["/etc/containerd/config.toml"]
    assert all(key in text for key in ("sandbox =", "SystemdCgroup =", "config_path =", "restrict_oom_score_adj ="))
    assert len(EffectiveConfiguration.__dataclass_fields__) == 4


@pytest.mark.parametrize("registry", REGISTRIES)
def test_images_come_from_the_mirror_below_the_registrys_own_name(registry):
    text = containerd(registry="http://192.168.1.1:5000")[f"/etc/containerd/certs.d/{registry}/hosts.toml"]
    hosts = tomllib.loads(text)
    base = f"http://192.168.1.1:5000/v2/{registry}"
    assert hosts == {"server": base, "host": {base: {"capabilities": ["pull", "resolve"], "override_path": True}}}


@pytest.mark.parametrize("registry", REGISTRIES)
def test_without_a_mirror_images_come_from_upstream(registry):
    text = containerd()[f"/etc/containerd/certs.d/{registry}/hosts.toml"]
    assert tomllib.loads(text) == {"server": f"https://{registry}"}


def test_every_image_comes_from_a_registry_that_is_set_up():
    assert {name.partition("/")[0] for name in NAMES} == set(REGISTRIES)


def unit(text):
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read_string(text)
    return parser


def test_containerds_unit_keeps_containers_running_over_a_restart():
    service = unit(containerd()["/etc/systemd/system/containerd.service"])["Service"]
    expected = {"Type": "notify", "Delegate": "yes", "KillMode": "process", "Restart": "always", "TasksMax": "infinity"}
    assert expected.items() <= dict(service).items()
    assert service["ExecStart"] == "/usr/local/bin/containerd"


def test_the_image_unit_ends_and_is_not_run_twice():
    text = render(
        "images.service.j2", purpose="node", after="", pulls={"r/a:1": "r/a@sha256:1", "r/b:2": "r/b@sha256:2"}
    )
    assert dict(unit(text)["Service"]).items() >= {"Type": "oneshot", "RemainAfterExit": "yes"}.items()
    assert [line.split()[4] for line in text.splitlines() if line.startswith("ExecStart=")] == ["pull", "tag"] * 2


@pytest.mark.parametrize("first", ["", "kubestead-images-control-plane.service"])
def test_the_image_unit_may_wait_for_another(first):
    text = render("images.service.j2", purpose="node", after=first, pulls={})
    assert unit(text)["Unit"]["After"].split() == ["containerd.service", *filter(None, [first])]


def test_the_apt_source_trusts_its_own_key_alone():
    text = render("kubernetes.sources.j2", url="https://x/deb/", suite="/", keyring="/etc/apt/keyrings/k.asc")
    fields = dict(line.split(": ") for line in text.splitlines() if not line.startswith("#"))
    assert fields == {
        "Types": "deb", "URIs": "https://x/deb/", "Suites": "/", "Signed-By": "/etc/apt/keyrings/k.asc"
    }  # fmt: skip


def test_networkd_leaves_foreign_routes_and_rules():
    network = unit(render("networkd.conf.j2"))["Network"]
    assert dict(network) == {"ManageForeignRoutes": "no", "ManageForeignRoutingPolicyRules": "no"}


def test_kernel_files_hold_one_entry_a_line():
    assert render("modules-load.conf.j2", modules=["overlay", "x"]).splitlines()[1:] == ["overlay", "x"]
    assert render("sysctl.conf.j2", settings={"a.b": "1", "c.d": "2"}).splitlines()[1:] == ["a.b = 1", "c.d = 2"]


@pytest.mark.parametrize(("proxy", "count"), [("keep", 7), ("replace", 6)])
def test_the_control_plane_pulls_what_kubeadm_init_waits_for(proxy, count):
    assert len(set(images.control_plane_images(ClusterSpec(kube_proxy=proxy)))) == count


def test_the_smokes_manifest_is_all_in_its_own_namespace():
    found = list(yaml.safe_load_all(render("smoke.yaml.j2", image="r/agnhost@sha256:1", absent=())))
    namespaces = {item["metadata"].get("namespace", item["metadata"]["name"]) for item in found}
    assert namespaces == {"kubestead-smoke"}
    pods = [item["spec"]["template"]["spec"] if item["kind"] == "DaemonSet" else item["spec"]
            for item in found if item["kind"] in ("Pod", "DaemonSet")]  # fmt: skip
    assert len(pods) == 4
    assert {container["image"] for pod in pods for container in pod["containers"]} == {"r/agnhost@sha256:1"}


def test_every_template_is_tested():
    here = {
        "kubeadm-init.yaml.j2", "kubeadm-join.yaml.j2", "kubeadm-token.yaml.j2", "containerd-config.toml.j2",
        "hosts.toml.j2", "containerd.service.j2", "images.service.j2", "kubernetes.sources.j2", "networkd.conf.j2",
        "modules-load.conf.j2", "sysctl.conf.j2", "cilium-values.yaml.j2", "smoke.yaml.j2",
        # By tests/unit/watchhost, tests/operations/test_watcher.py and tests/unit/report.
        "kubestead-watch.service.j2", "kubestead-watch.tmpfiles.j2", "watcher-rights.yaml.j2", "recoveries.html.j2",
        "run.html.j2", "page-style.css.j2", "picture-style.css.j2", "gantt-style.css.j2", "gantt-lanes.svg.j2",
        "gantt.svg.j2", "modes.svg.j2",  # by tests/unit/test_bench_document.py and test_bench_cilium.py
        "cilium-objects.yaml.j2",  # by tests/unit/test_cilium_objects.py
        "kubeadm-flags.env.j2",  # by tests/operations/test_remedies_restore.py
    }  # fmt: skip
    assert {path.name for path in TEMPLATES.iterdir()} == here | SCRIPTS.keys()


def test_spires_images_come_from_registries_that_are_set_up_then():
    spec = ClusterSpec(cilium_mutual_authentication=True)
    paths = {path.split("/")[-2] for path in containerd(spec) if path.endswith("hosts.toml")}
    assert paths == {*REGISTRIES, "ghcr.io", "docker.io"}
