"""The catalog: a lock file of everything that is installed, by version, URL and digest.

Upstream's is committed (``catalog/upstream.yaml``); a mirror writes its own of the same form. URLs without a scheme are
relative to the mirror's base URL, which the site gives.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urljoin

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from kubestead.errors import Finding, InvalidInput, KubesteadError

Architecture = Literal["amd64", "arm64"]
UNVERIFIED = "unverified"
_SHA256 = re.compile(r"[0-9a-f]{64}")


def _sha256(value: str) -> str:
    if value != UNVERIFIED and not _SHA256.fullmatch(value):
        raise ValueError("must be 64 lowercase hexadecimal digits, or the word 'unverified'")
    return value


Sha256 = Annotated[str, AfterValidator(_sha256)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Artifact(_Model):
    """One file for one architecture: where it is, and the sha256 and size (bytes) it must have."""

    url: str
    sha256: Sha256
    size: int | None = None


class File(_Model):
    """A file under one name and version; ``any`` stands for both architectures (a chart, say)."""

    version: str
    amd64: Artifact | None = None
    arm64: Artifact | None = None
    any: Artifact | None = None


class AptRepository(_Model):
    """A signed apt repository: packages are trusted by the fingerprint (40 hexadecimal digits) of its key."""

    url: str
    suite: str = "/"
    key_url: str
    key_fingerprint: str
    packages: dict[str, str]


class Image(_Model):
    """A container image: ``registry.k8s.io/pause`` has tag ``3.10`` and the digest of its manifest or index."""

    tag: str
    sha256: Sha256


class Catalog(_Model):
    """Everything a cluster is made from. Load it with :meth:`load`."""

    schema_version: Literal[1] = 1
    origin: str
    files: dict[str, File]
    apt: dict[str, AptRepository]
    images: dict[str, Image]

    @classmethod
    def load(cls, path: Path, base_url: str = "") -> Catalog:
        """Read a catalog; relative URLs in it are joined to ``base_url`` (``http://192.168.1.1:8080/``).

        Raises:
            InvalidInput: the file is missing, not YAML, or not of the catalog's form; every finding at once.
        """
        try:
            catalog = cls.model_validate(yaml.safe_load(path.read_text()))
        except (OSError, yaml.YAMLError) as error:
            raise InvalidInput([Finding(str(path), f"cannot be read ({error})", "name a catalog file")]) from error
        except ValidationError as error:
            raise InvalidInput(
                [
                    Finding(
                        f"{path}: {'.'.join(map(str, e['loc']))}", e["msg"], "correct the catalog", value=e.get("input")
                    )
                    for e in error.errors()
                ]
            ) from error
        return catalog.resolved(base_url) if base_url else catalog

    def resolved(self, base_url: str) -> Catalog:
        """The same catalog with its relative URLs joined to ``base_url``."""
        data = self.model_dump()
        base = base_url.rstrip("/") + "/"
        for entry in data["files"].values():
            for architecture in ("amd64", "arm64", "any"):
                if entry[architecture]:
                    entry[architecture]["url"] = urljoin(base, entry[architecture]["url"])
        for repository in data["apt"].values():
            repository["url"] = urljoin(base, repository["url"])
            repository["key_url"] = urljoin(base, repository["key_url"])
        return Catalog.model_validate(data)

    def file(self, name: str, architecture: Architecture) -> Artifact:
        """The artifact ``name`` for one architecture.

        Raises:
            KubesteadError: it is not in the catalog, or its digest was never verified.
        """
        entry = self.files.get(name)
        artifact = (entry.amd64 if architecture == "amd64" else entry.arm64) or entry.any if entry else None
        if artifact is None:
            raise KubesteadError(f"catalog {self.origin}: no file {name!r} for {architecture}; add it to the catalog")
        if artifact.sha256 == UNVERIFIED:
            raise KubesteadError(
                f"catalog {self.origin}: the digest of {name!r} for {architecture} is unverified; "
                f"run 'kubestead mirror verify --record' where {artifact.url} can be reached"
            )
        return artifact

    def image(self, name: str) -> str:
        """The reference ``name@sha256:...`` of an image.

        Raises:
            KubesteadError: it is not in the catalog, or its digest was never verified.
        """
        image = self.images.get(name)
        if image is None:
            raise KubesteadError(f"catalog {self.origin}: no image {name!r}; add it to the catalog")
        if image.sha256 == UNVERIFIED:
            raise KubesteadError(
                f"catalog {self.origin}: the digest of image {name}:{image.tag} is unverified; "
                "run 'kubestead mirror verify --record' where its registry can be reached"
            )
        return f"{name}@sha256:{image.sha256}"
