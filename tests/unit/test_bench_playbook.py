"""The playbook that kubestead's second run is measured against: its files, its variables, what it says of a run."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jinja2 import Environment, meta

from bench import playbook, playbook_files
from bench.floor_files import CA_CERT_HASH
from kubestead.errors import KubesteadError
from kubestead.phases.host import MODULES, SETTINGS
from tests.unit import benchlab

FOLDER = playbook.FOLDER
FILES = sorted([FOLDER / "cluster.yaml", *FOLDER.glob("tasks/*.yaml"), *FOLDER.glob("group_vars/*.yaml")])
# Ansible's own; a task's loop has an item.
MAGIC = {"inventory_hostname", "playbook_dir", "groups", "hostvars", "item", "lookup"}


@pytest.fixture
def written(tmp_path):
    """What playbook_files writes for a control plane and a worker."""
    playbook_files.main(tmp_path / "playbook", tmp_path / "kubeconfig", benchlab.lab(tmp_path))
    return tmp_path / "playbook"


def inventory(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "inventory.json").read_text())["all"]
    return found


def test_the_inventory_has_the_hosts_and_how_to_reach_them(written):
    found = inventory(written)
    assert found["children"]["control_plane"]["hosts"] == {"k8s-cp": {"ansible_host": "192.0.2.1"}}
    assert found["children"]["workers"]["hosts"] == {"k8s-worker1": {"ansible_host": "192.0.2.2"}}
    assert found["vars"]["ansible_ssh_private_key_file"] == "key with a space"
    assert "StrictHostKeyChecking=yes" in found["vars"]["ansible_ssh_common_args"]


def test_both_prepare_the_same(written):
    variables = inventory(written)["vars"]
    assert (tuple(variables["kernel_modules"]), variables["kernel_settings"]) == (MODULES, SETTINGS)
    assert variables["artifacts"]["runc"] == {"version": "1", "url": "http://mirror/files/x", "sha256": "a" * 64}
    assert (written / "tree/k8s-worker1/etc/containerd/config.toml").is_file()


def test_the_token_is_one_and_readable_by_its_owner_alone(written):
    [minted] = yaml.safe_load((written / "token.yaml").read_text())["bootstrapTokens"]
    joins = yaml.safe_load((written / "join/k8s-worker1").read_text())["discovery"]["bootstrapToken"]
    assert minted["token"] == joins["token"]
    assert minted["token"].partition(".")[0] == inventory(written)["vars"]["token_id"]
    assert joins["caCertHashes"] == [CA_CERT_HASH]
    assert (written / "token.yaml").stat().st_mode & 0o077 == 0


def strings(value: Any, key: str = "") -> list[str]:
    """Every text of a YAML document that Ansible reads as a template; a condition is one without its braces."""
    if isinstance(value, dict):
        return [text for name, item in value.items() for text in strings(item, str(name))]
    if isinstance(value, list):
        return [text for item in value for text in strings(item, key)]
    bare = key in ("when", "until", "changed_when", "failed_when") and isinstance(value, str)
    return ["{{ " + value + " }}"] if bare else [str(value)]


def test_every_variable_is_defined(written):
    documents = [yaml.safe_load(path.read_text()) for path in FILES]
    used = set()
    for text in strings(documents):
        # Ansible's filters and tests are not Jinja's own; only names matter here.
        plain = re.sub(r"\|\s*\w+|\bis (not )?[a-z]+", "", text)
        used |= meta.find_undeclared_variables(Environment(autoescape=True).parse(plain))
    texts = "\n".join(path.read_text() for path in FILES)
    registered = set(re.findall(r"^ +register: (\w+)$", texts, re.MULTILINE))
    own = {name for path in FILES if path.parent.name == "group_vars" for name in yaml.safe_load(path.read_text())}
    inner = {"seen"}
    assert used <= set(inventory(written)["vars"]) | registered | own | inner | MAGIC


def test_only_ansible_core_is_needed():
    modules = {
        name
        for path in FILES
        for name in re.findall(r"^ +(\w+\.\w+\.\w+):", path.read_text(), re.MULTILINE)
        + re.findall(r"lookup\('(\w+\.\w+\.\w+)'", path.read_text())
    }
    assert modules and all(name.startswith("ansible.builtin.") for name in modules)


def test_nothing_sleeps():
    assert not [path for path in FILES if re.search(r"\bsleep\b|pause:", path.read_text())]


def test_what_it_runs_with_is_pinned():
    lines = [line for line in playbook.REQUIREMENTS.read_text().splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[\w-]+==[\d.]+", line) for line in lines)
    assert re.fullmatch(r"2\.\d+\.\d+", playbook.version())


OUTPUT = """
TASK [Runc] ****
changed: [k8s-cp]
TASK [Kernel modules now] ****
ok: [k8s-cp]
TASK [Runc] ****
changed: [k8s-worker1]

PLAY RECAP ****
k8s-cp                     : ok=38   changed=1    unreachable=0    failed=0    skipped=18   rescued=0    ignored=0
k8s-worker1                : ok=26   changed=1    unreachable=0    failed=0    skipped=14   rescued=0    ignored=0
"""


def test_what_a_run_changed():
    assert playbook.changed(OUTPUT.splitlines()) == ("Runc",)
    assert playbook.changed(OUTPUT.replace("changed: ", "ok: ").replace("changed=1", "changed=0").splitlines()) == ()


@pytest.mark.parametrize("broken", [OUTPUT.partition("PLAY")[0], OUTPUT.replace("changed: ", "ok: ")])
def test_an_output_that_cannot_be_read_is_no_unchanged_run(broken):
    with pytest.raises(KubesteadError, match="ansible-playbook counts"):
        playbook.changed(broken.splitlines())
