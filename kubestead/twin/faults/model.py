"""What a fault is. Pure: nothing here touches the twin."""

from __future__ import annotations

from typing import Annotated, Literal, Union

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from kubestead.validation import Refusal

Role = Literal["worker", "control-plane", "cluster"]
Cure = Literal["remedy", "person"]
MachineAction = Literal["power-off", "power-on", "cable-out", "cable-in", "check-disk"]

# What a diagnosis can answer; written down here too, so that a fault does not depend on the diagnosis it tries.
CAUSES = frozenset({
    *("healthy", "unknown", "host-off", "host-unreachable", "api-unreachable", "disk-full", "disk-read-only"),
    *("inodes-exhausted", "memory-pressure", "pid-pressure", "clock-skewed", "swap-on", "kubelet-stopped"),
    *("kubelet-masked", "kubelet-bad-config", "kubelet-bad-flags", "kubelet-binary-missing"),
    *("kubelet-crashing", "kubelet-frozen", "containerd-stopped", "containerd-frozen", "containerd-bad-config"),
    *("containerd-binary-missing", "containerd-crashing", "cgroup-driver-mismatch", "sandbox-image-missing"),
    *("cni-config-missing", "cni-binary-missing", "cilium-agent-not-ready", "kubelet-certificate-expired"),
    *("kubelet-certificate-broken", "ca-replaced", "node-deleted", "cordoned", "api-server-down", "etcd-down"),
    *("control-plane-certificates-expired", "cilium-operator-pending", "pods-terminating"),
})  # fmt: skip


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class OnNode(_Model):
    """A POSIX shell script run on the host by its root."""

    node: str


class OnControlPlane(_Model):
    """A POSIX shell script run on the first control plane by its root; kubectl is the administrator's there."""

    control_plane: str = Field(alias="control-plane")


class OnMachine(_Model):
    """Something done to the host from outside: its power, its cable, its disk while it is off."""

    machine: MachineAction


def _script_on_the_node(value: object) -> object:
    return [{"node": value}] if isinstance(value, str) else value


Step = Union[OnNode, OnControlPlane, OnMachine]  # noqa: UP007  (pydantic reads it on 3.10 too)
# One script alone is one for the host.
Steps = Annotated[tuple[Step, ...], BeforeValidator(_script_on_the_node), Field(min_length=1)]


class Fault(_Model):
    """One thing that can go wrong with a host or the cluster.

    The steps of ``break`` run in order, each one's output being the next one's input; so do those of ``heal``, whose
    first step reads what ``keep`` wrote. Scripts stop at the first command that fails.

    Args:
        name: its name in kebab-case.
        title: one line for people.
        cause: what a good diagnosis should find, one of :data:`CAUSES`.
        or_causes: further answers that are right too.
        cure: ``remedy`` when software may bring the node back, ``person`` when only somebody who knows more may.
        roles: hosts it can be given to; a ``cluster`` fault is given to a control plane.
        not_ready: whether the node turns NotReady by it.
        slow: whether that, or its other symptom, takes more than a minute to show.
        saves: files and folders of the host (absolute paths) kept before and put back whole by healing.
        keep: a step whose output is kept for the first step of ``heal``.
        break_: what does the damage.
        heal: what undoes it, after the saved files are back; it must do no harm where a remedy was there first.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9-]*[a-z0-9]$")
    title: str
    cause: str
    or_causes: tuple[str, ...] = Field((), alias="or")
    cure: Cure
    roles: tuple[Role, ...] = ("worker",)
    not_ready: bool = True
    slow: bool = False
    saves: tuple[str, ...] = ()
    keep: Step | None = None
    break_: Steps = Field(alias="break")
    heal: Steps

    @model_validator(mode="after")
    def _causes_are_known(self) -> Fault:
        for cause in (self.cause, *self.or_causes):
            if cause not in CAUSES:
                raise Refusal(f"{cause} is no cause", "see CAUSES in kubestead/twin/faults/model.py")
        return self

    @property
    def scripts(self) -> tuple[str, ...]:
        """Every shell script of it, as it is written in its file."""
        steps = (*([self.keep] if self.keep else []), *self.break_, *self.heal)
        nodes = [step.node for step in steps if isinstance(step, OnNode)]
        return (*nodes, *(step.control_plane for step in steps if isinstance(step, OnControlPlane)))
