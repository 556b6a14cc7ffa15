"""Building with the real Go client: a tiny module of the test's own, without dependencies."""

import re

import pytest

from kubestead import cache
from kubestead.errors import KubesteadError
from kubestead.mirror import components, gobuild, progress

MAIN = 'package main\n\nvar Version = "none"\n\nfunc main() { println(Version) }\n'


@pytest.fixture(scope="module")
def go_cache(tmp_path_factory):
    """One Go cache for the module, so that Go's own library is compiled once."""
    return tmp_path_factory.mktemp("go")


@pytest.fixture
def component(tmp_path, monkeypatch, go_cache):
    cache.root().mkdir(parents=True)
    (cache.root() / "go").symlink_to(go_cache)
    monkeypatch.setattr(components, "GOMOD", tmp_path)
    folder = tmp_path / "hello"
    (folder / "cmd/hello").mkdir(parents=True)
    (folder / "go.mod").write_text("module example.invalid/hello\n\ngo 1.23\n")
    (folder / "go.sum").write_text("")
    (folder / "tools.go").write_text("package hello\n")
    (folder / "cmd/hello/main.go").write_text(MAIN)
    return components.Component(
        name="hello",
        version="1.2.3",
        packages={"greeting": "example.invalid/hello/cmd/hello"},
        ldflags=("-X main.Version={version}",),
    )


def test_a_component_is_built_once_under_its_output_name(component, capfd, monkeypatch):
    monkeypatch.setattr(progress, "HEARTBEAT_SECONDS", 0)
    entry = gobuild.build(component)
    binary = entry / "bin" / "greeting"
    assert entry.parent == cache.root() / "components"
    assert gobuild.run([binary], "running it") == ""  # println writes to stderr
    changed = binary.stat().st_mtime_ns
    assert gobuild.build(component) == entry
    assert binary.stat().st_mtime_ns == changed
    said = capfd.readouterr().err
    assert re.search(r"build hello 1.2.3: 0 modules downloaded, [1-9]\d* packages compiled, \d+ s", said)
    assert "done   build hello 1.2.3, " in said


def test_a_failed_build_shows_go_s_own_lines_and_leaves_no_entry(component):
    (component.folder / "cmd/hello/main.go").write_text("package main\n\nfunc main() { undefined() }\n")
    with pytest.raises(KubesteadError, match=r"building hello failed[\s\S]*undefined: undefined[\s\S]*run it by hand"):
        gobuild.build(component)
    assert list((cache.root() / "components").iterdir()) == []


def test_a_change_of_the_modules_makes_another_entry(component):
    first = gobuild.entry(component)
    (component.folder / "go.sum").write_text("# another\n")
    assert gobuild.entry(component) != first
