"""Cilium's choices as a spec makes them, each with what it does, needs and excludes. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from kubestead.assignment import assignment
from kubestead.cilium.choices import USED, topics
from kubestead.cilium.mtu import pod_mtu

if TYPE_CHECKING:
    from kubestead.spec import ClusterSpec


@dataclass(frozen=True)
class Explained:
    """A choice of a spec; ``used`` is False where nothing was chosen, and then nothing else is said."""

    topic: str
    key: str
    value: Any
    used: bool
    does: str = ""
    needs: str = ""
    excludes: str = ""
    proven: bool = False
    proof: str = ""

    @property
    def written(self) -> str:
        """The line of group_data."""
        return assignment(self.key, self.value)

    def as_data(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return asdict(self)


def explained(spec: ClusterSpec) -> Iterator[Explained]:
    """Every choice, by topic."""
    values = spec.model_dump(mode="json")
    for topic in topics():
        for key, states in topic.choices.items():
            state = states.get(_word(values[key]))
            if state is None:
                yield Explained(topic.topic, key, values[key], used=False, does="not used")
                continue
            does = state.does + (
                f": {pod_mtu(spec, spec.cilium_mtu)} bytes are left for pods" if key == "cilium_mtu" else ""
            )
            yield Explained(
                topic.topic, key, values[key], used=True, does=does, needs=state.needs, excludes=state.excludes,
                proven=bool(state.measured), proof=state.proof,
            )  # fmt: skip


def _word(value: Any) -> str:
    """Which of a choice's states a value is: itself where it is a word of its own."""
    if isinstance(value, str) and "/" not in value:
        return value
    return USED if value else "unused"
