"""Checks a mirror folder against its catalog: every file, the repository's signature and packages, every image."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from kubestead.catalog import AptRepository, Catalog, Image
from kubestead.errors import Finding, InvalidInput, KubesteadError
from kubestead.mirror import aptrepo, files

FIX = "rebuild the mirror: remove the folder and run 'kubestead mirror build'"
STORE = Path("registry/docker/registry/v2")


def verify(mirror: Path) -> list[str]:
    """Recompute every digest of a mirror and return one line per thing that was checked.

    Raises:
        InvalidInput: something does not match; every finding at once.
    """
    catalog = Catalog.load(mirror / "catalog.yaml")
    checked: list[str] = []
    findings: list[Finding] = []
    for check in (_files(mirror, catalog), _apt(mirror, catalog), _images(mirror, catalog)):
        for result in check:
            (findings if isinstance(result, Finding) else checked).append(result)  # type: ignore[arg-type]
    if findings:
        raise InvalidInput(findings)
    return checked


def _files(mirror: Path, catalog: Catalog) -> Iterator[str | Finding]:
    for name, entry in catalog.files.items():
        for architecture in ("amd64", "arm64", "any"):
            artifact = getattr(entry, architecture)
            if artifact is None:
                continue
            where, path = f"files.{name}.{architecture}", mirror / artifact.url
            problem = _differs(path, artifact.sha256, artifact.size)
            yield Finding(where, problem, FIX, value=artifact.url) if problem else f"{artifact.url} {artifact.sha256}"


def _differs(path: Path, sha256: str, size: int | None) -> str | None:
    if not path.is_file():
        return "the file is missing"
    actual = path.stat().st_size
    if size is not None and actual != size:
        return f"the file has {actual} bytes, the catalog says {size}"
    found = files.sha256(path)
    return None if found == sha256 else f"the file's sha256 is {found}, the catalog says {sha256}"


def _apt(mirror: Path, catalog: Catalog) -> Iterator[str | Finding]:
    for name, repository in catalog.apt.items():
        folder = mirror / repository.url
        try:
            signed = aptrepo.verify(folder, repository.key_fingerprint)
        except (KubesteadError, OSError) as error:
            yield Finding(f"apt.{name}", str(error), FIX)
            continue
        yield f"{repository.url}InRelease signed by {repository.key_fingerprint}"
        yield from _packages(name, folder, repository, signed)


def _packages(name: str, folder: Path, repository: AptRepository, release: str) -> Iterator[str | Finding]:
    for index, sha256 in aptrepo.digests(release).items():
        path = folder / index
        problem = _differs(path, sha256, None) if path.exists() or index == "Packages" else None
        if problem:
            yield Finding(f"apt.{name}", f"{index}: {problem}", FIX)
            return
    listed = aptrepo.packages((folder / "Packages").read_text())
    for package, version in repository.packages.items():
        found = [entry for entry in listed if (entry["Package"], entry["Version"]) == (package, version)]
        if not found:
            yield Finding(f"apt.{name}.packages.{package}", "the repository does not list it", FIX, value=version)
        for entry in found:
            path = folder / entry["Filename"].removeprefix("./")
            problem = _differs(path, entry["SHA256"], int(entry["Size"]))
            text = f"{path.relative_to(folder)} {entry['SHA256']}"
            yield Finding(f"apt.{name}.packages.{package}", problem, FIX, value=version) if problem else text


def _images(mirror: Path, catalog: Catalog) -> Iterator[str | Finding]:
    blobs: dict[str, str | None] = {}
    for name, image in catalog.images.items():
        where = f"images.{name}"
        try:
            problems = [p for p in _image_problems(mirror, name, image, blobs) if p]
        except (OSError, ValueError, KeyError) as error:
            problems = [f"its manifest cannot be read ({error})"]
        if problems:
            yield from (Finding(where, problem, FIX, value=image.tag) for problem in problems)
        else:
            yield f"{name}:{image.tag} {image.sha256}"


def _image_problems(mirror: Path, name: str, image: Image, blobs: dict[str, str | None]) -> Iterator[str | None]:
    link = mirror / STORE / "repositories" / name / "_manifests/tags" / image.tag / "current/link"
    tagged = link.read_text().strip() if link.is_file() else "nothing"
    if tagged != f"sha256:{image.sha256}":
        yield f"its tag points to {tagged}, the catalog says sha256:{image.sha256}"
    pending = [image.sha256]
    while pending:
        sha256 = pending.pop()
        if sha256 not in blobs:
            path = _blob(mirror, sha256)
            blobs[sha256] = _differs(path, sha256, None)
        if blobs[sha256]:
            yield f"blob {sha256}: {blobs[sha256]}"
        elif _is_manifest(path := _blob(mirror, sha256)):
            pending += re.findall(r"sha256:([0-9a-f]{64})", json.dumps(_references(path)))


def _blob(mirror: Path, sha256: str) -> Path:
    return mirror / STORE / "blobs/sha256" / sha256[:2] / sha256 / "data"


def _is_manifest(path: Path) -> bool:
    """Manifests and indexes are small JSON documents with a schemaVersion."""
    with path.open("rb") as file:
        start = file.read(1 << 16)
    return start[:1] == b"{" and b'"schemaVersion"' in start


def _references(path: Path) -> list[str]:
    document = json.loads(path.read_text())
    listed = [*document.get("manifests", ()), *document.get("layers", ()), *filter(None, [document.get("config")])]
    return [entry["digest"] for entry in listed]
