"""Running a fault's steps: scripts over the twin's SSH, and what is done to a host from outside."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from kubestead.errors import KubesteadError
from kubestead.twin import commands, control, network, state
from kubestead.twin.faults.model import MachineAction, OnControlPlane, OnNode, Step
from kubestead.twin.plan import Node, Plan, bridge_netns
from kubestead.twin.process import run

_LIBRARY = Path(__file__).with_name("library.sh")
_SECONDS = 600
_SSH_FAILED = 255

SAVE = """\
for path in {paths}; do
  if [ -e "$path" ] || [ -L "$path" ]; then printf '%s\\n' "${{path#/}}"; fi
done | tar --create --numeric-owner --directory=/ --files-from=-
"""
RESTORE = """\
rm -rf -- {paths}
tar --extract --preserve-permissions --numeric-owner --directory=/
"""


@dataclass(frozen=True)
class Target:
    """A host of a twin that is up, as steps see it.

    Args:
        plan: the twin's hosts.
        node: the one a fault is given to.
    """

    plan: Plan
    node: Node

    def run(self, steps: Sequence[Step], given: IO[bytes] | None = None) -> None:
        """Run steps in order; each one's output is the next one's input, the first one's is ``given``.

        Raises:
            KubesteadError: a step failed; the further ones were not run.
        """
        data = given.read() if given else b""
        for step in steps:
            data = self.step(step, data)

    def step(self, step: Step, data: bytes = b"") -> bytes:
        """Run one step on ``data`` and return its output."""
        if isinstance(step, OnNode):
            return self.script(self.node, step.node, data)
        if isinstance(step, OnControlPlane):
            return self.script(self.plan.nodes[0], step.control_plane, data)
        self._machine(step.machine)
        return b""

    def save(self, saves: Sequence[str], file: Path) -> None:
        """Copy files and folders of the host into a tar on this machine; those that are not there are left out."""
        file.write_bytes(self.script(self.node, SAVE.format(paths=shlex.join(saves))))

    def restore(self, saves: Sequence[str], file: Path) -> None:
        """Make these files and folders of the host what they were when saved, also those that were not there."""
        self.script(self.node, RESTORE.format(paths=shlex.join(saves)), file.read_bytes())

    def script(self, where: Node, text: str, data: bytes = b"") -> bytes:
        """Run a script by root of a host with ``data`` as its input, and return its output."""
        whole = f"{preamble(self.plan, self.node)}{_LIBRARY.read_text()}{text}"
        ssh = commands.ssh_command(self.plan.name, where.name, "root", [f"sh -c {shlex.quote(whole)}"])
        options = ["-o", "ConnectTimeout=10", "-o", "BatchMode=yes"]
        argv = [*_inside(self.plan.name), ssh[0], *options, *ssh[1:]]
        try:
            done = subprocess.run(argv, input=data, capture_output=True, check=False, timeout=_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise KubesteadError(f"{where.name}: a script did not end within {_SECONDS} s") from error
        said = done.stderr.decode(errors="replace").strip()[-600:]
        if done.returncode == _SSH_FAILED:
            raise KubesteadError(
                f"{where.name}: SSH does not let us in: {said}; see kubestead twin status --name {self.plan.name}"
            )
        if done.returncode:
            raise KubesteadError(f"{where.name}: a script ended with {done.returncode}: {said or 'no message'}")
        return done.stdout

    def _machine(self, action: MachineAction) -> None:
        twin, name = self.plan.name, self.node.name
        folder = state.files(twin).node(self.node)
        if action in {"power-off", "power-on"}:
            commands.power(twin, action.removeprefix("power-"), [name])
        elif action == "check-disk":
            # e2fsck(8): below 4 means that all is well or was corrected.
            run(["sh", "-c", 'e2fsck -fy "$1" || [ $? -lt 4 ]', "sh", str(folder / "var.ext4")])
        elif action == "cable-out":
            network.pull_cable(self.node, folder)
        else:
            network.plug_cable(self.node, folder)
            control.wait_ssh(state.files(twin), [name])


def preamble(plan: Plan, node: Node) -> str:
    """What every script begins with: it stops at errors and knows the host and the first control plane."""
    values = {"NODE": node.name, "NODE_ADDRESS": node.address, "CONTROL_PLANE": plan.nodes[0].name,
              "CONTROL_PLANE_ADDRESS": plan.nodes[0].address, "KUBECONFIG": "/etc/kubernetes/admin.conf"}  # fmt: skip
    lines = "".join(f"export {key}={shlex.quote(value)}\n" for key, value in values.items())
    return f"set -eu\n{lines}export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n"


def _inside(twin: str) -> list[str]:
    return ["nsenter", f"--net={network.path(bridge_netns(twin))}", "--"]
