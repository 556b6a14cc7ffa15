"""Findings from pydantic's errors: every problem at once, in plain words, each with its fix."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from typing import Any, get_args
from urllib.parse import SplitResult

from pydantic import BaseModel, ValidationError

from kubestead.errors import Finding

# No key anybody reads is longer; comparing text takes time with the square of its length.
LONGEST_KEY = 100
Location = tuple[int | str, ...]

_REASONS = {
    "missing": "is required",
    "string_type": "must be text, in quotes",
    "int_type": "must be a whole number, without quotes",
    "bool_type": "must be true or false, without quotes",
    "dict_type": "must be a mapping of keys to values",
    "model_type": "must be a mapping of keys to values",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "path_type": "must be a path, as text in quotes",
    "too_short": "must not be empty",
}


class Refusal(ValueError):
    """Raised by a validator.

    Args:
        reason: what is wrong with the value, one sentence without a full stop.
        fix: what to write instead; empty for the field's own description.
    """

    def __init__(self, reason: str, fix: str = "") -> None:
        super().__init__(reason)
        self.reason, self.fix = reason, fix


class SecretRefused(Refusal):
    """A refusal of a value that may hold a secret: it is not repeated."""


def refuse_password(url: SplitResult) -> None:
    """Where hosts get it, in files and process lists, everybody there could read it.

    Raises:
        SecretRefused: the URL has a user or password.
    """
    if "@" in url.netloc:
        raise SecretRefused(
            "holds a user or password, which everybody on every host could read, in files and process lists",
            "write it without, and let the mirror know the hosts by their addresses",
        )


def nearest(name: object, known: Iterable[str]) -> str | None:
    """The known name a typing error was probably meant to be, or None (difflib's usual cutoff of 0.6)."""
    return next(iter(difflib.get_close_matches(str(name)[:LONGEST_KEY], list(known), n=1)), None)


def unknown_key(where: str, key: object, known: Iterable[str], value: object = None) -> Finding:
    """The finding for a key nobody reads, with the nearest known one."""
    names = sorted(known)
    guess = nearest(key, names)
    fix = f"did you mean {guess}?" if guess else f"remove it; the keys here are {', '.join(names)}"
    return Finding(where, "no such key", fix, value=value)


def findings_of(error: ValidationError, model: type[BaseModel], locate: Callable[[Location], str]) -> list[Finding]:
    """One finding per error; ``locate`` turns pydantic's location (``("hosts", "k8s-cp", "port")``) into a place.

    Values in a field declared with ``repr=False`` are not repeated: they may be secret.
    """
    details = error.errors()
    return [_finding(detail, model, locate) for detail in details if not _follows(detail, details)]


def _follows(detail: Any, details: Iterable[Any]) -> bool:
    """A list is too short because pydantic does not count its entry that is wrong, which has an error of its own."""
    location: Location = detail["loc"]
    return detail["type"] == "too_short" and any(
        len(other["loc"]) > len(location) and other["loc"][: len(location)] == location for other in details
    )


def _finding(detail: Any, model: type[BaseModel], locate: Callable[[Location], str]) -> Finding:
    location: Location = detail["loc"]
    if location and location[-1] == "[key]":
        location = location[:-1]
    where, value = locate(location), None if _secret(model, location) else detail["input"]
    holder = _holder(model, location)
    if detail["type"] == "extra_forbidden":
        # What stands below a key nobody knows may be as secret as what stands below the one that was meant.
        return unknown_key(where, location[-1], holder.model_fields, None if isinstance(value, dict) else value)
    described = _describe(model, location)
    if detail["type"] == "missing":
        return Finding(where, _REASONS["missing"], described)
    cause = detail.get("ctx", {}).get("error")
    if isinstance(cause, SecretRefused):
        return Finding(where, cause.reason, cause.fix)
    if isinstance(cause, Refusal):
        return Finding(where, cause.reason, cause.fix or described, value=value)
    if detail["type"] == "literal_error":
        return Finding(where, f"must be {detail['ctx']['expected']}", described, value=value)
    message = detail["msg"].replace("Input should be", "must be")
    return Finding(where, _REASONS.get(detail["type"], message), described, value=value)


def _secret(model: type[BaseModel], location: Location) -> bool:
    """Some key of the location holds what is not to be printed."""
    for end in range(1, len(location) + 1):
        field = _holder(model, location[:end]).model_fields.get(str(location[end - 1]))
        if field and not field.repr:
            return True
    return False


def _holder(model: type[BaseModel], location: Location) -> type[BaseModel]:
    """The model that holds the last key of a location."""
    for part in location[:-1]:
        field = model.model_fields.get(str(part))
        model = (field and _model_in(field.annotation)) or model
    return model


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)


def _describe(model: type[BaseModel], location: Location) -> str:
    for end in range(len(location), 0, -1):
        field = _holder(model, location[:end]).model_fields.get(str(location[end - 1]))
        if field and field.description:
            return f"give {field.description}"
    return "see the annotated example"
