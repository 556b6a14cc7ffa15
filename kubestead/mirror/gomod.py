"""The mirror built from Go modules: components, packages, archives, images, and the catalog of them all."""

from __future__ import annotations

import shutil
from pathlib import Path

import yaml

from kubestead import cache
from kubestead.catalog import AptRepository, Architecture, Catalog, File
from kubestead.catalog import Image as CatalogImage
from kubestead.mirror import aptrepo, components, debs, files, gobuild, images, recipes, registry, rootfs, tarballs
from kubestead.mirror.commands import require
from kubestead.mirror.layers import Entry
from kubestead.mirror.progress import say, step

TOOLS = ("apt-ftparchive", "debootstrap", "docker-registry", "dpkg-deb", "gcc", "gpg", "gpgv", "setpriv", "skopeo")
# What shapes the mirror besides the components: a change here, and in data/, makes another mirror.
RECIPES = ("aptrepo", "debs", "gomod", "images", "layers", "recipes", "rootfs", "tarballs")


def build() -> Path:
    """Build the mirror, or find it in the cache, and return its folder.

    Only this machine's architecture is built; the catalog has no entries for the other one.

    Raises:
        KubesteadError: a tool is missing, or a step failed; what is done already stays cached.
    """
    require(TOOLS, "building a mirror from Go modules")
    table = components.load()
    architecture = gobuild.architecture()
    final = cache.root() / "mirrors" / _key(table, architecture)
    if final.is_dir():
        return final
    say(f"building for {architecture} only, this machine's architecture; the upstream source has both")
    entries = gobuild.build_all(table)
    debian = rootfs.build()
    with cache.lock("mirror"):
        if not final.is_dir():
            with cache.new_entry(final) as work:
                _assemble(work, table, entries, debian, architecture)
    return final


def _key(table: dict[str, components.Component], architecture: Architecture) -> str:
    """Components, recipes and templates: what assembles a mirror is part of what comes out."""
    here = Path(__file__).parent
    sources = [*(here / f"{name}.py" for name in RECIPES), *sorted((here / "data").iterdir())]
    keys = [component.key(gobuild.toolchain(), architecture) for component in table.values()]
    return f"gomod-{cache.content_key(*keys, *sources)}"


def _assemble(
    work: Path,
    table: dict[str, components.Component],
    entries: dict[str, Path],
    debian: Path,
    architecture: Architecture,
) -> None:
    with step("packages and archives"):
        catalog_files = _archives(work, table, entries, architecture)
        apt = _apt(work, entries, architecture)
    with step("images"):
        catalog_images = _images(work, recipes.Sources(table, entries, debian, work / "oci"), architecture)
    catalog = Catalog(origin="gomod", files=catalog_files, apt={"kubernetes": apt}, images=catalog_images)
    (work / "catalog.yaml").write_text(yaml.safe_dump(catalog.model_dump(exclude_none=True), sort_keys=False))


def _archives(
    work: Path, table: dict[str, components.Component], entries: dict[str, Path], architecture: Architecture
) -> dict[str, File]:
    folder = work / "files"
    versions = {name: component.version.removeprefix("v") for name, component in table.items()}

    def name(component: str, suffix: str) -> Path:
        return folder / f"{component}-{versions[component]}-linux-{architecture}{suffix}"

    containerd = tarballs.write(
        name("containerd", ".tar.gz"),
        [Entry(f"bin/{path.name}", path) for path in sorted((entries["containerd"] / "bin").iterdir())],
    )
    helm = tarballs.write(name("helm", ".tar.gz"), [Entry(f"linux-{architecture}/helm", entries["helm"] / "bin/helm")])
    runc = name("runc", "")
    shutil.copyfile(entries["runc"] / "bin/runc", runc)
    chart_root = entries["cilium"] / "files/install/kubernetes/cilium"
    chart = tarballs.write(
        folder / f"cilium-{versions['cilium']}.tgz",
        [Entry("cilium", chart_root)],
    )
    built = {"containerd": containerd, "runc": runc, "helm": helm}
    listed = {
        component: File.model_validate({"version": versions[component], architecture: files.artifact(work, path)})
        for component, path in built.items()
    }
    return {**listed, "cilium-chart": File(version=versions["cilium"], any=files.artifact(work, chart))}


def _apt(work: Path, entries: dict[str, Path], architecture: Architecture) -> AptRepository:
    folder = work / "apt/kubernetes"
    folder.mkdir(parents=True)
    packages = debs.load()
    for package in packages:
        debs.build(package, entries, folder, architecture)
    fingerprint = aptrepo.write(folder)
    return AptRepository(
        url="apt/kubernetes/",
        key_url="apt/kubernetes/key.asc",
        key_fingerprint=fingerprint,
        packages={package.name: package.version for package in packages},
    )


def _images(work: Path, sources: recipes.Sources, architecture: Architecture) -> dict[str, CatalogImage]:
    (sources.layout / "blobs/sha256").mkdir(parents=True)
    built = recipes.all_images(sources)
    digests = {f"{image.name}:{image.tag}": images.write(sources.layout, image, architecture) for image in built}
    images.write_index(sources.layout, digests)
    storage = work / "registry"
    storage.mkdir()
    with registry.running(storage, f"127.0.0.1:{registry.free_port()}") as target:
        images.push(sources.layout, list(digests), target.address)
    shutil.rmtree(sources.layout)
    return {image.name: CatalogImage(tag=image.tag, sha256=digests[f"{image.name}:{image.tag}"]) for image in built}
