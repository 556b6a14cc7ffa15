"""Downloads over verified TLS by curl: resumed after a break, bounded in tries and silence, checked before kept."""

from __future__ import annotations

import hashlib
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from kubestead import cache
from kubestead.errors import KubesteadError
from kubestead.mirror import files

# curl's exit codes for what may pass: name resolution, connection, a short file, HTTP errors (see _passing), a
# timeout or stall, TLS breaking off, an empty reply, broken sends and receives, HTTP/2 stream errors (curl(1)).
TRANSIENT = {6, 7, 16, 18, 22, 28, 35, 52, 55, 56, 92}
RANGE_REFUSED = 33


@dataclass(frozen=True)
class Limits:
    """How patient a download is.

    Args:
        attempts: tries in all, each going on where the one before ended.
        connect_seconds: for connecting and the TLS handshake.
        stall_seconds: with less than 1 KiB/s for so long, a try ends.
        pause_seconds: before the second try; doubled before each further one.
    """

    attempts: int = 4
    connect_seconds: int = 15
    stall_seconds: int = 30
    pause_seconds: float = 1.0


PATIENT = Limits()


def folder() -> Path:
    """Where downloads are kept, each below its sha256."""
    path = cache.root() / "downloads"
    path.mkdir(parents=True, exist_ok=True)
    return path


def fetch(url: str, sha256: str, limits: Limits = PATIENT, protocols: str = "=https") -> Path:
    """The file at ``url``, from the cache or downloaded, with exactly this sha256.

    Args:
        protocols: those curl may speak, ``=http,https`` for a mirror on the site's own network.

    Raises:
        KubesteadError: it could not be had, or is not what the catalog says; nothing is kept under its digest then.
    """
    final = folder() / sha256
    with cache.lock(f"download-{sha256[:16]}"):
        if not final.exists():
            part = _complete(url, sha256, limits, protocols)
            part.rename(final)
    return final


def fetch_any(url: str, limits: Limits = PATIENT) -> tuple[Path, str]:
    """The file at ``url`` whatever its digest, and its sha256; for files that are checked by other means."""
    part = _part(url)
    part.unlink(missing_ok=True)
    _download(url, part, limits)
    sha256 = files.sha256(part)
    final = folder() / sha256
    part.rename(final)
    return final, sha256


def _part(url: str) -> Path:
    return folder() / f".{hashlib.sha256(url.encode()).hexdigest()[:16]}.part"


def _complete(url: str, sha256: str, limits: Limits, protocols: str) -> Path:
    part = _part(url)
    resumed = part.exists()
    if not (resumed and files.sha256(part) == sha256):
        _download(url, part, limits, protocols)
    found = files.sha256(part)
    if found != sha256 and resumed:
        # What lay here from before may be of another file: once more, from nothing.
        part.unlink()
        _download(url, part, limits, protocols)
        found = files.sha256(part)
    if found != sha256:
        part.unlink()
        raise KubesteadError(
            f"{url}: the downloaded file's sha256 is {found}, the catalog says {sha256}; it was thrown away. "
            "Compare both with the vendor's published checksum before you change the catalog"
        )
    return part


def _download(url: str, part: Path, limits: Limits, protocols: str = "=https") -> None:
    pause = limits.pause_seconds
    for attempt in range(1, limits.attempts + 1):
        code, status, said = _curl(url, part, limits, protocols)
        if code == 0:
            return
        if code == RANGE_REFUSED or status == "416":
            part.unlink(missing_ok=True)
        elif code not in TRANSIENT or not _passing(code, status):
            break
        if attempt < limits.attempts:
            time.sleep(pause)
            pause *= 2
    raise KubesteadError(
        f"{url}: {said or f'curl ended with {code}'} (attempt {attempt} of {limits.attempts}); {_advice(code)}"
    )


def _curl(url: str, part: Path, limits: Limits, protocols: str) -> tuple[int, str, str]:
    command = [
        "curl", "--silent", "--show-error", "--fail", "--location", "--proto", protocols, "--proto-redir", protocols,
        "--connect-timeout", str(limits.connect_seconds),
        "--speed-limit", "1024", "--speed-time", str(limits.stall_seconds),
        "--continue-at", "-", "--output", str(part), "--write-out", "%{http_code}", "--url", url,
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.strip(), done.stderr.strip().partition("\n")[0].removeprefix("curl: ")


def _passing(code: int, status: str) -> bool:
    """Whether another try may help: of the HTTP errors only 408, 429 and those of the server."""
    return code != 22 or status in ("408", "429") or status.startswith("5")


def _advice(code: int) -> str:
    if code == 22:
        return "check the URL in the catalog"
    if code == 60:
        return "its certificate is not trusted here; name a proxy's own authority by SSL_CERT_FILE and CURL_CA_BUNDLE"
    return "check the network or the proxy, then run the same command again: it goes on where it stopped"
