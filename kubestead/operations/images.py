"""Operations on container images: pulled by digest, in the background, before they are asked for."""

from __future__ import annotations

from collections.abc import Generator

from pyinfra import host
from pyinfra.api import StringCommand, operation

from kubestead.catalog import Catalog
from kubestead.facts.containerd import Images
from kubestead.operations.files import TextFile, install_files
from kubestead.render import render

# Units below /run are gone with the next boot; they serve this installation only.
FOLDER = "/run/systemd/system"


def unit_name(purpose: str) -> str:
    """The oneshot unit that pulls the images for ``purpose`` (``control-plane``); starting it waits for its end."""
    return f"kubestead-images-{purpose}.service"


@operation()
def start_pulling(
    purpose: str, names: list[str], catalog: Catalog, after: str | None = None
) -> Generator[StringCommand, None, None]:
    """Pull images by the catalog's digests in a systemd unit of their own, and go on without waiting for it.

    Args:
        purpose: names the unit; see :func:`unit_name`.
        names: images as the catalog names them (``registry.k8s.io/pause``), the first needed first.
        after: the purpose whose pulls go first, where they are still going on.
    """
    present = host.get_fact(Images)
    wanted = {name: catalog.image(name) for name in names}
    missing = [name for name, reference in wanted.items() if not {reference, reference.partition("@")[2]} & present]
    if not missing:
        host.noop(f"{len(names)} images are there")
        return
    yield from install_files._inner([unit_file(purpose, missing, catalog, after)])
    yield StringCommand("systemctl daemon-reload && systemctl start --no-block", unit_name(purpose))


def unit_file(purpose: str, names: list[str], catalog: Catalog, after: str | None = None) -> TextFile:
    """The unit of :func:`start_pulling` for the images ``names``."""
    pulls = {f"{name}:{catalog.images[name].tag}": catalog.image(name) for name in names}
    text = render("images.service.j2", purpose=purpose, pulls=pulls, after=unit_name(after) if after else "")
    return TextFile(f"{FOLDER}/{unit_name(purpose)}", text)
