"""Files with secrets: there, readable, and closed to everybody else."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

from kubestead.errors import Finding


def check_key(key: Path, site: str) -> list[Finding]:
    """What is wrong with a private SSH key's file."""
    fix = "correct the path, or make a key with 'ssh-keygen -t ed25519'"
    return check_private(key, f"{site}: key", fix, "; ssh refuses such a key")


def check_password_file(file: Path, site: str) -> list[Finding]:
    """What is wrong with the file that holds sudo's password."""
    where, fix = f"{site}: sudo_password_file", "write the password into its first line, mode 0600"
    if findings := check_private(file, where, fix, ""):
        return findings
    try:
        return [] if password(file) else [Finding(where, "has an empty first line", fix, value=str(file))]
    except ValueError:
        return [Finding(where, "is not UTF-8 text", fix, value=str(file))]


def password(file: Path) -> str:
    """The first line."""
    with file.open(encoding="utf-8") as lines:
        return lines.readline().rstrip("\r\n")


def check_private(file: Path, where: str, fix: str, consequence: str) -> list[Finding]:
    """What is wrong with a file that only its owner may read."""
    try:
        mode = file.stat().st_mode
        if stat.S_ISREG(mode):
            file.open("rb").close()
        else:
            raise OSError(errno.EINVAL, "it is not a file")
    except OSError as error:
        return [Finding(where, f"cannot be read: {error.strerror}", fix, value=str(file))]
    if mode & 0o077:
        reason = f"is open to others (mode {mode & 0o777:04o}){consequence}"
        return [Finding(where, reason, f"run 'chmod 600 {file}'", value=str(file))]
    return []


def write_private(path: Path, text: str) -> None:
    """Have a file that only its owner may read, whole at every moment; folders above it are made as private.

    Raises:
        OSError: it cannot be written.
    """
    # Always of one name: what a run leaves that is killed here, the next one overwrites.
    partial = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial.unlink(missing_ok=True)
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
        partial.rename(path)
    except OSError:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise
