"""The watcher's SSH keys in the nodes' ``authorized_keys``, and the nodes' in its ``known_hosts``."""

from __future__ import annotations

from collections.abc import Sequence

from kubestead.watchhost.places import NAME

_OWN = f"{NAME}@"


def comment(host: str) -> str:
    """The comment of the key made on ``host``; by it the line is found again."""
    return _OWN + host


def authorised_line(public_key: str, host: str, address: str) -> str:
    """The line that lets the watcher of ``host`` in, from its own address and for plain sessions only (sshd(8)).

    Args:
        public_key: ``ssh-ed25519 AAAA...``, with or without a comment.
        host: where the key was made.
        address: the IPv4 address ``host`` is known by in the cluster.

    Raises:
        ValueError: it is no ed25519 key on one line.
    """
    words = public_key.split()
    if len(words) < 2 or words[0] != "ssh-ed25519" or "\n" in public_key.strip():
        raise ValueError(f"not an ed25519 public key: {public_key[:60]!r}")
    return f'from="{address}",restrict {words[0]} {words[1]} {comment(host)}'


def with_watchers(text: str, lines: Sequence[str]) -> str:
    """The ``authorized_keys`` file ``text`` with ``lines`` as the only ones of the watcher; all others stay."""
    kept = [line for line in text.splitlines() if not _is_own(line)]
    own = [line for line in text.splitlines() if _is_own(line)]
    if own == list(lines):
        return text
    return "".join(f"{line}\n" for line in [*kept, *lines])


def _is_own(line: str) -> bool:
    return line.rpartition(" ")[2].startswith(_OWN)


def known_host(address: str, port: int, key: str) -> str:
    """A line of ``known_hosts``: ``key`` is ``ssh-ed25519 AAAA...``; a port other than 22 stands with the address."""
    return f"{address if port == 22 else f'[{address}]:{port}'} {key}"
