"""The archive: made once from exact versions, the same bytes from the same files, and it runs without this checkout."""

import hashlib
import platform
import subprocess
import sys
import tarfile

import pytest

from kubestead.errors import KubesteadError
from kubestead.watchhost import bundle as module
from kubestead.watchhost.bundle import bundle

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


def fake_uv(monkeypatch, wheels):
    """uv played: ``export`` prints requirements, ``pip install`` writes files; returns the commands it was given."""
    calls = []

    def uv(*arguments):
        calls.append(arguments)
        if arguments[0] == "export":
            return "x==1\n"
        target = module.Path(arguments[arguments.index("--target") + 1])
        for name, content in wheels.items():
            path = target / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        return ""

    monkeypatch.setattr(module, "_uv", uv)
    return calls


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "kubestead" / "watchers"


WHEELS = {"x.py": "", "kubernetes/aio/a.py": "", "kubernetes/client/a.py": "", "bin/x": "", ".lock": ""}


def test_an_archive_is_packed_once_from_wheels_by_their_digests(cache, monkeypatch):
    calls = fake_uv(monkeypatch, WHEELS)
    first = bundle("3.10", "arm64")
    assert bundle("3.10", "arm64") == first
    export, install, again = calls
    assert {"--frozen", "pylock.toml"} <= set(export)
    assert "--no-emit-package=aiohttp" in export
    assert again == export
    assert {"--no-deps", "--only-binary", "aarch64-manylinux_2_35", "3.10"} <= set(install)
    assert first.archive.parent == cache / f"3.10-arm64-{first.key}"
    assert first.sha256 == hashlib.sha256(first.archive.read_bytes()).hexdigest()


def test_the_archive_holds_the_app_and_what_it_uses(cache, monkeypatch):
    fake_uv(monkeypatch, WHEELS)
    with tarfile.open(bundle("3.10", "amd64").archive) as archive:
        members = {member.name: member for member in archive}
    packages = "lib/python3.10/site-packages"
    app = {"app/kubestead/cli/main.py", "app/config.py", "app/catalog/upstream.yaml", "app/deploys/cluster.py"}
    assert app | {f"{packages}/x.py", f"{packages}/kubernetes/client/a.py", f"{packages}/kubestead.pth"} <= set(members)
    assert not [
        name for name in members if "/aio/" in name or "__pycache__" in name or name.startswith(f"{packages}/bin")
    ]
    assert all((one.mtime, one.uid, one.isreg()) == (0, 0, True) for one in members.values())


def test_the_same_files_give_the_same_bytes_and_others_another_key(cache, monkeypatch, tmp_path):
    fake_uv(monkeypatch, WHEELS)
    first = bundle("3.10", "amd64")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "other"))
    second = bundle("3.10", "amd64")
    assert (second.key, second.sha256) == (first.key, first.sha256)
    assert second.archive != first.archive
    assert bundle("3.11", "amd64").key != first.key


def test_without_uv_it_says_what_to_do(cache, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(module, "ROOT", tmp_path)
    with pytest.raises(KubesteadError, match="needs uv: run 'make setup'"):
        module._uv("export")


def test_a_failure_of_uvs_is_told_in_its_words(cache, monkeypatch):
    with pytest.raises(KubesteadError, match=r"uv nonsense failed: .*unrecognized"):
        module._uv("nonsense")


def test_the_real_archive_runs_by_itself(tmp_path):
    """Packed by the real uv for this very Python: needs a package registry, or uv's own cache."""
    try:
        packed = bundle(PYTHON, {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()])
    except KubesteadError as error:
        pytest.skip(f"no wheels here: {error}")
    with tarfile.open(packed.archive) as archive:
        archive.extractall(tmp_path, filter="data")
    run = [sys.executable, "-I", "-S", "-c", _RUN.format(packages=str(tmp_path / f"lib/python{PYTHON}/site-packages"))]
    done = subprocess.run([*run, "watch", "--help"], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "--metrics-port" in done.stdout
    assert packed.archive.stat().st_size < 40_000_000


_RUN = """
import site, sys
site.addsitedir({packages!r})
import kubernetes.client, prometheus_client, apprise, kubestead.watch.parts
assert all("site-packages" not in p or p.startswith({packages!r}) for p in sys.path), sys.path
assert kubestead.watch.parts.__file__.startswith({packages!r}.partition("/lib/")[0])
from kubestead.cli.main import main
main()
"""
