"""A real Prometheus outside the cluster that scrapes the nodes."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml

from tests.twin.conftest import Twin
from tests.twin.traffic import outside
from tests.unit.watch.debianprometheus import program

PORT = 9090


@dataclass(frozen=True)
class Prometheus:
    """A running Prometheus."""

    twin: Twin

    def asked(self, query: str) -> list[dict[str, Any]]:
        """The samples of an instant query, each with its ``metric`` and ``value``; none while it is not up."""
        try:
            told = json.loads(outside.get(self.twin, "127.0.0.1", PORT, f"/api/v1/query?query={quote(query)}"))
        except OSError:
            return []
        found: list[dict[str, Any]] = told["data"]["result"]
        return found


@contextmanager
def prometheus(twin: Twin, folder: Path, targets: Sequence[str]) -> Iterator[Prometheus]:
    """Prometheus in the bridge's namespace, until the end of the block.

    Args:
        twin: whose.
        folder: for its data.
        targets: what it scrapes every second: ``address:port``.
    """
    jobs = [{"job_name": "hubble", "static_configs": [{"targets": list(targets)}]}]
    configuration = folder / "prometheus.yml"
    configuration.write_text(yaml.safe_dump({"global": {"scrape_interval": "1s"}, "scrape_configs": jobs}))
    inside = ["nsenter", f"--net=/run/netns/kubestead-{twin.name}"]
    argv = [
        *inside, program("prometheus"), f"--config.file={configuration}", f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{PORT}",
    ]  # fmt: skip
    log = (folder / "prometheus.log").open("w")
    with log, subprocess.Popen(argv, stdout=log, stderr=log) as process:
        try:
            yield Prometheus(twin)
        finally:
            process.terminate()
