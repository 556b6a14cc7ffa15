"""The catalog: a lock file of everything that is installed, by version, URL and digest.

Upstream's is committed (``catalog/upstream.yaml``); a mirror writes its own of the same form. URLs without a scheme are
relative to the mirror's base URL, which the site gives.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urljoin, urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from kubestead.errors import Finding, InvalidInput, KubesteadError
from kubestead.validation import Location, Refusal, findings_of, refuse_password
from kubestead.yamlfile import place, read_yaml

Architecture = Literal["amd64", "arm64"]
UNVERIFIED = "unverified"
_SHA256 = re.compile(r"[0-9a-f]{64}")


def _sha256(value: str) -> str:
    if value != UNVERIFIED and not _SHA256.fullmatch(value):
        raise Refusal("must be 64 lowercase hexadecimal digits, or the word 'unverified'")
    return value


def _url(value: str) -> str:
    try:
        parts = urlsplit(value)
    except ValueError:
        raise Refusal("is not a URL") from None
    refuse_password(parts)
    return value


Sha256 = Annotated[
    str, AfterValidator(_sha256), Field(description="the sha256, 64 hexadecimal digits, or 'unverified'")
]
Url = Annotated[str, AfterValidator(_url), Field(min_length=1, description="a URL, whole or relative to the mirror's")]
Text = Annotated[str, Field(min_length=1)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Artifact(_Model):
    """One file for one architecture: where it is, and the sha256 and size (bytes) it must have."""

    url: Url
    sha256: Sha256
    size: int | None = Field(default=None, ge=0, description="the size in bytes")


class File(_Model):
    """A file under one name and version; ``any`` stands for both architectures (a chart, say)."""

    version: Text = Field(description="the release, as text in quotes")
    amd64: Artifact | None = Field(default=None, description="a mapping of url, sha256, size")
    arm64: Artifact | None = Field(default=None, description="a mapping of url, sha256, size")
    any: Artifact | None = Field(default=None, description="a mapping of url, sha256, size, for every architecture")


class AptRepository(_Model):
    """A signed apt repository: packages are trusted by the fingerprint (40 hexadecimal digits) of its key."""

    url: Url
    suite: Text = Field(default="/", description="the suite, '/' for a flat repository")
    key_url: Url
    key_fingerprint: Text = Field(description="the key's fingerprint, 40 hexadecimal digits in quotes")
    packages: dict[str, Text] = Field(
        description="a mapping of packages to their versions, as in 'kubelet: 1.31.13-1.1'"
    )


class Image(_Model):
    """A container image: ``registry.k8s.io/pause`` has tag ``3.10`` and the digest of its manifest or index."""

    tag: Text = Field(description="the image's tag, as text in quotes")
    sha256: Sha256


class Catalog(_Model):
    """Everything a cluster is made from. Load it with :meth:`load`."""

    schema_version: Literal[1] = Field(default=1, description="1")
    origin: Text = Field(description="a word for where all this comes from")
    files: dict[str, File] = Field(description="a mapping of files, as catalog/upstream.yaml has it")
    apt: dict[str, AptRepository] = Field(description="a mapping of apt repositories, as catalog/upstream.yaml has it")
    images: dict[str, Image] = Field(description="a mapping of images, as catalog/upstream.yaml has it")

    @classmethod
    def load(cls, path: Path, base_url: str = "") -> Catalog:
        """Read a catalog; relative URLs in it are joined to ``base_url`` (``http://192.168.1.1:8080/``).

        Raises:
            InvalidInput: the file is missing, not YAML, or not of the catalog's form; every finding at once.
        """
        content, node = read_yaml(path)

        def locate(location: Location) -> str:
            return place(path, node, location)

        if not isinstance(content, dict):
            fix = "name a catalog, as catalog/upstream.yaml is one"
            raise InvalidInput([Finding(str(path), "must be a mapping with origin, files, apt, images", fix)])
        try:
            catalog = cls.model_validate(content)
        except ValidationError as error:
            raise InvalidInput(findings_of(error, cls, locate)) from None
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
