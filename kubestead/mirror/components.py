"""The components that are built from Go modules: the table, and the key that says when one must be built anew."""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, field_validator

from kubestead import cache

GOMOD = Path(__file__).resolve().parents[2] / "catalog" / "gomod"
BUILD_FLAGS = ("-trimpath", "-mod=readonly", "-buildvcs=false")


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Package(_Model):
    """One main package and the build tags upstream sets for it."""

    package: str
    tags: tuple[str, ...] = ()

    @property
    def binary(self) -> str:
        """The name ``go build`` gives it: the last element of its path that is not a major version."""
        parts = self.package.split("/")
        return parts[-2] if parts[-1][:1] == "v" and parts[-1][1:].isdigit() else parts[-1]


class ModuleFiles(_Model):
    """Files a module holds beside its Go packages: the module, and paths inside it."""

    module: str
    paths: tuple[str, ...]


class Component(_Model):
    """One row of ``catalog/gomod/components.yaml``, which explains the fields."""

    name: str
    version: str
    packages: dict[str, Package]
    ldflags: tuple[str, ...] = ()
    cgo: bool = False
    module_files: ModuleFiles | None = None

    @field_validator("packages", mode="before")
    @classmethod
    def _plain_names(cls, value: dict[str, object]) -> dict[str, object]:
        return {output: {"package": entry} if isinstance(entry, str) else entry for output, entry in value.items()}

    @property
    def folder(self) -> Path:
        """The folder with its go.mod, go.sum and tools.go."""
        return GOMOD / self.name

    @property
    def linker_flags(self) -> str:
        """The value of ``-ldflags``: no symbol table or debug information, and what upstream sets."""
        return " ".join(("-s", "-w", *(flag.format(version=self.version) for flag in self.ldflags)))

    def key(self, toolchain: str, architecture: str) -> str:
        """The content key: modules, checksums, packages, flags and toolchain (``go version``)."""
        files = (self.folder / name for name in ("go.mod", "go.sum", "tools.go"))
        return cache.content_key(*files, self.model_dump_json(), *BUILD_FLAGS, toolchain, architecture)


def load(path: Path = GOMOD / "components.yaml") -> dict[str, Component]:
    """The table, by name, in the order they are built."""
    table = yaml.safe_load(path.read_text())
    return {name: Component.model_validate({"name": name, **row}) for name, row in table.items()}
