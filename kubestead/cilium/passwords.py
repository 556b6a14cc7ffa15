"""Passwords of BGP's sessions: each in a file on the operator's machine, closed to everybody else. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kubestead.errors import Finding
from kubestead.site.private import check_private, password
from kubestead.spec import ClusterSpec

# What the kernel takes as a key of TCP's MD5 option: TCP_MD5SIG_MAXKEYLEN, linux/tcp.h.
MOST_BYTES = 80


def passwords(spec: ClusterSpec) -> dict[str, str]:
    """The first line of every peer's ``password_file``, by ``instance.peer``.

    Raises:
        OSError, UnicodeError: a file cannot be read; :func:`password_findings` says so before.
    """
    return {name: password(file) for name, file in _files(spec)}


def password_findings(spec: ClusterSpec, where: str) -> list[Finding]:
    """What is wrong with the files.

    Args:
        spec: the cluster.
        where: the place ``cilium_bgp`` is written at.
    """
    return [found for name, file in _files(spec) for found in _check(file, f"{where}: {name}: password_file")]


def _files(spec: ClusterSpec) -> Iterator[tuple[str, Path]]:
    for instance in spec.cilium_bgp:
        for peer in instance.peers:
            if peer.password_file:
                yield f"{instance.name}.{peer.name}", peer.password_file.expanduser()


def _check(file: Path, where: str) -> list[Finding]:
    fix = "write the password into its first line, mode 0600"
    if findings := check_private(file, where, fix, ""):
        return findings
    try:
        length = len(password(file).encode())
    except ValueError:
        return [Finding(where, "is not UTF-8 text", fix, value=str(file))]
    if not length:
        return [Finding(where, "has an empty first line", fix, value=str(file))]
    if length > MOST_BYTES:
        reason = f"holds a password of {length} bytes, and TCP takes {MOST_BYTES}"
        return [Finding(where, reason, "take a shorter one, there and on the router", value=str(file))]
    return []
