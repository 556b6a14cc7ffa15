"""The build all tests on the lab share: from bare hosts, as a guarded site has it, watched for secrets all the while.

It is one build for three questions, so that it costs no more than one: is a cluster built, is it built by a user with
sudo through a jump host, and is a secret seen anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from kubestead.record.read import find
from tests.twin.conftest import Twin
from tests.twin.guarded import Guarded, guard
from tests.twin.operator import Run, changes, deploy, planned
from tests.twin.sampler import sampling


@dataclass(frozen=True)
class Building:
    """What the build left.

    Args:
        twin, guarded: where, and how the operator came in.
        plan: what the dry run before it said would change: host and operation.
        run: what it printed, with everything pyinfra has to say.
        changes: what it then changed.
        record: the folder of its run record.
        samples: what was seen meanwhile (:mod:`tests.twin.sampler`).
        temporary: the run's own folder for temporary files.
        canary: a word that was put where secrets must not be: the search has to find it.
    """

    twin: Twin
    guarded: Guarded
    plan: set[tuple[str, str]]
    run: Run
    changes: set[tuple[str, str]]
    record: Path
    samples: Path
    temporary: Path
    canary: str


def build(twin: Twin, folder: Path) -> Building:
    """Build the cluster on bare hosts."""
    guarded = guard(twin, folder)
    samples, temporary, canary = folder / "samples.jsonl", folder / "temporary", f"canary-{token_hex(20)}"
    temporary.mkdir()
    dry = deploy(twin, "cluster", "--dry", "--json", site=guarded.site)
    assert dry.returncode == 0, dry.text
    with sampling(samples, twin.name, temporary), _planted(twin, canary):
        run = deploy(twin, "cluster", "-vvv", "--debug", site=guarded.site, temporary=temporary)
    return Building(twin, guarded, planned(dry), run, changes(), find(None), samples, temporary, canary)


@contextmanager
def _planted(twin: Twin, canary: str) -> Iterator[None]:
    """Do on a host what must never be done with a secret."""
    twin.ssh("k8s-worker1", f"systemd-run --quiet --unit=canary sleep infinity {canary}")
    twin.ssh("k8s-worker1", f"echo {canary} > /tmp/canary; echo {canary} >> /root/.bash_history; logger {canary}")
    try:
        yield
    finally:
        twin.ssh("k8s-worker1", "systemctl stop canary; rm /tmp/canary")
