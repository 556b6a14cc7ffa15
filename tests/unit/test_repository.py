"""Cheap guards over the repository's own rules (CONTRIBUTING.md)."""

import ast
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from kubestead.mirror.commands import PACKAGES as MIRROR_PACKAGES
from kubestead.twin.checks import TOOLS as TWIN_TOOLS

ROOT = Path(__file__).parents[2]
DEPLOYS = sorted((ROOT / "deploys").glob("*.py"))
MODULES = sorted((ROOT / "kubestead").rglob("*.py"))
SCRIPTS = sorted([*ROOT.glob("tools/*.sh"), *ROOT.glob("bench/**/*.sh"), ROOT / ".ci" / "run"])
# Run by a host's sh, with what the caller puts around them.
SNIPPETS = sorted((ROOT / "kubestead").rglob("*.sh"))
BASH_SNIPPETS = sorted((ROOT / "kubestead").rglob("*.bash"))
# The layers that are made of pyinfra, the edges to it, and the commands; everything else is the pure core.
EDGES = {"commandline.py", "dryrun.py", "guard.py", "inventory.py", "pace.py", "runlock.py", "unreachable.py"}
NOT_CORE = {"cli", "connection", "facts", "operations", "phases", "runrecord", "runview"} | EDGES


def name(path):
    return str(path.relative_to(ROOT))


def imports(path):
    """Every module a file imports, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module or ""


def core_modules():
    return [path for path in MODULES if path.relative_to(ROOT / "kubestead").parts[0] not in NOT_CORE]


@pytest.mark.parametrize("path", DEPLOYS, ids=name)
def test_a_deploy_is_a_table_of_contents(path):
    text = path.read_text()
    lines = len(text.splitlines())
    assert lines < 40
    definitions = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    assert not [node for node in ast.walk(ast.parse(text)) if isinstance(node, definitions)]
    modules = list(imports(path))
    assert not [module for module in modules if module.split(".")[0] in ("subprocess", "os")]
    assert "pyinfra.operations" not in modules
    assert not re.search(r"\bserver\.shell\b|\brun_shell_command\b|\bStringCommand\b", text)


@pytest.mark.parametrize("path", core_modules(), ids=name)
def test_the_core_does_not_know_pyinfra(path):
    assert not [module for module in imports(path) if module.split(".")[0] in ("pyinfra", "pyinfra_cli", "paramiko")]


@pytest.mark.parametrize("layer", ["facts", "operations"])
def test_a_layer_imports_only_those_below(layer):
    above = {"facts": ("phases", "operations", "cli"), "operations": ("phases", "cli")}[layer]
    wrong = [
        f"{name(path)} imports {module}"
        for path in (ROOT / "kubestead" / layer).rglob("*.py")
        for module in imports(path)
        if module.startswith(tuple(f"kubestead.{upper}" for upper in above))
    ]
    assert not wrong


@pytest.mark.parametrize("path", DEPLOYS, ids=name)
def test_readme_names_every_deploy(path):
    assert name(path) in (ROOT / "README.md").read_text()


def test_readme_names_no_deploy_that_is_not_there():
    named = set(re.findall(r"\bdeploys/\w+\.py\b", (ROOT / "README.md").read_text()))
    assert named <= {name(path) for path in DEPLOYS}


def test_readme_names_no_make_target_that_is_not_there():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for document in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        named = set(re.findall(r"(?:`|^)make ([a-z-]+)", (ROOT / document).read_text(), re.MULTILINE))
        assert named <= targets, document


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "SECURITY.md"])
def test_links_to_files_lead_somewhere(document):
    links = re.findall(r"\]\(([^)#]+)\)", (ROOT / document).read_text())
    assert not [link for link in links if not link.startswith("https://") and not (ROOT / link).exists()]


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_a_file_is_small(path):
    lines = len(path.read_text().splitlines())
    assert lines <= 200, f"{lines} lines; about 150 is the aim"


def test_decisions_are_numbered_without_gaps():
    numbers = sorted(int(path.name[:4]) for path in (ROOT / "docs" / "adr").glob("*.md"))
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("path", SCRIPTS, ids=name)
def test_a_script_stops_at_the_first_error(path):
    lines = path.read_text().splitlines()
    assert lines[0] == "#!/usr/bin/env bash"
    assert "set -euo pipefail" in lines


def test_make_installs_every_package_the_mirror_and_the_twin_ask_for():
    script = (ROOT / "tools" / "packages.sh").read_text()
    array = re.search(r"^packages=\((.*?)^\)", script, re.MULTILINE | re.DOTALL)
    installed = {word for line in array[1].splitlines() if not line.strip().startswith("#") for word in line.split()}
    asked_for = {
        package for packages in (*MIRROR_PACKAGES.values(), *TWIN_TOOLS.values()) for package in packages.split()
    }
    essential = {"dpkg", "util-linux"}
    assert asked_for - essential <= installed


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="shellcheck is not installed; 'make setup' installs it")
@pytest.mark.parametrize(("dialect", "paths"), [("bash", SCRIPTS + BASH_SNIPPETS), ("sh", SNIPPETS)])
def test_shellcheck_finds_nothing(dialect, paths):
    run = subprocess.run(["shellcheck", f"--shell={dialect}", *paths], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout


def test_no_path_of_one_machine_is_in_a_file():
    files = [
        *MODULES,
        *DEPLOYS,
        *SCRIPTS,
        *SNIPPETS,
        *BASH_SNIPPETS,
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("templates/*"),
    ]
    personal = re.compile(r"(?<![\w.])/(?:work|home/\w+)/")
    assert not [name(path) for path in files if personal.search(path.read_text())]
