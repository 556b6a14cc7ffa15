"""Operations on files: written whole, moved into place at once, and only when they differ."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from pyinfra import host
from pyinfra.api import OperationError, QuoteString, StringCommand, operation

from kubestead.facts.files import FileState, FileStates, FileTexts
from kubestead.facts.names import NameAddresses
from kubestead.operations import shown


@dataclass(frozen=True)
class TextFile:
    """A file to be on the host.

    Args:
        path: absolute.
        text: the whole of it.
        mode: octal digits.
        owner: as ``user:group``.
        secrets: parts of the text that a diff must not show.
        shown: False where the operation itself shows what changes.
    """

    path: str
    text: str = field(repr=False)
    mode: str = "644"
    owner: str = "root:root"
    secrets: tuple[str, ...] = field(default=(), repr=False)
    shown: bool = True

    @property
    def content(self) -> bytes:
        """The text in UTF-8; bytes that were none when it was read (see ``FileTexts``) are themselves again."""
        return self.text.encode(errors="surrogateescape")


@operation()
def install_files(files: Sequence[TextFile]) -> Generator[StringCommand, None, None]:
    """Write each file that is missing or differs in content, mode or owner; a reader never sees half a file."""
    states = host.get_fact(FileStates, paths=tuple(file.path for file in files))
    differing = [file for file in files if not _is_same(file, states.get(file.path))]
    if not differing:
        host.noop(f"{len(files)} files are as they should be")
        return
    _show(differing, states)
    yield _written(differing)


# MODE OWNER PATH BESIDE: what a killed run left beside it goes first, since a file that is there keeps its mode.
_PUT = """put() {
  IFS= read -r content && rm -f -- "$4" && printf %s "$content" | base64 -d > "$4" &&
  chmod "$1" "$4" && chown "$2" "$4" && mv -fT -- "$4" "$3"
}"""


def _written(files: Sequence[TextFile]) -> StringCommand:
    """One command for all, since each is a round trip; contents go by standard input, where nobody else sees them."""
    folders = sorted({str(PurePosixPath(file.path).parent) for file in files})
    lines = ["set -e", StringCommand("mkdir -p --", *map(QuoteString, folders)), "umask 077", _PUT]
    for file in files:
        path = PurePosixPath(file.path)
        beside = path.with_name(f".{path.name}.kubestead")
        lines.append(StringCommand("put", file.mode, file.owner, QuoteString(str(path)), QuoteString(str(beside))))
    contents = [base64.b64encode(file.content).decode() for file in files]
    return StringCommand(*lines, _separator="\n", _stdin=contents)


def _show(differing: Sequence[TextFile], states: Mapping[str, FileState]) -> None:
    if not shown.is_wanted():
        return
    for file in differing:
        state = states.get(file.path)
        if state and (state.mode, state.owner) != (file.mode, file.owner):
            shown.show(f"{file.path}: {state.mode} {state.owner} -> {file.mode} {file.owner}")
    texts = host.get_fact(FileTexts, paths=tuple(file.path for file in differing if file.shown))
    for file in differing:
        before = texts.get(file.path) if file.path in states else None
        if file.shown and before != file.text:
            shown.show_text(file.path, before, file.text, file.secrets)


def _is_same(file: TextFile, state: FileState | None) -> bool:
    return state == FileState(hashlib.sha256(file.content).hexdigest(), file.mode, file.owner)


@operation()
def name_in_etc_hosts(host_name: str, address: str, unless_known: bool = False) -> Generator[StringCommand, None, None]:
    """Have ``/etc/hosts`` map ``host_name`` to ``address`` and to nothing else; every other line stays as it is.

    Args:
        host_name: the name.
        address: its IPv4 address.
        unless_known: leave the name alone where it leads anywhere already (to a load balancer, say).
    """
    if unless_known and (known := host.get_fact(NameAddresses, host_name=host_name)):
        host.noop(f"{host_name} is {', '.join(known)}")
        return
    text = host.get_fact(FileTexts, paths=("/etc/hosts",)).get("/etc/hosts")
    if text is None:
        raise OperationError(f"{host.name}: /etc/hosts cannot be read; run as root or with sudo")
    wanted = with_host_name(text, host_name, address)
    if wanted == text:
        host.noop(f"{host_name} is {address}")
        return
    yield from install_files._inner([TextFile("/etc/hosts", wanted)])


def with_host_name(text: str, name: str, address: str) -> str:
    """The hosts file ``text`` with ``name`` on exactly one line, that of ``address``."""
    lines = text.removesuffix("\n").split("\n") if text else []
    entries = [line.partition("#")[0].split() for line in lines]
    if [fields[0] for fields in entries if name in fields[1:]] == [address]:
        return text
    kept = []
    for line, fields in zip(lines, entries, strict=True):
        if name not in fields[1:]:
            kept.append(line)
        elif names := [field for field in fields[1:] if field != name]:
            _, mark, comment = line.partition("#")
            kept.append(" ".join([fields[0], *names]) + (f"  {mark}{comment}" if mark else ""))
    return "\n".join([*kept, f"{address} {name}  # kubestead: the control plane's endpoint"]) + "\n"
