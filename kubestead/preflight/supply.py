"""Does the catalog hold everything that is wanted, in the wanted versions, by digests that were checked?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from kubestead.catalog import UNVERIFIED, Catalog, File
from kubestead.errors import Finding
from kubestead.images import CILIUM, K8S, all_images, chosen_images
from kubestead.preflight.survey import Survey
from kubestead.spec import ClusterSpec

# What is downloaded as a file, by the key of the spec that says its version.
FILES = {
    "containerd_version": "containerd",
    "runc_version": "runc",
    "helm_version": "helm",
    "cilium_version": "cilium-chart",
}
# The rest of its images (Envoy, certgen, the UI) have versions of their own.
RELEASED_WITH_CILIUM = tuple(
    f"{CILIUM}/{name}" for name in ("cilium", "operator-generic", "hubble-relay", "clustermesh-apiserver")
)
PACKAGES = ("kubelet", "kubeadm", "kubectl")


def check_catalog(survey: Survey) -> Iterator[Finding]:
    catalog = survey.catalog
    if catalog is None:
        return
    where = f"catalog {catalog.origin}"
    wanted = [*FILES.values(), *all_images(survey.spec)]
    chosen = {name for names in chosen_images(survey.spec).values() for name in names}
    lacking = [name for name in wanted if name not in catalog.files and name not in catalog.images]
    yield from _chosen(survey.spec, catalog)
    if missing := [name for name in lacking if name not in chosen]:
        yield Finding(where, f"has no {', '.join(missing)}", "add them to the catalog, or name a mirror in site.yaml")
    if unverified := [name for name in wanted if name in _unverified(catalog, survey)]:
        yield Finding(
            where,
            f"the digests of {', '.join(unverified)} are unverified, and nothing unverified is installed",
            "run 'kubestead mirror verify --record' where they can be downloaded, or name a mirror in site.yaml",
        )
    if not all(urlsplit(url).scheme for url in _urls(catalog)):
        fix = "write the mirror's URL as sources.base_url in the site file, as in 'http://192.168.1.1:8080/'"
        yield Finding(where, "its URLs are relative to a mirror's, and none is named", fix)
    others: dict[str, list[str]] = {}
    for key, name, found in _versions(survey.spec, catalog):
        if found.removeprefix("v") != getattr(survey.spec, key):
            others.setdefault(key, []).append(f"{name} {found}")
    for key, names in others.items():
        reason = f"the catalog ({catalog.origin}) has {', '.join(names)}"
        fix = "write that version, or take a catalog that has yours"
        yield Finding(key, reason, fix, value=getattr(survey.spec, key))


def _chosen(spec: ClusterSpec, catalog: Catalog) -> Iterator[Finding]:
    """Choices whose images the catalog lacks: what is built from Go modules has no Envoy, SPIRE or Hubble UI."""
    for key, names in chosen_images(spec).items():
        if missing := [name for name in names if name not in catalog.images]:
            reason = f"needs {', '.join(missing)}, which the catalog ({catalog.origin}) does not have"
            fix = f"take a catalog that has it, as catalog/upstream.yaml does, or leave {key} out"
            yield Finding(key, reason, fix, value=getattr(spec, key))


def _urls(catalog: Catalog) -> Iterator[str]:
    for file in catalog.files.values():
        yield from (build.url for build in (file.amd64, file.arm64, file.any) if build)
    for repository in catalog.apt.values():
        yield from (repository.url, repository.key_url)


def _unverified(catalog: Catalog, survey: Survey) -> set[str]:
    """Files (for the architectures of this run) and images whose digest nobody checked."""
    architectures = {host.info.architecture for host in survey.hosts}
    names = {name for name, image in catalog.images.items() if image.sha256 == UNVERIFIED}
    for name, file in catalog.files.items():
        builds: Mapping[str | None, object] = {"amd64": file.amd64, "arm64": file.arm64}
        artifacts = [builds.get(architecture) or file.any for architecture in architectures]
        unknown = [getattr(artifact, "sha256", "") == UNVERIFIED for artifact in artifacts]
        if any(unknown) if survey.hosts else _never_verified(file):
            names.add(name)
    return names


def _never_verified(file: File) -> bool:
    """Whether no build of it was checked: all that can be said before a host tells its architecture."""
    builds = [build for build in (file.amd64, file.arm64, file.any) if build]
    return bool(builds) and all(build.sha256 == UNVERIFIED for build in builds)


def _versions(spec: ClusterSpec, catalog: Catalog) -> Iterator[tuple[str, str, str]]:
    """What the catalog has of each key of the spec that is a version: key, name, version as it is written there."""
    for file_key, name in FILES.items():
        if name in catalog.files:
            yield file_key, name, catalog.files[name].version
    for repository in catalog.apt.values():
        for name in PACKAGES:
            if name in repository.packages:
                yield "kubernetes_version", name, repository.packages[name].partition("-")[0]
    for name in all_images(spec):
        key = _version_key(name)
        if key and name in catalog.images:
            yield key, name, catalog.images[name].tag


def _version_key(image: str) -> str | None:
    """The key of the spec that says an image's tag; None for those that come with Kubernetes (etcd, CoreDNS)."""
    if image == f"{K8S}/pause":
        return "pause_version"
    if image.startswith(f"{K8S}/kube-"):
        return "kubernetes_version"
    return "cilium_version" if image in RELEASED_WITH_CILIUM else None
