"""What the watcher knows at one moment, and what it may decide. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kubestead.diagnose import Diagnosis, Remedy
from kubestead.recovery.etcd import Members
from kubestead.recovery.settings import Settings


@dataclass(frozen=True)
class Look:
    """The last diagnosis of a node since it became a suspect.

    Args:
        diagnosis: the cause, its evidence, its ladder.
        age: seconds since it was made.
        count: diagnoses since the node became a suspect, or since the last remedy.
        same: how many of the last ones in a row found this cause.
    """

    diagnosis: Diagnosis
    age: float = 0
    count: int = 1
    same: int = 1


@dataclass(frozen=True)
class NodeState:
    """A node as the API shows it; ages in seconds, all by the watcher's own clock.

    Args:
        name: the node's.
        control_plane: it runs the control plane, by the inventory or by its label.
        managed: it is in the inventory, so there is a way to it.
        known: it was seen in the cluster before (by this watcher or another).
        young: it was never seen well, and was made only minutes ago: somebody is building it.
        present: there is a Node object.
        ready: Ready is True.
        not_ready_for: how long it has not been True; 0 while it is.
        lease_age: how long the lease has not changed.
        missing_for: how long a known node has had no Node object.
        healthy_for: how long it has been Ready with a fresh lease that was seen to be renewed; 0: it is not, or that
            is not known yet.
        cordoned: somebody, not a remedy, has switched scheduling off.
        paused: ``kubestead.dev/recovery: paused`` stands on it.
        has_power: the site has power commands for it.
        busy: what is being done about it by this watcher.
        remedy: the remedy at work, or being verified.
        look: the last diagnosis; None: not looked at since it became a suspect.
    """

    name: str
    control_plane: bool = False
    managed: bool = True
    known: bool = True
    young: bool = False
    present: bool = True
    ready: bool = True
    not_ready_for: float = 0
    lease_age: float = 0
    missing_for: float = 0
    healthy_for: float = 0
    cordoned: bool = False
    paused: bool = False
    has_power: bool = False
    busy: Literal["", "diagnosing", "applying", "verifying"] = ""
    remedy: Remedy | None = None
    look: Look | None = None

    def healthy(self, settings: Settings) -> bool:
        """Ready, and its lease under 15 s old: never touched."""
        return self.present and self.ready and self.lease_age < settings.act_after

    def suspect(self, settings: Settings) -> bool:
        """Worth a look over SSH."""
        if self.young:
            return False
        if not self.present:
            return self.known and self.missing_for >= settings.missing_after
        return self.lease_age >= settings.look_after or self.not_ready_for >= settings.not_ready_after

    def unwell_for(self, settings: Settings) -> float:
        """Seconds since it was last known to be well."""
        late = self.lease_age if self.lease_age >= settings.look_after else 0
        return max(late, self.not_ready_for, self.missing_for)


@dataclass(frozen=True)
class World:
    """The cluster: its nodes, and whether this watcher may act.

    Args:
        nodes: those of the cluster, and those of the inventory that were in it before.
        leading: this watcher holds the Lease.
        paused: the whole cluster is paused, by annotation on kube-system or on the history's ConfigMap; None: that is
            not known, and nothing is done.
        etcd: its members; None: not known.
    """

    nodes: tuple[NodeState, ...]
    leading: bool = True
    paused: bool | None = False
    etcd: Members | None = None


@dataclass(frozen=True)
class Decision:
    """Something to be done, or not, about one node."""

    node: str


@dataclass(frozen=True)
class Diagnose(Decision):
    """Look at it over SSH."""


@dataclass(frozen=True)
class Apply(Decision):
    """Run a remedy. ``climb``: when this climb of the ladder began, seconds since 1970; its name in the history."""

    remedy: Remedy
    diagnosis: Diagnosis
    climb: float


@dataclass(frozen=True)
class Hold(Decision):
    """A remedy would fit, or might; a guard says no for now. ``remedy`` is None where none was chosen yet."""

    guard: str
    why: str
    remedy: Remedy | None = None
    diagnosis: Diagnosis | None = None


@dataclass(frozen=True)
class HandOver(Decision):
    """A person's turn, told once per cause until the node is well again."""

    why: str
    diagnosis: Diagnosis | None = None


@dataclass(frozen=True)
class Recovered(Decision):
    """It is well again and was not before: what is open about it is closed."""
