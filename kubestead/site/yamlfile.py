"""A YAML file with the line of every key, so that findings can point at it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from kubestead.errors import Finding, InvalidInput


def read_yaml(path: Path) -> tuple[Any, yaml.Node | None]:
    """The file's content, and its node tree for :func:`place`.

    Raises:
        InvalidInput: it cannot be read, is not YAML, or has a key twice (YAML's last one would win without a word).
    """
    try:
        text = path.read_text()
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        content = yaml.safe_load(text)
    except OSError as error:
        raise InvalidInput([Finding(str(path), f"cannot be read: {error.strerror}", "name a file that can")]) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise InvalidInput([Finding(where, f"is not YAML: {problem}", "correct the line, or the one before")]) from None
    twice = _duplicates(path, node)
    if twice:
        raise InvalidInput(twice)
    return content, node


def place(path: Path, node: yaml.Node | None, location: tuple[int | str, ...]) -> str:
    """``site.yaml:7: hosts.k8s-cp.port``: the file, the line of the last of the keys that is there, the keys."""
    line = None
    for part in location:
        child = _child(node, part)
        if child is None:
            break
        line, node = child
    where = f"{path}:{line}" if line else str(path)
    return f"{where}: {'.'.join(map(str, location))}" if location else where


def _child(node: yaml.Node | None, part: int | str) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part].start_mark.line + 1, node.value[part]
    return None


def _duplicates(path: Path, node: yaml.Node | None) -> list[Finding]:
    findings: list[Finding] = []
    if isinstance(node, yaml.SequenceNode):
        return [finding for child in node.value for finding in _duplicates(path, child)]
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if key.value in seen:
                reason = f"{key.value} is written twice, first in line {seen[key.value]}"
                findings.append(Finding(f"{path}:{line}", reason, "keep one of them"))
            seen[key.value] = line
            findings += _duplicates(path, value)
    return findings
