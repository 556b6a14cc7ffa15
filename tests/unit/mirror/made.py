"""Small real things for tests: an image of two architectures, a signed repository."""

import hashlib
import json

from kubestead.mirror import aptrepo, images, layers
from kubestead.mirror.commands import run


def write_layout(layout, text="hello"):
    """An OCI layout with one index of two architectures; returns the index's sha256."""
    (layout / "blobs/sha256").mkdir(parents=True)
    entries = []
    for architecture in ("amd64", "arm64"):
        entry = layers.Entry("/hello", text=f"{text} {architecture}\n")
        layer = layers.write(layout / "blobs/sha256", layers.of_entries([entry]))
        sha256 = images.write(layout, images.Image("registry.k8s.io/pause", "3.10", (layer,)), architecture)
        size = (layout / "blobs/sha256" / sha256).stat().st_size
        platform = {"architecture": architecture, "os": "linux"}
        entries.append({"mediaType": images.MANIFEST, "digest": f"sha256:{sha256}", "size": size, "platform": platform})
    kind = "application/vnd.oci.image.index.v1+json"
    index = json.dumps({"schemaVersion": 2, "mediaType": kind, "manifests": entries}).encode()
    sha256 = hashlib.sha256(index).hexdigest()
    (layout / "blobs/sha256" / sha256).write_bytes(index)
    named = {"org.opencontainers.image.ref.name": "it"}
    top = {"mediaType": kind, "digest": f"sha256:{sha256}", "size": len(index), "annotations": named}
    (layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [top]}))
    (layout / "oci-layout").write_text(json.dumps({"imageLayoutVersion": "1.0.0"}))
    return sha256


def make_repository(folder):
    """A signed repository with one package for each architecture; returns the key's fingerprint."""
    folder.mkdir()
    for architecture in ("amd64", "arm64"):
        root = folder / f"root-{architecture}"
        (root / "DEBIAN").mkdir(parents=True)
        (root / "DEBIAN").chmod(0o755)
        (root / "DEBIAN/control").write_text(
            f"Package: kubelet\nVersion: 1.31.13-1.1\nArchitecture: {architecture}\n"
            "Maintainer: a test <nobody@localhost>\nDescription: a test\n"
        )
        run(
            ["dpkg-deb", "--root-owner-group", "--build", root, folder / f"kubelet_{architecture}.deb"],
            "a test package",
        )
        run(["rm", "-r", root], "tidying up")
    return aptrepo.write(folder)
