"""A light twin's mirror: the real one's containerd, runc, chart and CNI plugins, with stand-ins in place of the rest.

Its Debian packages kubeadm, kubelet and kubectl and its Helm archive hold the stand-ins, under the same names and
versions, so that a run does with them what it does with the real ones. Every image name leads to the pause image: pulls
are real, and small enough for fifty hosts on one disk.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import yaml

from kubestead import cache
from kubestead.catalog import Architecture, Catalog, Image
from kubestead.mirror import aptrepo, debs, files, tarballs
from kubestead.mirror.layers import Entry

_HERE = Path(__file__).parent
STANDIN, KUBELET = _HERE / "standin.py", _HERE / "kubelet.sh"
PAUSE = "registry.k8s.io/pause"
STOOD_IN = ("kubeadm", "kubelet", "kubectl")
_STORAGE = Path("registry/docker/registry/v2")
_PYYAML = "/usr/lib/python3/dist-packages/yaml"


def ensure(base: Path) -> Path:
    """The light mirror that belongs to the mirror ``base``; made in a second unless the cache has it."""
    key = cache.content_key(base / "catalog.yaml", STANDIN, KUBELET, Path(__file__))
    final = cache.root() / "light-mirrors" / f"light-{key}"
    with cache.lock("light-mirror"):
        if not final.is_dir():
            with cache.new_entry(final) as work:
                _build(base, work)
    return final


def _build(base: Path, work: Path) -> None:
    catalog = Catalog.load(base / "catalog.yaml")
    for name in ("files", "apt/kubernetes"):
        shutil.copytree(base / name, work / name, copy_function=os.link)
    fingerprint = _packages(work)
    _helm(work, catalog)
    pause = catalog.images[PAUSE]
    _images(base, work, list(catalog.images), pause)
    data = catalog.model_dump(exclude_none=True)
    data["origin"] = f"light twin: SIMULATED kubeadm, kubelet, kubectl and Helm, over {catalog.origin}"
    data["apt"]["kubernetes"]["key_fingerprint"] = fingerprint
    for name in catalog.files["helm"].model_dump(exclude={"version"}, exclude_none=True):
        path = work / data["files"]["helm"][name]["url"]
        data["files"]["helm"][name] = files.artifact(work, path).model_dump()
    for image in data["images"].values():
        image["sha256"] = pause.sha256
    (work / "catalog.yaml").write_text(yaml.safe_dump(data, sort_keys=False))


def _packages(work: Path) -> str:
    """The stand-ins' packages in place of the real ones; returns the fingerprint of the key that signs them."""
    folder = work / "apt/kubernetes"
    parts = work / ".parts"
    _binaries(parts)
    entries = {"kubernetes": parts / "kubernetes", "pyyaml": parts / "pyyaml"}
    for package in debs.load():
        if package.name not in STOOD_IN:
            continue
        more = {_PYYAML: "pyyaml/"} if package.name == "kubeadm" else {}
        changed = {"description": f"SIMULATED {package.name} of a light twin", "files": {**package.files, **more}}
        for deb in folder.glob(f"{package.name}_*.deb"):
            architecture: Architecture = "arm64" if deb.stem.endswith("arm64") else "amd64"
            deb.unlink()  # a hard link to the real one's
            debs.build(package.model_copy(update=changed), entries, folder, architecture)
    shutil.rmtree(parts)
    for index in ("InRelease", "Packages", "Packages.gz", "Release", "key.asc"):
        (folder / index).unlink(missing_ok=True)
    return aptrepo.write(folder)


def _binaries(parts: Path) -> None:
    for component in ("kubernetes", "pyyaml"):
        (parts / component / "bin").mkdir(parents=True)
    for name in STOOD_IN:
        shutil.copyfile(KUBELET if name == "kubelet" else STANDIN, parts / "kubernetes/bin" / name)
    for module in Path(yaml.__file__).parent.glob("*.py"):
        shutil.copyfile(module, parts / "pyyaml/bin" / module.name)


def _helm(work: Path, catalog: Catalog) -> None:
    for architecture in ("amd64", "arm64"):
        artifact = getattr(catalog.files["helm"], architecture)
        if artifact:
            (work / artifact.url).unlink()
            tarballs.write(work / artifact.url, [Entry(f"linux-{architecture}/helm", STANDIN, mode=0o755)])


def _images(base: Path, work: Path, names: list[str], pause: Image) -> None:
    """Every repository holds the pause image alone; docker-registry finds blobs by links (its storage layout)."""
    repositories = base / _STORAGE / "repositories"
    digests = {path.name for path in (repositories / PAUSE / "_layers/sha256").iterdir()} | {pause.sha256}
    for digest in digests:
        folder = Path("blobs/sha256") / digest[:2] / digest
        shutil.copytree(base / _STORAGE / folder, work / _STORAGE / folder)
    for name in names:
        shutil.copytree(repositories / PAUSE, work / _STORAGE / "repositories" / name)
