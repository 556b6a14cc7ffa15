"""Container images from layers: an OCI layout on disk, pushed to a registry by skopeo with their digests kept."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kubestead.catalog import Architecture
from kubestead.mirror.commands import run
from kubestead.mirror.layers import MEDIA_TYPE, Layer

PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
CREATED = "1970-01-01T00:00:00Z"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"


@dataclass(frozen=True)
class Image:
    """An image to assemble.

    Args:
        name: its full name (``registry.k8s.io/pause``).
        tag: its tag (``3.10``).
        layers: lowest first.
        entrypoint: what always runs, as upstream's image has it; empty for none.
        command: what runs, or its arguments, unless a pod says otherwise.
        env: ``NAME=value`` besides PATH.
        user: ``uid`` or ``uid:gid``.
    """

    name: str
    tag: str
    layers: tuple[Layer, ...]
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    user: str = "0"
    labels: dict[str, str] = field(default_factory=dict)


def write(layout: Path, image: Image, architecture: Architecture) -> str:
    """Write the image's configuration and manifest into the layout and return the manifest's sha256."""
    config = {
        "architecture": architecture,
        "os": "linux",
        "created": CREATED,
        "config": {
            "Env": [PATH, *image.env],
            "Entrypoint": list(image.entrypoint) or None,
            "Cmd": list(image.command) or None,
            "User": image.user,
            "WorkingDir": "/",
            "Labels": {"io.kubestead.built-from": "gomod", **image.labels},
        },
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer.diff_id}" for layer in image.layers]},
        "history": [{"created": CREATED, "created_by": "kubestead mirror build"} for _ in image.layers],
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": CONFIG, **_blob(layout, config)},
        "layers": [
            {"mediaType": MEDIA_TYPE, "digest": f"sha256:{layer.sha256}", "size": layer.size} for layer in image.layers
        ],
    }
    return str(_blob(layout, manifest)["digest"]).removeprefix("sha256:")


def _blob(layout: Path, document: Mapping[str, object]) -> dict[str, str | int]:
    data = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    sha256 = hashlib.sha256(data).hexdigest()
    (layout / "blobs/sha256" / sha256).write_bytes(data)
    return {"digest": f"sha256:{sha256}", "size": len(data)}


def link_blob(layout: Path, blob: Path) -> None:
    """Make a blob of another folder on the same filesystem part of the layout."""
    target = layout / "blobs/sha256" / blob.name
    if not target.exists():
        os.link(blob, target)


def write_index(layout: Path, digests: dict[str, str]) -> None:
    """Finish the layout: an index that names the manifests (sha256 by ``name:tag``)."""
    manifests = [
        {
            "mediaType": MANIFEST,
            "digest": f"sha256:{sha256}",
            "size": (layout / "blobs/sha256" / sha256).stat().st_size,
            "annotations": {"org.opencontainers.image.ref.name": reference},
        }
        for reference, sha256 in sorted(digests.items())
    ]
    (layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": manifests}))
    (layout / "oci-layout").write_text(json.dumps({"imageLayoutVersion": "1.0.0"}))


def push(layout: Path, references: Sequence[str], registry: str) -> None:
    """Copy images of the layout to a plain HTTP registry (``127.0.0.1:5000``), below their full names, unchanged.

    Raises:
        KubesteadError: a copy failed, or the registry would have changed a digest.
    """
    for reference in references:
        command = ["skopeo", "copy", "--quiet", "--insecure-policy", "--preserve-digests", "--dest-tls-verify=false"]
        run(
            [*command, f"oci:{layout}:{reference}", f"docker://{registry}/{reference}"],
            f"storing the image {reference}",
        )
