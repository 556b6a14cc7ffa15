"""The mirror filled from the vendors' own sites and registries, by the committed catalog."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import yaml

from kubestead import cache
from kubestead.catalog import UNVERIFIED, AptRepository, Artifact, Catalog, File
from kubestead.errors import Finding, InvalidInput, KubesteadError
from kubestead.mirror import aptrepo, registry
from kubestead.mirror.commands import require, run
from kubestead.mirror.download import PATIENT, Limits, fetch, fetch_any
from kubestead.mirror.progress import step

CATALOG = Path(__file__).resolve().parents[2] / "catalog" / "upstream.yaml"
TOOLS = ("curl", "docker-registry", "gpg", "gpgv", "setpriv", "skopeo")
ARCHITECTURES = ("amd64", "arm64")
# The forms of the index that apt asks for and that Release states a digest for.
INDEXES = ("Packages", "Packages.gz")
RECORD = "run 'kubestead mirror verify --record' where upstream can be reached"


def unverified(catalog: Catalog) -> list[str]:
    """The key paths of everything whose digest is not known yet."""
    listed = [
        f"files.{name}.{architecture}"
        for name, entry in catalog.files.items()
        for architecture, artifact in artifacts(entry)
        if artifact.sha256 == UNVERIFIED
    ]
    return listed + [f"images.{name}" for name, image in catalog.images.items() if image.sha256 == UNVERIFIED]


def artifacts(entry: File) -> Iterator[tuple[str, Artifact]]:
    """The artifacts of a file that the catalog has, by architecture."""
    for architecture in (*ARCHITECTURES, "any"):
        if artifact := getattr(entry, architecture):
            yield architecture, artifact


def build(path: Path = CATALOG, limits: Limits = PATIENT) -> Path:
    """Fill a mirror with everything of a catalog, both architectures, or find it in the cache; return its folder.

    Broken off anywhere, the next call goes on: files and image layers that are there are not fetched again.

    Raises:
        InvalidInput: digests in the catalog are unverified.
        KubesteadError: something could not be had, or is not what the catalog says.
    """
    require(TOOLS, "filling a mirror from upstream")
    catalog = Catalog.load(path)
    if missing := unverified(catalog):
        raise InvalidInput([Finding(f"{path.name}: {where}", "the digest is unverified", RECORD) for where in missing])
    key = cache.content_key(path, Path(__file__))
    final = cache.root() / "mirrors" / f"upstream-{key}"
    with cache.lock("mirror"):
        if not final.is_dir():
            staging = cache.root() / "downloads" / f"registry-{key}"
            with step("images from upstream's registries"):
                _images(catalog, staging)
            with cache.new_entry(final) as work:
                _assemble(catalog, work, limits)
                staging.rename(work / "registry")
    return final


def _assemble(catalog: Catalog, work: Path, limits: Limits) -> None:
    listed = {}
    for name, entry in catalog.files.items():
        with step(f"{name} {entry.version} from upstream"):
            local = {architecture: _file(artifact, work, limits) for architecture, artifact in artifacts(entry)}
            listed[name] = File.model_validate({"version": entry.version, **local})
    repositories = {}
    for name, repository in catalog.apt.items():
        with step(f"packages of the {name} repository from upstream"):
            repositories[name] = _apt(name, repository, work, limits)
    mirrored = Catalog(origin="upstream", files=listed, apt=repositories, images=catalog.images)
    (work / "catalog.yaml").write_text(yaml.safe_dump(mirrored.model_dump(exclude_none=True), sort_keys=False))


def _file(artifact: Artifact, work: Path, limits: Limits) -> Artifact:
    source = fetch(artifact.url, artifact.sha256, limits)
    target = work / "files" / Path(urlsplit(artifact.url).path).name
    _link(source, target)
    return Artifact(url=str(target.relative_to(work)), sha256=artifact.sha256, size=target.stat().st_size)


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    os.link(source, target)


def _apt(name: str, repository: AptRepository, work: Path, limits: Limits) -> AptRepository:
    """Mirror the packages the catalog names, below upstream's own signed index."""
    local = f"apt/{name}/"
    target = work / local
    base = urljoin(repository.url, "./")
    for file, url in (("key.asc", repository.key_url), ("InRelease", urljoin(base, "InRelease"))):
        _link(fetch_any(url, limits)[0], _made(target) / file)
    release = aptrepo.verify(target, repository.key_fingerprint)
    for index, sha256 in aptrepo.digests(release).items():
        if index in INDEXES:
            _link(fetch(urljoin(base, index), sha256, limits), target / index)
    listed = aptrepo.packages((target / "Packages").read_text())
    for package, version in repository.packages.items():
        for architecture in ARCHITECTURES:
            entry = _listed(listed, package, version, architecture, repository.url)
            filename = entry["Filename"].removeprefix("./")
            if not stays_inside(filename):
                raise KubesteadError(f"{repository.url}: the index names a file {filename!r} outside the repository")
            _link(fetch(urljoin(base, filename), entry["SHA256"], limits), target / filename)
    return repository.model_copy(update={"url": local, "key_url": f"{local}key.asc"})


def stays_inside(filename: str) -> bool:
    """Whether a file name an index states is one below the repository's own folder."""
    parts = filename.split("/")
    return all(re.fullmatch(r"[\w.+~:-]+", part) and part not in (".", "..") for part in parts)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _listed(entries: list[dict[str, str]], package: str, version: str, architecture: str, url: str) -> dict[str, str]:
    wanted = (package, version, architecture)
    for entry in entries:
        if (entry["Package"], entry["Version"], entry["Architecture"]) == wanted:
            return entry
    raise KubesteadError(f"{url}: has no {package} {version} for {architecture}; correct the version in the catalog")


def _images(catalog: Catalog, storage: Path) -> None:
    """Copy every image, all of its architectures, by digest; layers that are in the storage are not fetched again."""
    storage.mkdir(parents=True, exist_ok=True)
    with registry.running(storage, f"127.0.0.1:{registry.free_port()}") as target:
        for name, image in catalog.images.items():
            source = f"docker://{name}@sha256:{image.sha256}"
            with step(f"{name}:{image.tag} from upstream"):
                command = ["skopeo", "copy", "--quiet", "--insecure-policy", "--all", "--preserve-digests"]
                command += ["--retry-times", "3", "--dest-tls-verify=false"]
                run([*command, source, f"docker://{target.address}/{name}:{image.tag}"], f"copying {name}:{image.tag}")
