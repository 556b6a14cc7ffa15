"""Runs a deploy of this repository with pyinfra's own command line, in a folder of its own."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from kubestead.phases.cilium import cilium_values
from kubestead.spec import ClusterSpec
from tests.fixtures import catalog

REPOSITORY = Path(__file__).parents[2]
INVENTORY = """\
from tests.deploys.built import built_lab
from tests.deploys.lab import bare_lab
control_plane, workers = {lab}
for name, data in [*control_plane, *workers]:
    data["kubestead_sources"] = {{"catalog": {catalog!r}, "registry": "http://192.168.1.1:5000"}}
"""


@dataclass(frozen=True)
class Run:
    """What a run said and left behind."""

    folder: Path
    returncode: int
    stdout: str
    stderr: str

    @property
    def plan(self) -> list[str]:
        """One line for each operation, with the hosts it would change: ``every host  Host | No swap``."""
        lines = []
        for operation in json.loads(self.stdout)["plan"]:
            hosts = sorted(map(_short, operation["hosts_with_change"]))
            told = {0: "nobody", 3: "every host"}.get(len(hosts), " ".join(hosts))
            lines.append(f"{told:<24}{operation['name']}")
        return lines

    @cached_property
    def record(self) -> list[dict[str, Any]]:
        """The run record's lines, hosts by their short names."""
        files = list(self.folder.glob(".kubestead/runs/*/operations.jsonl"))
        lines = [json.loads(line) for file in files for line in file.read_text().splitlines()]
        return [{**line, "host": _short(line["host"])} for line in lines]

    @cached_property
    def commands(self) -> list[tuple[str, str]]:
        """Every command in the order it was sent: the host's short name, and the command."""
        parts = re.split(r"^\[@fake/(\S+)\] *>>> ", self.stderr, flags=re.MULTILINE)
        return list(zip(parts[1::2], parts[2::2], strict=True))

    def sent(self, words: str) -> list[tuple[int, str]]:
        """When (its place among all commands) and to which host a command with ``words`` was sent."""
        return [(place, host) for place, (host, command) in enumerate(self.commands) if words in command]


def run(folder: Path, deploy: str, *options: str, lab: str = "bare_lab()", more: str = "", **chosen: Any) -> Run:
    """``pyinfra inventory.py deploys/<deploy>.py <options>`` on the hosts of ``tests/deploys/lab.py``.

    ``chosen`` are choices of the spec's whose values the chart takes, beside those of the default one.
    """
    prepare(folder, lab, more, **chosen)
    done = subprocess.run(
        pyinfra(deploy, options), cwd=folder, env=environment(folder), capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    return Run(folder, done.returncode, done.stdout, done.stderr)


def start(folder: Path, deploy: str, *options: str) -> subprocess.Popen[str]:
    """The same begun in a folder that is prepared; it goes on by itself. Its output is one text, on stdout."""
    return subprocess.Popen(
        pyinfra(deploy, options), cwd=folder, env=environment(folder), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def prepare(folder: Path, lab: str = "bare_lab()", more: str = "", **chosen: Any) -> None:
    """A folder as an operator has it, with ``inventory.py`` and a catalog; ``more`` are further lines of group_data."""
    for name in ("config.py", "deploys"):
        (folder / name).symlink_to(REPOSITORY / name)
    (folder / "group_data").mkdir()
    (folder / "group_data" / "all.py").write_text((REPOSITORY / "group_data" / "all.py").read_text() + more)
    content = catalog.content()
    content["files"]["cilium-chart"]["any"]["sha256"] = chart(folder / "cache", **chosen)
    (folder / "catalog.yaml").write_text(yaml.safe_dump(content))
    (folder / "inventory.py").write_text(INVENTORY.format(lab=lab, catalog=str(folder / "catalog.yaml")))


def pyinfra(deploy: str, options: Sequence[str]) -> list[str]:
    """The command line."""
    return [str(Path(sys.executable).with_name("pyinfra")), "inventory.py", f"deploys/{deploy}.py", *options]


def environment(folder: Path) -> dict[str, str]:
    """Of the command, in such a folder."""
    cache = str(folder / "cache")
    return {**os.environ, "PYTHONPATH": str(REPOSITORY), "PYINFRA_PROGRESS": "off", "XDG_CACHE_HOME": cache}


def chart(cache: Path, **chosen: Any) -> str:
    """Put a chart that takes the values of the spec with these choices into the downloads of ``cache``; its digest."""
    values = cilium_values(ClusterSpec.load(chosen), catalog.catalog(), nodes=3)
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for name, content in {"Chart.yaml": {"name": "cilium", "version": "1.18.4"}, "values.yaml": values}.items():
            text = yaml.safe_dump(content).encode()
            member = tarfile.TarInfo(f"cilium/{name}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text))
    digest = hashlib.sha256(data.getvalue()).hexdigest()
    folder = cache / "kubestead" / "downloads"
    folder.mkdir(parents=True)
    (folder / digest).write_bytes(data.getvalue())
    return digest


def _short(name: str) -> str:
    return name.removeprefix("@fake/")
