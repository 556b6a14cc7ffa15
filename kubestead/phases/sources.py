"""Where this site's hosts get everything from: the catalog and the registry mirror, read once per run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pyinfra.api.host import Host

from kubestead.catalog import Catalog

UPSTREAM = Path(__file__).resolve().parents[2] / "catalog" / "upstream.yaml"


@dataclass(frozen=True)
class Sources:
    """The catalog, every URL whole, and the registry that mirrors all (``http://192.168.1.1:5000``) or None."""

    catalog: Catalog
    registry: str | None

    @classmethod
    def of(cls, node: Host) -> Sources:
        """The sources the inventory gave the host ``node``; upstream's where it gave none.

        Raises:
            InvalidInput: the catalog cannot be read or is not of the catalog's form.
        """
        return cls.given(node.data.get("kubestead_sources") or {})

    @classmethod
    def given(cls, given: Mapping[str, Any]) -> Sources:
        """The sources a site names: ``catalog``, ``base_url``, ``registry``, each or none.

        Raises:
            InvalidInput: as :meth:`of`.
        """
        return _load(given.get("catalog"), given.get("base_url"), given.get("registry"))


@cache
def _load(catalog: str | None, base_url: str | None, registry: str | None) -> Sources:
    path = Path(catalog) if catalog else UPSTREAM
    return Sources(Catalog.load(path, base_url or ""), registry.rstrip("/") if registry else None)
