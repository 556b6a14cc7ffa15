"""The watcher's software in one archive: kubestead and its dependencies, for hosts that reach no package registry.

An archive holds ``app/`` (kubestead with its deploys, templates and catalog) and ``lib/pythonX.Y/site-packages/`` (the
wheels ``uv.lock`` names, for the host's Python and architecture). It is made once and kept by its content.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from kubestead import cache
from kubestead.errors import KubesteadError

ROOT = Path(__file__).resolve().parents[2]
# Raised when the archive's layout or its installation changes, so that hosts take it anew.
LAYOUT = "1"
# Ubuntu 22.04's glibc, the oldest of a host.
_LIBC = "manylinux_2_35"
_MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
_APP = ("kubestead", "deploys", "templates", "catalog")
_APP_FILES = ("config.py", "LICENSE")
# The mirror's server, type stubs, and what only the Kubernetes client's asyncio twin needs (a third of everything).
_LEFT_OUT = (
    *("whitenoise", "types-paramiko", "aiohttp", "aiohttp-retry", "aiosignal", "aiohappyeyeballs", "async-timeout"),
    *("frozenlist", "multidict", "propcache", "yarl"),
)
_UNUSED = ("kubernetes/aio", "bin", ".lock")


@dataclass(frozen=True)
class Bundle:
    """A packed archive: its key (16 hexadecimal digits over all that went in), where it is, its sha256."""

    key: str
    archive: Path
    sha256: str


def bundle(python: str, architecture: str) -> Bundle:
    """The archive for a host, packed unless the cache holds it.

    Args:
        python: the host's Python, as in ``3.10``.
        architecture: ``amd64`` or ``arm64``.

    Raises:
        KubesteadError: uv is missing, or a dependency has no wheel for that Python and architecture.
    """
    requirements = _requirements()
    files = _app_files()
    content = [part for path in files for part in (str(path.relative_to(ROOT)), path)]
    key = cache.content_key(LAYOUT, _LIBC, requirements, python, architecture, *_UNUSED, *content)
    entry = cache.root() / "watchers" / f"{python}-{architecture}-{key}"
    with cache.lock("watcher-bundle"):
        if not entry.is_dir():
            print(f"kubestead: packing the watcher for Python {python} on {architecture}", file=sys.stderr)
            with cache.new_entry(entry) as work, tempfile.TemporaryDirectory() as scratch:
                _pack(
                    work / "bundle.tar.gz", files, _install(requirements, python, architecture, Path(scratch)), python
                )
    archive = entry / "bundle.tar.gz"
    return Bundle(key, archive, hashlib.sha256(archive.read_bytes()).hexdigest())


def _app_files() -> list[Path]:
    found = [path for folder in _APP for path in (ROOT / folder).rglob("*") if path.is_file()]
    return sorted(path for path in [*found, *map(ROOT.joinpath, _APP_FILES)] if "__pycache__" not in path.parts)


def _requirements() -> str:
    """What the watcher needs out of ``uv.lock`` as a pylock.toml (PEP 751): each wheel by its URL and digest.

    By URL, no package index is asked, so what uv has in its cache is enough where there is no way out (the twin).
    """
    left_out = [f"--no-emit-package={name}" for name in _LEFT_OUT]
    shape = ("--format", "pylock.toml", "--frozen", "--no-default-groups", "--no-emit-project", "--no-header")
    return _uv("export", "--project", str(ROOT), *shape, *left_out)


def _install(requirements: str, python: str, architecture: str, folder: Path) -> Path:
    listed, target = folder / "pylock.toml", folder / "site-packages"
    listed.write_text(requirements)
    _uv(
        *("pip", "install", "--quiet", "--requirement", str(listed), "--target", str(target), "--link-mode", "copy"),
        *("--python", sys.executable, "--python-version", python),
        *("--python-platform", f"{_MACHINES[architecture]}-{_LIBC}"),
        # Nothing is resolved or built here: exactly the locked wheels.
        *("--no-deps", "--only-binary", ":all:"),
    )
    for unused in _UNUSED:
        path = target / unused
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    # Where Python finds app/, seen from site-packages (documentation of the module site).
    (target / "kubestead.pth").write_text("../../../app\n")
    return target


def _pack(archive: Path, app: list[Path], packages: Path, python: str) -> None:
    """The same files give the same archive: sorted, root's, without times."""
    members = {f"app/{path.relative_to(ROOT)}": path for path in app}
    library = f"lib/python{python}/site-packages"
    members |= {f"{library}/{path.relative_to(packages)}": path for path in packages.rglob("*") if path.is_file()}
    with (
        archive.open("wb") as file,
        gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0, compresslevel=6) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for name, path in sorted(members.items()):
            member = tarfile.TarInfo(name)
            member.size, member.mode = path.stat().st_size, 0o644
            with path.open("rb") as content:
                tar.addfile(member, content)


def _uv(*arguments: str) -> str:
    # As tools/venv.sh: its own uv where there is none on PATH; this machine's Python and certificates only.
    settings = {**os.environ, "UV_PYTHON_DOWNLOADS": "never", "UV_SYSTEM_CERTS": "true"}
    for uv in ("uv", str(ROOT / ".kubestead" / "uv" / "bin" / "uv")):
        try:
            # A shim (pyenv's, say) can exist without a uv behind it.
            subprocess.run([uv, "--version"], capture_output=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        done = subprocess.run([uv, *arguments], capture_output=True, text=True, env=settings, check=False)
        if done.returncode:
            raise KubesteadError(f"packing the watcher: uv {arguments[0]} failed: {done.stderr.strip()}")
        return done.stdout
    raise KubesteadError("packing the watcher needs uv: run 'make setup', or 'pip install uv'")
