"""Records digests of upstream's artifacts that were not known when the catalog was written."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import yaml

from kubestead.catalog import UNVERIFIED, Catalog
from kubestead.errors import KubesteadError
from kubestead.mirror.commands import require
from kubestead.mirror.download import PATIENT, Limits, fetch_any
from kubestead.mirror.upstream import CATALOG, artifacts


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
