"""Where a mirror is filled from, and how that is chosen."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from kubestead import cache
from kubestead.catalog import Catalog
from kubestead.errors import KubesteadError
from kubestead.mirror import gomod, reach, upstream
from kubestead.mirror.commands import require
from kubestead.mirror.progress import say

Source = Literal["upstream", "gomod"]


def choose_source(catalog: Path = upstream.CATALOG) -> tuple[Source, str]:
    """The source to take where none was named, and why.

    Upstream, where all of its hosts answer within three seconds and every digest of the catalog is known; else gomod.
    """
    require(("curl",), "asking whether upstream answers")
    silent = reach.silent_hosts(catalog)
    if silent:
        return "gomod", f"no answer from {', '.join(silent)} within {reach.PROBE_SECONDS} s"
    missing = upstream.unverified(Catalog.load(catalog))
    if missing:
        count = f"{len(missing)} digests of {catalog.name} are unverified"
        return "gomod", f"upstream answers, but {count}; {upstream.RECORD}"
    return "upstream", "all of its hosts answer"


def build(source: Source | Literal["auto"] = "auto") -> Path:
    """Fill a mirror, or find it in the cache, and return its folder.

    Args:
        source: ``upstream`` (the vendors' sites, both architectures), ``gomod`` (built here from Go modules, this
            machine's architecture) or ``auto``.

    Raises:
        KubesteadError: it could not be filled; what was fetched or built stays cached.
    """
    if source == "auto":
        source, reason = choose_source()
        say(f"source {source}: {reason}")
    return gomod.build() if source == "gomod" else upstream.build()


def newest() -> Path:
    """The newest mirror in the cache.

    Raises:
        KubesteadError: there is none.
    """
    folder = cache.root() / "mirrors"
    found = [path for path in folder.glob("[!.]*") if (path / "catalog.yaml").is_file()]
    if not found:
        raise KubesteadError(f"no mirror in {folder}; run: kubestead mirror build")
    return max(found, key=lambda path: path.stat().st_mtime)
