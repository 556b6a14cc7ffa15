"""Operations that install downloaded artifacts: fetched, digest checked, then put in place."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

from pyinfra import host
from pyinfra.api import StringCommand, operation

from kubestead.catalog import Artifact
from kubestead.facts.artifacts import STAMPS, InstalledArtifacts
from kubestead.operations import shown
from kubestead.render import render


@dataclass(frozen=True)
class Installation:
    """What to install from one artifact.

    Args:
        name: the artifact's name in the catalog.
        artifact: where it is and its digest.
        files: destination path by the member's path in the tarball; for a plain file, one entry whose key is ``""``.
        mode: the mode of the installed files, octal digits.
    """

    name: str
    artifact: Artifact
    files: tuple[tuple[str, str], ...]
    mode: str = "755"


@operation()
def install_artifacts(installations: Sequence[Installation]) -> Generator[StringCommand, None, None]:
    """Download, check and install each artifact that is not on the host in exactly this form."""
    installed = host.get_fact(InstalledArtifacts)
    missing = [item for item in installations if installed.get(item.name) != item.artifact.sha256]
    if not missing:
        host.noop(", ".join(item.name for item in installations) + " installed")
        return
    for item in missing:
        was = "not as it was installed" if installed.get(item.name) is None else f"sha256 {installed[item.name][:12]}"
        shown.show(f"{item.name}: {was} -> sha256 {item.artifact.sha256[:12]}")
    for item in missing:
        yield install_command(item)


def install_command(item: Installation) -> StringCommand:
    """One shell script that leaves either the whole artifact installed and stamped, or what was there before."""
    plain = all(not member for member, _ in item.files)
    return StringCommand(
        render(
            "install-artifact.sh.j2",
            artifact=item.artifact, name=item.name, files=item.files, mode=item.mode, plain=plain, stamps=STAMPS,
        )
    )  # fmt: skip
