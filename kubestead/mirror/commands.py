"""Running the machine's own tools, and saying plainly which is missing or what failed."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from kubestead.errors import KubesteadError

PACKAGES = {
    "apt-ftparchive": "apt-utils",
    "curl": "curl",
    "debootstrap": "debootstrap",
    "docker-registry": "docker-registry",
    "dpkg-deb": "dpkg",
    "gcc": "gcc libc6-dev",
    "gpg": "gnupg",
    "gpgv": "gpgv",
    "setpriv": "util-linux",
    "skopeo": "skopeo",
}


def require(tools: Sequence[str], purpose: str) -> None:
    """Check that every tool is installed.

    Raises:
        KubesteadError: some are not; all of them at once, with the packages that bring them.
    """
    missing = [tool for tool in tools if not shutil.which(tool)]
    if missing:
        packages = " ".join(sorted({PACKAGES[tool] for tool in missing}))
        raise KubesteadError(
            f"{purpose} needs {', '.join(missing)}; run: apt-get install --no-install-recommends {packages}"
        )


def run(
    command: Sequence[object],
    purpose: str,
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
) -> str:
    """Run a command and return what it wrote to stdout.

    Args:
        command: the program and its arguments.
        purpose: what it is for, in a few words, to begin the error with (``signing the apt repository``).
        cwd: the folder it runs in.
        env: variables set besides the caller's own.
        stdin: what it reads.

    Raises:
        KubesteadError: it is not installed or failed; with the command and the last lines it wrote.
    """
    line = [str(part) for part in command]
    try:
        done = subprocess.run(
            line, cwd=cwd, env={**os.environ, **(env or {})}, input=stdin, capture_output=True, check=False
        )
    except OSError as error:
        raise KubesteadError(f"{purpose}: {line[0]} cannot be run ({error.strerror})") from error
    if done.returncode:
        said = "\n  ".join((done.stderr or done.stdout).decode(errors="replace").strip().splitlines()[-12:])
        raise KubesteadError(f"{purpose}: '{' '.join(line)}' ended with {done.returncode}:\n  {said}")
    return done.stdout.decode(errors="replace")
