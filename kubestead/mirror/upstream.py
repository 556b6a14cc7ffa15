"""The mirror filled from the vendors' own sites and registries, by the committed catalog."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
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
PROBE_SECONDS = 3
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
    _link(fetch(urljoin(base, "Packages"), aptrepo.digest_of(release, "Packages"), limits), target / "Packages")
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


def record(path: Path = CATALOG, limits: Limits = PATIENT) -> list[str]:
    """Fetch everything a catalog marks unverified, over verified TLS, and write its digests into the catalog.

    What is recorded is what the vendor's site served today; compare it with what the vendor publishes elsewhere.

    Returns:
        One line per recorded digest.

    Raises:
        KubesteadError: something could not be had; the catalog is left as it was then.
    """
    require(("curl", "skopeo"), "recording digests")
    catalog = Catalog.load(path)
    data = catalog.model_dump(exclude_none=True)
    recorded = []
    for name, entry in catalog.files.items():
        for architecture, artifact in artifacts(entry):
            if artifact.sha256 == UNVERIFIED:
                _, sha256 = fetch_any(artifact.url, limits)
                data["files"][name][architecture]["sha256"] = sha256
                recorded.append(f"{artifact.url} {sha256}")
    for name, image in catalog.images.items():
        if image.sha256 == UNVERIFIED:
            sha256 = _manifest_digest(f"{name}:{image.tag}")
            data["images"][name]["sha256"] = sha256
            recorded.append(f"{name}:{image.tag} {sha256}")
    if recorded:
        _rewrite(path, data)
    return recorded


def _manifest_digest(reference: str) -> str:
    command = ["skopeo", "inspect", "--raw", "--retry-times", "3", f"docker://{reference}"]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise KubesteadError(f"asking for the manifest of {reference} failed: {' '.join(said)}")
    return hashlib.sha256(done.stdout).hexdigest()


def _rewrite(path: Path, data: dict[str, object]) -> None:
    """Write the catalog anew below its leading comment, in one step."""
    lines = path.read_text().splitlines(keepends=True)
    first = next((number for number, line in enumerate(lines) if not line.startswith("#")), len(lines))
    new = path.with_suffix(".new")
    new.write_text("".join(lines[:first]) + yaml.safe_dump(data, sort_keys=False, width=200))
    shutil.copymode(path, new)
    new.replace(path)


def silent_hosts(path: Path = CATALOG, seconds: int = PROBE_SECONDS) -> list[str]:
    """The hosts of a catalog that do not answer over verified TLS within ``seconds``; empty where all do."""
    catalog = Catalog.load(path)
    urls = [artifact.url for entry in catalog.files.values() for _, artifact in artifacts(entry)]
    urls += [repository.url for repository in catalog.apt.values()]
    urls += [f"https://{name.split('/')[0]}/v2/" for name in catalog.images]
    hosts = {urlsplit(url).netloc: url for url in urls}
    with ThreadPoolExecutor(len(hosts)) as pool:
        answered = pool.map(lambda url: _answers(url, seconds), hosts.values())
        return [host for host, answers in zip(hosts, answered, strict=True) if not answers]


def _answers(url: str, seconds: int) -> bool:
    """Whether the host answers at all; which status it gives does not matter (a registry says 401)."""
    command = ["curl", "--silent", "--head", "--output", "/dev/null", "--proto", "=https", "--max-time", str(seconds)]
    return subprocess.run([*command, url], capture_output=True, check=False).returncode == 0
