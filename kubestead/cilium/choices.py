"""What every choice of Cilium's does, needs and excludes, and whether it was proven: ``choices.yaml``, read. Pure."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

FILE = Path(__file__).with_name("choices.yaml")
# The state of a choice that has no words of its own: it is true, or something was written for it.
USED = "used"


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class State(_Model):
    """A value of a choice.

    Args:
        does: what it does, a sentence without a full stop.
        needs: what there must be for it.
        excludes: what does not go with it.
        measured: the tests that showed it with packets or a real cluster, as ``FILE`` or ``FILE::FUNCTION``.
        unproven: why none did; it was rendered and validated only.
    """

    does: str
    needs: str = ""
    excludes: str = ""
    measured: tuple[str, ...] = ()
    unproven: str = ""

    @model_validator(mode="after")
    def _one_proof(self) -> State:
        if bool(self.measured) == bool(self.unproven):
            raise ValueError("either tests that measured it, or the reason why none did")
        return self

    @property
    def proof(self) -> str:
        """In words: the tests, or why there is none."""
        return f"measured: {', '.join(self.measured)}" if self.measured else f"not proven: {self.unproven}"


class Topic(_Model):
    """Choices that belong together, by key and by value."""

    topic: str
    choices: dict[str, dict[str, State]] = Field(min_length=1)


@cache
def topics() -> tuple[Topic, ...]:
    """The file's topics, in its order."""
    return TypeAdapter(tuple[Topic, ...]).validate_python(yaml.safe_load(FILE.read_text()))
