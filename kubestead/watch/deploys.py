"""Diagnosis and remedies, run as the same deploys a person runs, each a process of its own."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timezone
from pathlib import Path

from kubestead import power
from kubestead.diagnose import Cause, Diagnosis, Remedy, advice
from kubestead.errors import KubesteadError
from kubestead.recovery.settings import DIAGNOSIS_LIMIT, TIME_LIMIT
from kubestead.watch.inventory import PYINFRA, Inventory
from kubestead.watch.subprocesses import Ended, run

# Quiet: what pyinfra says goes to a file, where a progress bar helps nobody.
ENV = {"PYINFRA_PROGRESS": "off"}
MayGoOn = Callable[[], bool]


class Deploys:
    """Runs deploys on the inventory's hosts.

    Args:
        inventory: the hosts.
        folder: for what they say, a file per run.
        watcher: whose they are: it stands in what they leave on a node.
    """

    def __init__(self, inventory: Inventory, folder: Path, watcher: str) -> None:
        self._inventory, self._folder, self._watcher = inventory, folder, watcher

    def diagnose(self, nodes: Sequence[str], may_go_on: MayGoOn) -> dict[str, Diagnosis]:
        """Look at these nodes, at once; of a node nothing was said about the cause is ``unknown``.

        Empty when it was ended because this watcher may not act any more: that says nothing of the nodes.
        """
        try:
            return self._diagnose(nodes, may_go_on)
        except OSError as error:  # this machine's disk is full, or its processes are used up
            ended = Ended(1, 0, str(error))
            return {node: _unknown(node, ended) for node in nodes}

    def _diagnose(self, nodes: Sequence[str], may_go_on: MayGoOn) -> dict[str, Diagnosis]:
        limits = dict.fromkeys((*nodes, self._inventory.control_planes[0]))
        with tempfile.TemporaryDirectory(prefix="kubestead-diagnosis-") as folder:
            file = Path(folder) / "diagnoses.jsonl"
            ended = self._deploy("diagnose", limits, DIAGNOSIS_LIMIT, may_go_on, f"diagnosis_file={file}")
            if ended.code is None and not ended.over_limit:
                return {}
            found = read_diagnoses(file.read_text() if file.exists() else "")
        return {node: found.get(node) or _unknown(node, ended) for node in nodes}

    def apply(self, node: str, remedy: Remedy, may_go_on: MayGoOn) -> Ended:
        """Run a remedy of the deploys, or cycle the power."""
        if remedy is Remedy.POWER_CYCLE:
            return self._power_cycle(node)
        return self._deploy(remedy.value, (node,), TIME_LIMIT[remedy], may_go_on, f"watcher={self._watcher}")

    def power(self, node: str) -> str:
        """``on`` or ``off`` by the site's own command; empty where it does not say."""
        return power.status(self._inventory.power.get(node)) or ""

    def _deploy(self, name: str, limits: Iterable[str], seconds: float, may_go_on: MayGoOn, *data: str) -> Ended:
        hosts = list(limits)
        argv = [PYINFRA, "-y", str(self._inventory.path), f"deploys/{name}.py"]
        argv += [word for host in hosts for word in ("--limit", host)]
        argv += [word for pair in data for word in ("--data", pair)]
        return run(argv, self._log(name, hosts[0]), seconds, may_go_on, ENV)

    def _power_cycle(self, node: str) -> Ended:
        """Off, proven off, on, proven on; whether the node came back is seen through the API.

        It is not ended in the middle when this watcher may not act any more: what is off would stay off.
        """
        begun = time.monotonic()
        try:
            power.cycle(self._inventory.power[node])
        except KubesteadError as error:
            return Ended(1, time.monotonic() - begun, str(error))
        return Ended(0, time.monotonic() - begun, "power off and on")

    def _log(self, name: str, node: str) -> Path:
        return self._folder / f"{datetime.now(timezone.utc):%Y%m%dT%H%M%S.%f}Z-{node}-{name}.log"


def read_diagnoses(text: str) -> dict[str, Diagnosis]:
    """The diagnoses of a file with one JSON object per line, by node; a line that is none is left out."""
    found = {}
    for line in text.splitlines():
        try:
            diagnosis = Diagnosis.from_data(json.loads(line))
        except (ValueError, TypeError):
            continue
        found[diagnosis.node] = diagnosis
    return found


def _unknown(node: str, ended: Ended) -> Diagnosis:
    how = "took too long" if ended.over_limit else f"ended with {ended.code}"
    evidence = (f"the diagnosis itself {how}", *ended.last.splitlines()[-3:])
    return Diagnosis(node, Cause.UNKNOWN, evidence, (), advice(Cause.UNKNOWN, node))
