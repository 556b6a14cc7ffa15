"""A cluster of three nodes on the fake API whose kubelets beat, and a watcher on it; pyinfra is a stand-in."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

from kubestead.recovery.history import History
from kubestead.recovery.settings import Settings
from kubestead.watch import deploys, pause, remedying
from kubestead.watch import watcher as watching
from kubestead.watch.inventory import Inventory
from kubestead.watch.parts import Parts
from kubestead.watch.watcher import Watcher

CP, NODES = "cp", ("cp", "worker1", "worker2")
# As the real ones, some twenty times faster.
FAST = Settings(
    look_after=1.2, act_after=1.5, not_ready_after=1.5, missing_after=1.5, confirm_after=3, look_again=0.3, stable=1,
    cool_down=1, back_off=60, api_silent_after=3, budget_window=3600,
)  # fmt: skip


class Lab:
    """The nodes, and what runs on them."""

    def __init__(self, fake, kubeconfig, folder: Path, monkeypatch) -> None:
        self.fake, self.kubeconfig, self.folder = fake, kubeconfig, folder
        self.beating = set(NODES)
        self.lines: list[str] = []
        self._stop = threading.Event()
        self._watchers: list[Watcher] = []
        for name in NODES:
            labels = {"node-role.kubernetes.io/control-plane": ""} if name == CP else {}
            fake.node(name, labels=labels)
            fake.agent(name)
        stand_in = folder / "pyinfra"
        stand_in.write_text(f'#!/bin/sh\nexec {sys.executable} -S {Path(__file__).with_name("deploy.py")} "$@"\n')
        stand_in.chmod(0o755)
        monkeypatch.setattr(deploys, "PYINFRA", str(stand_in))
        monkeypatch.setattr(watching, "TICK", 0.1)
        monkeypatch.setattr(remedying, "BETWEEN_LOOKS", 0.1)
        monkeypatch.setattr(remedying, "PODS_EVERY", 0.5)
        monkeypatch.setattr(pause, "EVERY", 0.3)
        threading.Thread(target=self._beat, daemon=True).start()

    def watcher(self, settings=FAST, dry_run=False, name="watch", power=None, once=False, answers=None):
        """A watcher that runs; its parts."""
        inventory = Inventory(self.folder / "lab.py", (CP,), NODES[1:], power or {}, {"cp9": "ip9"} if answers else {})
        parts = Parts(inventory, self.kubeconfig, self.folder / name, settings, (), dry_run, self.lines.append)
        parts.elsewhere._answers = answers
        watcher = Watcher(parts, settings, dry_run)
        self._watchers.append(watcher)
        self.parts = parts
        threading.Thread(target=watcher.run, args=(once,), daemon=True).start()
        return watcher, parts

    def fails(self, node, cause="kubelet-stopped", remedies="restart_kubelet restore_node"):
        """The node's kubelet stops; a diagnosis will find this."""
        (self.folder / f"cause-{node}").write_text(f"{cause} {remedies}")
        self.beating.discard(node)

    def heals(self, node, boot="boot-1"):
        """It is well again."""
        self.beating.add(node)
        self.fake.node(node, boot=boot)

    def ran(self, what=""):
        """The deploys that were run, diagnoses left out."""
        path = self.folder / "ran"
        lines = path.read_text().splitlines() if path.exists() else []
        return [line for line in lines if not line.startswith("diagnose") and line.startswith(what)]

    def audit(self, decision="", name="watch"):
        """Lines of the audit."""
        path = self.folder / name / "audit.jsonl"
        lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [line for line in lines if not decision or line["decision"] == decision]

    def history(self) -> History:
        """As it stands in the cluster."""
        found = self.fake.objects["configmaps"].get("kubestead-recovery")
        return History.from_json(found["data"]["history.json"]) if found else History()

    def close(self):
        """Stop everything."""
        self._stop.set()
        for watcher in self._watchers:
            watcher.stop()

    def _beat(self):
        while not self._stop.wait(0.3):
            for name in tuple(self.beating):
                self.fake.beat(name)
