"""Whether upstream's hosts can be reached from here."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

from kubestead.catalog import Catalog
from kubestead.mirror.upstream import CATALOG, artifacts

PROBE_SECONDS = 3


def silent_hosts(path: Path = CATALOG, seconds: int = PROBE_SECONDS) -> list[str]:
    """The hosts of a catalog that do not answer over verified TLS within ``seconds``; empty where all do."""
    catalog = Catalog.load(path)
    urls = [artifact.url for entry in catalog.files.values() for _, artifact in artifacts(entry)]
    urls += [repository.url for repository in catalog.apt.values()]
    urls += [f"https://{name.split('/')[0]}/v2/" for name in catalog.images]
    hosts = {urlsplit(url).netloc: url for url in urls}
    with ThreadPoolExecutor(len(hosts)) as pool:
        answered = pool.map(lambda url: _answers(url, seconds), hosts.values())
        return [host for host, answers in zip(hosts, answered, strict=True) if not answers]


def _answers(url: str, seconds: int) -> bool:
    """Whether the host answers at all; which status it gives does not matter (a registry says 401)."""
    command = ["curl", "--silent", "--head", "--output", "/dev/null", "--proto", "=https", "--max-time", str(seconds)]
    return subprocess.run([*command, url], capture_output=True, check=False).returncode == 0
