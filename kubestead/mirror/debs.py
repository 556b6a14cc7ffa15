"""Debian packages of the Kubernetes tools, made by dpkg-deb to behave as upstream's of the same versions do."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict

from kubestead.catalog import Architecture
from kubestead.mirror.commands import run

DATA = Path(__file__).parent / "data"
MAINTAINER = "kubestead mirror build (not an upstream package) <nobody@localhost>"
# Files are dated so that equal contents make equal packages.
EPOCH = {"SOURCE_DATE_EPOCH": "1700000000"}


class Package(BaseModel):
    """One row of ``data/debs.yaml``, which explains the fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    version: str
    section: str
    description: str
    depends: str = ""
    unit: str | None = None
    conffiles: tuple[str, ...] = ()
    files: dict[str, str] = {}
    keep: tuple[str, ...] = ()

    def control(self, architecture: Architecture, installed_kib: int) -> str:
        """The package's control file."""
        title, *rest = self.description.split("\n")
        fields = {
            "Package": self.name, "Version": self.version, "Architecture": architecture, "Maintainer": MAINTAINER,
            "Installed-Size": installed_kib, "Section": self.section, "Priority": "optional",
            "Depends": self.depends, "Homepage": "https://kubernetes.io",
            "Description": "\n".join([title, *(f" {line}" for line in rest)]),
        }  # fmt: skip
        return "".join(f"{key}: {value}\n" for key, value in fields.items() if value)


def load() -> list[Package]:
    """Every package of the table."""
    table = yaml.safe_load((DATA / "debs.yaml").read_text())
    return [Package.model_validate({"name": name, **row}) for name, row in table.items()]


def build(package: Package, entries: dict[str, Path], target: Path, architecture: Architecture) -> Path:
    """Make one package in the folder ``target`` from the components' cache entries, and return its path."""
    with tempfile.TemporaryDirectory(dir=target) as folder:
        root = Path(folder)
        for path, source in package.files.items():
            _install(root / path.lstrip("/"), source, entries)
        for path in package.keep:
            _place(root / path.lstrip("/"), b"", 0o644)
        size = sum(path.stat().st_size for path in root.rglob("*") if path.is_file())
        _write_control(package, root / "DEBIAN", architecture, size // 1024)
        deb = target / f"{package.name}_{package.version}_{architecture}.deb"
        # zstd unpacks several times faster than xz; dpkg reads it on Ubuntu 22.04 and Debian 12 and later.
        command = ["dpkg-deb", "--root-owner-group", "-Zzstd", "-z3", "--build", root, deb]
        run(command, f"making the package {package.name}", env=EPOCH)
    return deb


def _install(target: Path, source: str, entries: dict[str, Path]) -> None:
    component, _, name = source.partition("/")
    if component not in entries:
        _place(target, (DATA / source).read_bytes(), 0o644)
        return
    binaries = entries[component] / "bin"
    for binary in [binaries / name] if name else sorted(binaries.iterdir()):
        final = target if name else target / binary.name
        final.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(binary, final)
        final.chmod(0o755)


def _place(target: Path, data: bytes, mode: int) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
    target.chmod(mode)


def _write_control(package: Package, control: Path, architecture: Architecture, installed_kib: int) -> None:
    _place(control / "control", package.control(architecture, installed_kib).encode(), 0o644)
    if package.conffiles:
        _place(control / "conffiles", "".join(f"{path}\n" for path in package.conffiles).encode(), 0o644)
    if package.unit:
        for script in ("postinst", "prerm", "postrm"):
            text = (DATA / f"{script}.sh").read_text().replace("UNIT", package.unit)
            _place(control / script, text.encode(), 0o755)
    control.parent.chmod(0o755)
    control.chmod(0o755)
