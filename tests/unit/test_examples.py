"""The examples of docs/scale.md: every worker is in one shard, and the commands are kubestead's own."""

from __future__ import annotations

import re
import shlex
import subprocess
from fnmatch import filter as matching
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKERS = {f"k8s-worker{number}" for number in range(1, 51)}
FIRST = "k8s-worker[1-9]"


def example(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "examples" / name).read_text())
    return found


def job_args() -> list[str]:
    (container,) = example("indexed-job.yaml")["spec"]["template"]["spec"]["containers"]
    return list(container["args"])


SHARDS = {
    "matrix": example("ci-matrix.yaml")["jobs"]["shards"]["strategy"]["matrix"]["shard"],
    "indexed job": job_args()[2:],
}


@pytest.mark.parametrize("shards", SHARDS.values(), ids=SHARDS)
def test_every_worker_is_in_one_shard(shards: list[str]) -> None:
    found = [name for pattern in [FIRST, *shards] for name in matching(sorted(WORKERS), pattern)]
    assert (len(found), set(found)) == (len(WORKERS), WORKERS)


@pytest.mark.parametrize("name", ["ci-matrix.yaml", "indexed-job.yaml"])
def test_the_commands_name_what_there_is(name: str) -> None:
    text = (ROOT / "examples" / name).read_text()
    commands = re.findall(r"pyinfra -y (.*)", text)
    assert commands
    for inventory, deploy, *options in map(shlex.split, commands):
        assert (ROOT / inventory).is_file()
        assert (ROOT / deploy).is_file()
        assert set(options[::2]) == {"--limit"}


def test_the_matrix_waits_for_the_first() -> None:
    jobs = example("ci-matrix.yaml")["jobs"]
    assert (jobs["shards"]["needs"], jobs["verify"]["needs"]) == ("first", "shards")
    assert FIRST in jobs["first"]["steps"][-1]["run"]


@pytest.mark.parametrize("index", range(5))
def test_an_index_takes_its_own_shard(index: int, tmp_path: Path) -> None:
    (tmp_path / ".venv/bin").mkdir(parents=True)
    fake = tmp_path / ".venv/bin/pyinfra"
    fake.write_text('#!/bin/sh\nfor last; do :; done; echo "$last"\n')
    fake.chmod(0o755)
    script, *arguments = job_args()
    done = subprocess.run(
        ["sh", "-euc", script, *arguments], cwd=tmp_path, env={"JOB_COMPLETION_INDEX": str(index)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == SHARDS["indexed job"][index]


def test_the_job_has_an_index_for_every_shard() -> None:
    assert example("indexed-job.yaml")["spec"]["completions"] == len(SHARDS["indexed job"])
