"""The flat, signed apt repository, and the key this machine signs it with."""

from __future__ import annotations

import gzip
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from email.utils import format_datetime
from pathlib import Path

from kubestead import cache
from kubestead.errors import KubesteadError
from kubestead.mirror.commands import run

# Key, Release and signature carry one fixed time in the past, so that a clock that is off while a mirror is built does
# not make hosts refuse it as not yet valid.
EPOCH = datetime(2023, 11, 14, tzinfo=timezone.utc)
USER_ID = "kubestead mirror of this machine <nobody@localhost>"


def signing_home() -> Path:
    """The GnuPG home with this machine's signing key (RSA 3072, which every supported apt takes), made once.

    It lives in the cache beside the mirrors, never in a served folder, so that rebuilt mirrors keep their fingerprint.
    """
    final = cache.root() / "mirror-key"
    with cache.lock("mirror-key"):
        if not final.is_dir():
            # The agent's socket path has a length limit, so the key is made in a short place and moved.
            with cache.new_entry(final) as work:
                with _home() as home:
                    command = _gpg(
                        home, "--passphrase", "", "--quick-generate-key", USER_ID, "rsa3072", "sign", "never"
                    )
                    run(command, "making the mirror's signing key")
                    armored = run(_gpg(home, "--armor", "--export-secret-keys"), "exporting the mirror's signing key")
                _write_private(work / "secret.asc", armored)
            final.chmod(0o700)
    return final


def _write_private(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)


@contextmanager
def _home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="ks-gpg-") as folder:
        try:
            yield Path(folder)
        finally:
            run(["gpgconf", "--homedir", folder, "--kill", "all"], "ending gpg-agent")


def _gpg(home: Path, *arguments: str | Path) -> list[str | Path]:
    options = [
        "--batch",
        "--quiet",
        "--no-tty",
        "--pinentry-mode",
        "loopback",
        "--faked-system-time",
        f"{EPOCH:%Y%m%dT%H%M%S}",
    ]
    return ["gpg", "--homedir", home, *options, *arguments]


def write(folder: Path) -> str:
    """Index and sign the packages in a folder, put the public key beside them, and return its fingerprint."""
    packages = run(["apt-ftparchive", "packages", "."], "indexing the apt repository", cwd=folder)
    # Not every web server takes "./" out of a path, and apt asks for it as it is written here.
    index = packages.replace("Filename: ./", "Filename: ").encode()
    (folder / "Packages").write_bytes(index)
    (folder / "Packages.gz").write_bytes(gzip.compress(index, mtime=0))
    options = ["Origin=kubestead", "Label=kubestead mirror", "Suite=/", "Architectures=amd64 arm64"]
    options.append(f"Date={format_datetime(EPOCH)}")
    command = ["apt-ftparchive", *(f"-oAPT::FTPArchive::Release::{option}" for option in options), "release", "."]
    release = run(command, "describing the apt repository", cwd=folder)
    (folder / "Release").write_text(release)
    with _home() as home:
        run(_gpg(home, "--import", signing_home() / "secret.asc"), "reading the mirror's signing key")
        sign = _gpg(home, "--yes", "--clearsign", "--output", folder / "InRelease", folder / "Release")
        run(sign, "signing the apt repository")
        (folder / "key.asc").write_text(run(_gpg(home, "--armor", "--export"), "exporting the mirror's key"))
    return fingerprint(folder / "key.asc")


def fingerprint(key: Path) -> str:
    """The fingerprint (40 hexadecimal digits) of the one primary key in a public key file, armored or not.

    Raises:
        KubesteadError: the file has no key, or more than one.
    """
    with _home() as home:
        shown = run(_gpg(home, "--show-keys", "--with-colons", key), f"reading the key {key.name}")
    found = re.findall(r"^pub:.*\n(?:(?!pub|fpr).*\n)*fpr:+([0-9A-F]{40}):", shown, re.MULTILINE)
    if len(found) != 1:
        raise KubesteadError(
            f"{key}: expected one public key, found {len(found)}; the repository's key is not what it was"
        )
    return str(found[0])


def verify(folder: Path, expected_fingerprint: str) -> str:
    """Check InRelease's signature by the key in ``key.asc`` and return the signed text.

    Raises:
        KubesteadError: the key is another one, or the signature does not hold.
    """
    actual = fingerprint(folder / "key.asc")
    if actual != expected_fingerprint:
        raise KubesteadError(
            f"{folder / 'key.asc'}: the key's fingerprint is {actual}, the catalog trusts {expected_fingerprint}; "
            "do not use this repository until somebody has found out why"
        )
    with _home() as home:
        keyring = home / "key.gpg"
        run(_gpg(home, "--dearmor", "--output", keyring, folder / "key.asc"), "reading the repository's key")
        signed = home / "signed"
        run(
            ["gpgv", "--keyring", keyring, "--output", signed, folder / "InRelease"],
            "checking the repository's signature",
        )
        return signed.read_text()


def digests(release: str) -> dict[str, str]:
    """The sha256 a Release text states for each index file, by the file's name.

    Raises:
        KubesteadError: it states none for ``Packages``, which every repository here has.
    """
    section = re.search(r"^SHA256:\n((?: .*\n?)+)", release, re.MULTILINE)
    found = re.findall(r"^ ([0-9a-f]{64})\s+\d+\s+(\S+)$", section.group(1), re.MULTILINE) if section else []
    listed = {name: sha256 for sha256, name in found}
    if "Packages" not in listed:
        raise KubesteadError("the repository's Release file states no sha256 for Packages")
    return listed


def packages(index: str) -> list[dict[str, str]]:
    """The entries of a Packages file, field by field; continuation lines are left out."""
    entries = []
    for paragraph in re.split(r"\n\s*\n", index.strip()):
        lines = (line for line in paragraph.split("\n") if line[:1] not in (" ", "\t"))
        entries.append(dict(line.split(": ", 1) for line in lines if ": " in line))
    return entries
