"""Serving a mirror, and noticing when what it serves is not what its catalog says."""

import os
import select
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import pytest
import yaml
from typer.testing import CliRunner

from kubestead import cache, mirror
from kubestead.catalog import AptRepository, Catalog, File, Image
from kubestead.cli.mirror import app
from kubestead.errors import InvalidInput, KubesteadError
from kubestead.mirror import files, registry
from kubestead.mirror.commands import run
from kubestead.mirror.serve import serving

DATA = os.urandom(300_000)


@pytest.fixture(scope="module")
def made(tmp_path_factory, signed_repository, image_layout):
    """A whole small mirror, made once."""
    path = tmp_path_factory.mktemp("made") / "mirror"
    (path / "files").mkdir(parents=True)
    (path / "registry").mkdir()
    (path / "files/helm.tar.gz").write_bytes(DATA)
    (path / "files/helm.tar").write_bytes(b"a name that is the other's without .gz")
    repository, fingerprint = signed_repository
    shutil.copytree(repository, path / "apt/kubernetes")
    layout, sha256 = image_layout
    with registry.running(path / "registry", f"127.0.0.1:{registry.free_port()}") as running:
        copy = [
            "skopeo",
            "copy",
            "--quiet",
            "--insecure-policy",
            "--all",
            "--preserve-digests",
            "--dest-tls-verify=false",
        ]
        target = f"docker://{running.address}/registry.k8s.io/pause:3.10"
        run([*copy, f"oci:{layout}:it", target], "filling a registry")
    described = Catalog(
        origin="test",
        files={"helm": File(version="3.19.0", any=files.artifact(path, path / "files/helm.tar.gz"))},
        apt={
            "kubernetes": AptRepository(
                url="apt/kubernetes/",
                key_url="apt/kubernetes/key.asc",
                key_fingerprint=fingerprint,
                packages={"kubelet": "1.31.13-1.1"},
            )
        },
        images={"registry.k8s.io/pause": Image(tag="3.10", sha256=sha256)},
    )
    (path / "catalog.yaml").write_text(yaml.safe_dump(described.model_dump(exclude_none=True)))
    return path


@pytest.fixture
def folder(made, tmp_path):
    """A copy of it that a test may harm."""
    return shutil.copytree(made, tmp_path / "mirror")


def get(url, **headers):
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:  # noqa: S310
        return answer.status, answer.read()


def status(url, method="GET"):
    try:
        return urllib.request.urlopen(urllib.request.Request(url, method=method)).status  # noqa: S310
    except urllib.error.HTTPError as error:
        return error.code


def test_files_are_served_whole_and_in_ranges(folder):
    with serving(folder, "127.0.0.1") as served:
        url = f"{served.files_url}files/helm.tar.gz"
        assert get(url) == (200, DATA)
        assert get(url, Range="bytes=100000-") == (206, DATA[100000:])
        assert get(url, **{"Accept-Encoding": "gzip"}) == (200, DATA)
        assert get(f"{served.files_url}catalog.yaml")[0] == 200


def test_only_what_belongs_to_the_mirror_is_served(folder):
    with serving(folder, "127.0.0.1") as served:
        paths = ["registry/docker", "files/../registry", "../../etc/passwd", "files/", "nothing"]
        assert {status(f"{served.files_url}{path}") for path in paths} == {404}


def test_the_registry_is_read_only(folder):
    with serving(folder, "127.0.0.1") as served:
        assert status(f"{served.registry_url}/v2/") == 200
        assert status(f"{served.registry_url}/v2/registry.k8s.io/pause/blobs/uploads/", "POST") == 405


def test_a_folder_that_is_no_mirror_is_refused(tmp_path):
    with pytest.raises(KubesteadError, match="is not a mirror"), serving(tmp_path, "127.0.0.1"):
        pass


def test_a_taken_port_is_named(folder):
    with serving(folder, "127.0.0.1") as first:
        port = int(first.files_url.rstrip("/").rsplit(":")[-1])
        with (
            pytest.raises(KubesteadError, match=f"cannot listen on 127.0.0.1:{port}"),
            serving(folder, "127.0.0.1", port),
        ):
            pass
        taken = int(first.registry_url.rsplit(":")[-1])
        with pytest.raises(KubesteadError, match="address already in use"), serving(folder, "127.0.0.1", 0, taken):
            pass


