"""Cilium's CustomResourceDefinitions as files, where this machine has them. Pure.

The chart has none: Cilium's operator brings them. They are in Cilium's Go module, which stays in the cache of a machine
that has built a mirror from modules.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from kubestead import cache
from kubestead.cilium.crdschema import Schema, schema_of
from kubestead.cilium.policy import CILIUM, VERSIONS
from kubestead.errors import KubesteadError

MODULE = "go/mod/github.com/cilium/cilium@v{version}/pkg/k8s/apis/cilium.io/client/crds/v2"


def cached(version: str) -> Path | None:
    """The folder with the CRDs of exactly this version of Cilium, or None."""
    folder = cache.root() / MODULE.format(version=version)
    return folder if folder.is_dir() else None


def read(folder: Path) -> dict[str, Schema]:
    """The schemas of Cilium's policies in the CRDs of a folder, by their kind.

    Raises:
        KubesteadError: one cannot be read, or a kind is missing.
    """
    version = CILIUM.rpartition("/")[2]
    found: dict[str, Schema] = {}
    for path in sorted(folder.glob("*.yaml")):
        kind, crd = _crd(path)
        schema = schema_of(crd, version) if VERSIONS.get(kind) == CILIUM else None
        if schema:
            found[kind] = schema
    if missing := [kind for kind, one in VERSIONS.items() if one == CILIUM and kind not in found]:
        raise KubesteadError(f"{folder}: holds no CustomResourceDefinition of {', '.join(missing)}")
    return found


def _crd(path: Path) -> tuple[str, Any]:
    try:
        text = path.read_text()
        # Half a megabyte each, of which three are wanted: libyaml's parser takes a tenth of PyYAML's own time.
        crd = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  (both are safe)
        return str(crd["spec"]["names"]["kind"]), crd
    except (OSError, ValueError, yaml.YAMLError, KeyError, TypeError) as error:
        raise KubesteadError(f"{path}: is no CustomResourceDefinition ({error!r})") from None
