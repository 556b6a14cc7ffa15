"""A YAML file with the line of every key, so that findings can point at it. Whatever the file holds, it is refused in
words: not text, not YAML, far too large, nested without end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml
from yaml.constructor import ConstructorError

from kubestead.errors import Finding, InvalidInput

# A catalog of every component is 20 KiB with 500 values; a site file of 1000 hosts is 200 KiB with 10,000.
MOST_BYTES = 2 << 20
MOST_VALUES = 200_000
MOST_LEVELS = 50
# What SafeLoader's constructors let out: !!int '', !!bool maybe, !!timestamp x, 2024-99-99, a million digits.
_MISFITS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


class _Loader(yaml.SafeLoader):
    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """As SafeLoader does, with the place of a value that has a type's form and is none of its values."""
        try:
            return super().construct_object(node, deep)
        except _MISFITS as error:
            kind = node.tag.rpartition(":")[2]
            problem = f"is no {kind}: {' '.join(str(error).split())}"
            raise ConstructorError(problem=problem, problem_mark=node.start_mark) from None


def read_yaml(path: Path) -> tuple[Any, yaml.Node | None]:
    """The file's content, and its node tree for :func:`place`.

    Raises:
        InvalidInput: it cannot be read, is not YAML, has a key twice (YAML's last one would win without a word), or
            would be larger than any such file is: aliases make gigabytes of a few lines ("a billion laughs").
    """
    found: list[tuple[Any, yaml.Node | None]] = _read(path, lambda loader: [loader.get_single_node()])
    return found[0]


def read_documents(path: Path) -> list[tuple[Any, yaml.Node | None]]:
    """The documents of a file with several, each as :func:`read_yaml` gives one; it raises the same."""
    return _read(path, _nodes)


def _nodes(loader: _Loader) -> list[yaml.Node | None]:
    nodes = []
    while loader.check_node():
        nodes.append(loader.get_node())
    return nodes


def _read(path: Path, compose: Callable[[_Loader], list[yaml.Node | None]]) -> list[tuple[Any, yaml.Node | None]]:
    text, loader = _text(path), None
    try:
        loader = _Loader(text)
        nodes = compose(loader)
        refused = [finding for node in nodes for finding in ([*_oversize(path, node)] or [*_duplicates(path, node)])]
        contents = [None if refused or node is None else loader.construct_document(node) for node in nodes]
    except RecursionError:
        raise InvalidInput([_nested(str(path))]) from None
    except yaml.YAMLError as error:
        raise InvalidInput([_not_yaml(path, error)]) from None
    finally:
        if loader:
            loader.dispose()
    if refused:
        raise InvalidInput(refused)
    return list(zip(contents, nodes, strict=True))


def place(path: Path, node: yaml.Node | None, location: tuple[int | str, ...]) -> str:
    """``site.yaml:7: hosts.k8s-cp.port``: the file, the line of the last of the keys that is there, the keys."""
    line = line_of(node, location)
    where = f"{path}:{line}" if line else str(path)
    return f"{where}: {'.'.join(map(str, location))}" if location else where


def line_of(node: yaml.Node | None, location: tuple[int | str, ...]) -> int | None:
    """The line of the last of the keys that is there; None where not even the first one is."""
    line = None
    for part in location:
        child = _child(node, part)
        if child is None:
            break
        line, node = child
    return line


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InvalidInput([Finding(str(path), f"cannot be read: {error.strerror}", "name a file that can")]) from None
    except ValueError as error:
        raise InvalidInput([Finding(str(path), f"is not a path: {error}", "name a file")]) from None
    if len(data) > MOST_BYTES:
        reason = f"is larger than {MOST_BYTES >> 20} MiB"
        raise InvalidInput([Finding(str(path), reason, "name the right file: none of this kind is that large")])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        reason = f"is not UTF-8 text: the byte 0x{data[error.start]:02x} does not belong there"
        raise InvalidInput([Finding(f"{path}:{line}", reason, "save the file as UTF-8")]) from None


def _not_yaml(path: Path, error: yaml.YAMLError) -> Finding:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or " ".join(str(error).split())
    where = f"{path}:{mark.line + 1}" if mark else str(path)
    return Finding(where, f"is not YAML: {problem}", "correct the line, or the one before; put text in quotes")


def _nested(where: str) -> Finding:
    return Finding(where, f"is nested deeper than {MOST_LEVELS} levels, or in itself", "write it flat")


def _oversize(path: Path, node: yaml.Node | None) -> Iterator[Finding]:
    """Nesting without end, and aliases that would unfold to more values than any file has. Every node is seen once."""
    sizes: dict[int, int] = {}
    open_nodes: set[int] = set()
    todo = [] if node is None else [(node, False)]
    while todo:
        current, done = todo.pop()
        own, children = id(current), _children(current)
        if done:
            open_nodes.discard(own)
            sizes[own] = 1 + sum(sizes[id(child)] for child in children)
        elif own in open_nodes or len(open_nodes) > MOST_LEVELS:
            yield _nested(f"{path}:{current.start_mark.line + 1}")
            return
        elif own not in sizes:
            open_nodes.add(own)
            todo.append((current, True))
            todo += [(child, False) for child in children]
    if node is not None and sizes[id(node)] > MOST_VALUES:
        reason = f"holds more than {MOST_VALUES} values once its aliases (*name) are unfolded"
        yield Finding(str(path), reason, "write the values themselves")


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [child for pair in node.value for child in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _child(node: yaml.Node | None, part: int | str) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return key.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part].start_mark.line + 1, node.value[part]
    return None


def _duplicates(path: Path, node: yaml.Node | None) -> Iterator[Finding]:
    for child in _children(node) if node is not None else ():
        yield from _duplicates(path, child)
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            line = key.start_mark.line + 1
            if key.value in seen and key.tag != "tag:yaml.org,2002:merge":
                reason = f"{key.value} is written twice, first in line {seen[key.value]}"
                yield Finding(f"{path}:{line}", reason, "keep one of them")
            seen[key.value] = line