def start(folder):
    """`mirror serve` as a process of its own, and the pid of its registry."""
    program = (
        "import sys, pathlib; from kubestead import mirror; mirror.serve(pathlib.Path(sys.argv[1]), '127.0.0.1', 0, 0)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(folder)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline().startswith("ready: files http://127.0.0.1:")
    children = subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=True).stdout
    return process, int(children.split()[0])


def wait_for_end(pid):
    """Wait for a process that is not ours to wait for, by its pidfd, which becomes readable when it ends."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([descriptor], [], [], 10)[0])
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_files_and_registry_end_together(folder, number):
    process, child = start(folder)
    process.send_signal(number)
    assert process.wait(10) == (0 if number != signal.SIGKILL else -9)
    assert wait_for_end(child)


def test_a_registry_that_ends_ends_the_server_with_a_reason(folder):
    process, child = start(folder)
    os.kill(child, signal.SIGKILL)
    assert process.wait(10) == 1
    assert "docker-registry ended by itself" in process.stderr.read()


def test_a_whole_mirror_is_verified(folder):
    checked = mirror.verify(folder)
    assert any(line.startswith("files/helm.tar.gz ") for line in checked)
    assert any(line.startswith("apt/kubernetes/InRelease signed by ") for line in checked)
    assert any(line.startswith("registry.k8s.io/pause:3.10 ") for line in checked)


def test_the_command_verifies_the_newest_mirror(folder):
    result = CliRunner().invoke(app, ["verify"])
    assert "run: kubestead mirror build" in str(result.exception)
    (cache.root() / "mirrors").mkdir(parents=True)
    folder.rename(cache.root() / "mirrors" / "test-1")
    result = CliRunner().invoke(app, ["verify"])
    assert result.output.splitlines()[-1] == f"{cache.root() / 'mirrors' / 'test-1'} is what its catalog says"


def blobs(folder):
    return sorted((folder / "registry/docker/registry/v2/blobs/sha256").rglob("data"))


def damage(path):
    path.write_bytes(b"x" + path.read_bytes()[1:])


@pytest.mark.parametrize(
    ("where", "harm", "reason"),
    [
        ("files.helm.any", lambda m: damage(m / "files/helm.tar.gz"), "the file's sha256 is"),
        ("files.helm.any", lambda m: (m / "files/helm.tar.gz").write_bytes(DATA[:-1]), "the file has 299999 bytes"),
        ("files.helm.any", lambda m: (m / "files/helm.tar.gz").unlink(), "the file is missing"),
        ("apt.kubernetes", lambda m: damage(m / "apt/kubernetes/Packages"), "Packages: the file's sha256"),
        ("apt.kubernetes", lambda m: damage(m / "apt/kubernetes/Packages.gz"), "Packages.gz: the file's sha256"),
        ("apt.kubernetes", lambda m: (m / "apt/kubernetes/InRelease").write_text("none"), "checking the repository's"),
        ("apt.kubernetes", lambda m: (m / "apt/kubernetes/key.asc").write_text("none"), "reading the key"),
        (
            "apt.kubernetes.packages.kubelet",
            lambda m: damage(m / "apt/kubernetes/kubelet_amd64.deb"),
            "the file's sha256 is",
        ),
    ],
)
def test_every_kind_of_harm_is_found_where_it_is(folder, where, harm, reason):
    harm(folder)
    with pytest.raises(InvalidInput) as refused:
        mirror.verify(folder)
    (finding,) = refused.value.findings
    assert finding.where == where
    assert reason in finding.reason


def test_every_blob_of_an_image_counts(folder):
    for path in blobs(folder):
        whole = path.read_bytes()
        damage(path)
        with pytest.raises(InvalidInput, match=r"images.registry.k8s.io/pause"):
            mirror.verify(folder)
        path.write_bytes(whole)
    assert mirror.verify(folder)


def test_a_tag_that_was_moved_is_found(folder):
    link = next(folder.rglob("_manifests/tags/3.10/current/link"))
    link.write_text(f"sha256:{'0' * 64}")
    with pytest.raises(InvalidInput, match=f"its tag points to sha256:{'0' * 64}"):
        mirror.verify(folder)
