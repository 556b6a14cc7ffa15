"""What a Helm chart's archive says of its values: defaults, schema, and what its templates read. Pure."""

from __future__ import annotations

import json
import re
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from kubestead.errors import KubesteadError

ValuePath = tuple[str, ...]
# Templates that only refuse removed values: to be named there is not to be read.
REFUSING = ("templates/validate.yaml",)
_ACTION = re.compile(r"\{\{-?(.*?)-?\}\}", re.DOTALL)
_READ = re.compile(r"\.Values\.([A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*)")
_READ_BY_NAME = re.compile(r'\b(?:hasKey|get)\s+\$?\.Values((?:\.[A-Za-z0-9_]+)*)\s+"([^"]+)"')
_HANDED_OVER = re.compile(r"\s*with\s+\$?\.Values\.([A-Za-z0-9_.]+)\s*")


@dataclass(frozen=True)
class Chart:
    """A chart.

    Args:
        version: its own version (``1.18.4``).
        values: its default values, ``values.yaml``.
        schema: ``values.schema.json``; empty where it has none.
        read: the paths of values its templates read, also those that ``values.yaml`` leaves out.
        handed_over: the paths of mappings its templates hand to Kubernetes whole (a nodeSelector); they take any key.
    """

    version: str
    values: Mapping[str, Any]
    schema: Mapping[str, Any]
    read: frozenset[ValuePath] = frozenset()
    handed_over: frozenset[ValuePath] = frozenset()


def read_chart(archive: Path) -> Chart:
    """Read a chart's archive (``cilium-1.18.4.tgz``).

    Raises:
        KubesteadError: it is not a chart.
    """
    try:
        files = dict(_texts(archive))
        described, values = (_parse(files[name]) for name in ("Chart.yaml", "values.yaml"))
        schema = json.loads(files.get("values.schema.json", "{}"))
        version = str(described["version"])
    except (OSError, tarfile.TarError, yaml.YAMLError, ValueError, KeyError, TypeError) as error:
        raise KubesteadError(f"{archive}: is not a Helm chart ({error!r})") from error
    templates = [text for name, text in files.items() if name.startswith(("templates/", "files/"))]
    read, handed_over = templates_use(templates)
    return Chart(version, values or {}, schema, read, handed_over)


def _parse(text: str) -> Any:
    # libyaml's parser takes 20 ms for Cilium's values, PyYAML's own 150.
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  (both are safe)


def _texts(archive: Path) -> Iterator[tuple[str, str]]:
    """The archive's text files by their path inside the chart."""
    with tarfile.open(archive, "r:gz") as tar:
        for member in tar:
            name = member.name.partition("/")[2]
            file = tar.extractfile(member) if member.isfile() and name not in REFUSING else None
            if file:
                yield name, file.read().decode(errors="replace")


def templates_use(templates: list[str]) -> tuple[frozenset[ValuePath], frozenset[ValuePath]]:
    """The paths of values that templates read, and those of mappings they hand over whole (``with .Values.x``)."""
    read: set[ValuePath] = set()
    handed_over: set[ValuePath] = set()
    for action in (action for text in templates for action in _ACTION.findall(text)):
        if ".Values" not in action:
            continue
        read.update(tuple(path.split(".")) for path in _READ.findall(action))
        read.update((*filter(None, path.split(".")), name) for path, name in _READ_BY_NAME.findall(action))
        if match := _HANDED_OVER.fullmatch(action):
            handed_over.add(tuple(match[1].split(".")))
    return frozenset(read), frozenset(handed_over)
