"""Cilium 1.18.3 as Go modules, for a cluster that is upgraded: built once into the cache, beside the present one.

python -m tests.twin.switching.older    builds it (minutes), prints the mirror's folder.

Nothing but Cilium differs: a copy of ``catalog/gomod`` with that version's words is built by the ordinary command.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from kubestead import cache

ROOT = Path(__file__).parents[3]
VERSION, PRESENT = "1.18.3", "1.18.4"
# Of each word the present one and the older one; the sums are those the checksum database has.
WORDS = {
    "catalog/gomod/components.yaml": {
        PRESENT: VERSION,
        "afda2aa9 2025-11-12T11:42:18+00:00": "c1601689 2025-10-22T21:44:47+00:00",
        "afda2aa9": "c1601689",
        "ff7ae7d623be00078865cff1b0672cc5d9bfc6d5": "c360e8557eb41011dfb5210f8fb53fed6c0b3222",
    },
    "catalog/gomod/cilium/go.mod": {f"github.com/cilium/cilium v{PRESENT}": f"github.com/cilium/cilium v{VERSION}"},
    "catalog/gomod/cilium/go.sum": {
        f"v{PRESENT} h1:/HrbeMmk46UDkJs4uJemIqxB7wuZ+QRMNVscNYua5C8=":
            f"v{VERSION} h1:E0SnxNDeWJ3AtO6IX0oIsJdODT71M/QCcj9LjuLdGK0=",
        f"v{PRESENT}/go.mod h1:PPAuhDhMHOLaAiraQKDxEHUTmE68RrDlZj3988R+Lco=":
            f"v{VERSION}/go.mod h1:2FzcCUTmMUDdOYxZgyeu1DXbnlwgLHQdzK3FWj+28ME=",
    },
}  # fmt: skip


def copy(folder: Path) -> None:
    """This project's program and catalog, with the older version's words.

    Raises:
        LookupError: a word of the present version is not there any more.
    """
    for name in ("kubestead", "catalog"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name, words in WORDS.items():
        text = (folder / name).read_text()
        for present, older in words.items():
            if present not in text:
                raise LookupError(f"{name} has no {present!r} any more: write {__file__} anew")
            text = text.replace(present, older)
        (folder / name).write_text(text)


def mirror() -> Path:
    """The mirror's folder, built unless the cache has it; it never counts as the newest one."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy(folder)
        command = [sys.executable, "-m", "kubestead.cli", "mirror", "build", "--from", "gomod"]
        environment = {**os.environ, "PYTHONPATH": str(folder)}
        done = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    built = Path(done.stdout.strip().splitlines()[-1])
    assert built.parent == cache.root() / "mirrors"
    os.utime(built, (0, 0))
    return built


if __name__ == "__main__":
    print(mirror())
