"""The script that installs an artifact, run here: either the whole artifact or what was there before."""

import hashlib
import io
import os
import stat
import subprocess
import tarfile
from pathlib import Path

import pytest

from kubestead.catalog import Artifact
from kubestead.facts import artifacts
from kubestead.render import render
from tests.shell import fact, in_folder, sh

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="installed files belong to root")


class Place:
    """A folder with a download, destinations and stamps."""

    def __init__(self, path, monkeypatch):
        self.download, self.stamps, self.target = path / "a b's", path / "stamps", path / "bin"
        monkeypatch.setattr(artifacts, "STAMPS", str(self.stamps))

    def offer(self, content):
        self.download.write_bytes(content)
        return hashlib.sha256(content).hexdigest()

    def offer_tarball(self, **members):
        data = io.BytesIO()
        with tarfile.open(fileobj=data, mode="w:gz") as tarball:
            for name, content in members.items():
                member = tarfile.TarInfo(f"bin/{name}")
                member.size, member.uid, member.mode = len(content), 1000, 0o600
                tarball.addfile(member, io.BytesIO(content))
        return self.offer(data.getvalue())

    def install(self, digest, *members, mode="755"):
        files = [(f"bin/{name}" if name else "", str(self.target / (name or "plain"))) for name in members]
        artifact = Artifact(url=f"file://{self.download.parent}/a%20b's", sha256=digest)
        script = render(
            "install-artifact.sh.j2", artifact=artifact, name="name", files=files, mode=mode,
            plain=not members[0], stamps=self.stamps,
        )  # fmt: skip
        return sh(in_folder(script, self.download.parent))

    def installed(self):
        return {path.name: path.read_bytes() for path in self.target.iterdir()} if self.target.exists() else {}


@pytest.fixture
def place(tmp_path, monkeypatch):
    return Place(tmp_path, monkeypatch)


def test_a_tarballs_members_are_installed_and_stamped(place):
    digest = place.offer_tarball(ctr=b"one", other=b"two", **{"a b'c": b"three"})

    done = place.install(digest, "ctr", "a b'c")

    assert (done.returncode, done.stderr) == (0, b"")
    assert place.installed() == {"ctr": b"one", "a b'c": b"three"}
    found = (place.target / "ctr").stat()
    assert (stat.S_IMODE(found.st_mode), found.st_uid) == (0o755, 0)


def test_the_stamp_holds_as_long_as_the_files_do(place):
    digest = place.offer_tarball(ctr=b"one", runc=b"two")
    place.install(digest, "ctr", "runc")
    assert fact(artifacts.InstalledArtifacts) == {"name": digest}
    (place.target / "runc").unlink()
    assert fact(artifacts.InstalledArtifacts) == {}


@pytest.mark.parametrize("harm", ["chmod 000", "printf two >", "touch", "chown 1"])
def test_a_file_that_was_harmed_is_noticed_though_size_and_time_are_as_before(place, harm):
    digest = place.offer_tarball(runc=b"one")
    place.install(digest, "runc")
    file = place.target / "runc"
    before = file.stat()
    assert sh(f"{harm} {file}").returncode == 0
    os.utime(file, (before.st_atime, before.st_mtime))
    assert (file.stat().st_size, file.stat().st_mtime) == (before.st_size, before.st_mtime)
    assert fact(artifacts.InstalledArtifacts) == {}


def test_a_plain_file_is_installed(place):
    assert place.install(place.offer(b"binary"), "", mode="644").returncode == 0
    assert place.installed() == {"plain": b"binary"}
    assert stat.S_IMODE((place.target / "plain").stat().st_mode) == 0o644


def test_a_wrong_digest_installs_nothing_and_says_what_was_found(place):
    found = place.offer(b"tampered")
    done = place.install("0" * 64, "")
    assert done.returncode == 1
    assert f"has sha256 {found}, the catalog says {'0' * 64}; nothing was installed" in done.stderr.decode()
    assert place.installed() == {}
    assert not place.stamps.exists()


@pytest.mark.parametrize("spoil", ["truncated, digest of the whole", "truncated, digest of the rest", "no such member"])
def test_the_old_file_stays_where_the_new_one_is_spoiled(place, spoil):
    place.install(place.offer_tarball(ctr=b"old"), "ctr")
    before, stamp = place.installed(), fact(artifacts.InstalledArtifacts)
    digest = place.offer_tarball(ctr=os.urandom(5000))
    if spoil != "no such member":
        rest = place.offer(place.download.read_bytes()[:2000])
        digest = rest if spoil.endswith("rest") else digest

    done = place.install(digest, *(["ctr", "missing"] if spoil == "no such member" else ["ctr"]))

    assert done.returncode != 0
    assert done.stderr
    assert place.installed() == before
    assert fact(artifacts.InstalledArtifacts) == stamp


def test_a_download_that_fails_says_so_and_changes_nothing(place):
    done = place.install("0" * 64, "")
    assert done.returncode == 37
    assert b"curl" in done.stderr
    assert place.installed() == {}


def test_a_running_binary_is_replaced(place):
    """Written in place it would be 'text file busy'."""
    place.install(place.offer_tarball(cat=Path("/bin/cat").read_bytes()), "cat")
    with subprocess.Popen([place.target / "cat"], stdin=subprocess.PIPE) as running:
        done = place.install(place.offer_tarball(cat=b"new"), "cat")
        assert running.poll() is None
    assert done.returncode == 0, done.stderr
    assert place.installed() == {"cat": b"new"}


@pytest.mark.parametrize("digest", ["right", "0" * 64])
def test_nothing_stays_of_the_download(place, digest):
    right = place.offer(b"binary")
    assert (place.install(right if digest == "right" else digest, "").returncode == 0) == (digest == "right")
    assert not (place.download.parent / "state" / "download").exists()
