"""Objects of a cluster as kubestead applies them: which are its own, and which are not as they should be. Pure.

The API server itself remembers which fields of an object kubestead has set (server-side apply, ``managedFields``). What
they hold now is compared with what is wanted: so a field that is wanted no longer is seen, and what others added or the
API server filled in is not taken for a difference. Source: the page of Kubernetes' reference on server-side apply.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

MANAGER = "kubestead"
"""The field manager's name."""

OWNER = "kubestead.dev/owner"
"""The label of every object kubestead applies: for whom, as in ``cilium``. Whatever does not have it is left alone."""

Manifest = Mapping[str, Any]


@dataclass(frozen=True, order=True)
class Identity:
    """Which object: its API group (empty for the core's), kind, namespace (empty where it has none) and name."""

    group: str
    kind: str
    namespace: str
    name: str

    @classmethod
    def of(cls, manifest: Manifest) -> Identity:
        """That of a manifest or of an object as the API gives it."""
        group, slash, _ = manifest["apiVersion"].partition("/")
        metadata = manifest["metadata"]
        return cls(group if slash else "", manifest["kind"], metadata.get("namespace", ""), metadata["name"])

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}".replace(" /", " ")


def labelled(manifest: Manifest, owner: str) -> dict[str, Any]:
    """The manifest with the owner's label; what is null in it is left out, as the API server does."""
    stripped: dict[str, Any] = _without_nulls(manifest)
    metadata = stripped["metadata"]
    return {**stripped, "metadata": {**metadata, "labels": {**metadata.get("labels", {}), OWNER: owner}}}


def bare(identity: Identity, version: str) -> dict[str, Any]:
    """A manifest that names the object and says nothing of it: enough to delete it. ``version`` is its apiVersion."""
    namespace = {"namespace": identity.namespace} if identity.namespace else {}
    return {"apiVersion": version, "kind": identity.kind, "metadata": {**namespace, "name": identity.name}}


def as_list(manifests: Iterable[Manifest]) -> str:
    """All of them as one document that kubectl reads, on one line."""
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(manifests)})


def items(answer: str) -> list[dict[str, Any]]:
    """The objects of an answer in JSON: a list's, or the only one; kubectl prints none at all where it found none."""
    try:
        found = json.loads(answer)
    except ValueError:
        return []
    if not isinstance(found, dict):
        return []
    return list(found["items"]) if "items" in found else [found]


def content(manifest: Manifest) -> dict[str, Any]:
    """What a manifest says of its object, without what names it; a Secret's data is nobody's to see."""
    metadata = {key: value for key, value in manifest["metadata"].items() if key in ("labels", "annotations")}
    others = {key: value for key, value in manifest.items() if key not in ("apiVersion", "kind", "metadata", "status")}
    if manifest["kind"] == "Secret":
        others.pop("data", None)
    return {"metadata": metadata, **others}


def applied(live: Manifest) -> dict[str, Any]:
    """What kubestead has set in an object of the cluster, as it is now; empty where it never did.

    Args:
        live: the object as the API gives it, with its ``managedFields``.
    """
    own = [
        entry.get("fieldsV1") or {}
        for entry in live["metadata"].get("managedFields") or ()
        if (entry["manager"], entry["operation"]) == (MANAGER, "Apply") and not entry.get("subresource")
    ]
    if not own or own[0] == {}:
        return {}
    part: dict[str, Any] = _part(live, own[0])
    return content({**part, "kind": live["kind"], "metadata": part.get("metadata", {})})


def foreign(live: Manifest) -> bool:
    """Whether others have set anything in the object, beside what names it, that kubestead has not: applying leaves it.

    Args:
        live: the object as the API gives it, with its ``managedFields``.
    """
    entries = [one for one in live["metadata"].get("managedFields") or () if not one.get("subresource")]
    own = [one for one in entries if (one["manager"], one["operation"]) == (MANAGER, "Apply")]
    ours = own[0].get("fieldsV1") or {} if own else {}
    theirs = [one.get("fieldsV1") or {} for one in entries if one not in own]
    return any(
        _beyond(inner, ours.get(key)) for fields in theirs for key, inner in fields.items() if key != "f:metadata"
    )


def _beyond(theirs: Mapping[str, Any], ours: Mapping[str, Any] | None) -> bool:
    """Whether fields in the API server's form (FieldsV1) name anything that ours do not."""
    if ours is None:
        return True
    return any(_beyond(inner, ours.get(key)) for key, inner in theirs.items() if key != ".")


def differs(wanted: Manifest, live: Manifest) -> bool:
    """Whether applying ``wanted`` would change the object; a Secret's data is not looked at."""
    return content(wanted) != applied(live)


def _part(value: Any, fields: Mapping[str, Any]) -> Any:
    """The part of ``value`` that is named by fields in the API server's form (FieldsV1)."""
    below = {key: inner for key, inner in fields.items() if key != "."}
    if not below:
        return value
    if isinstance(value, list):
        found = (_item(value, key, inner) for key, inner in below.items())
        return [item for items in found for item in items]
    if not isinstance(value, Mapping):
        return value
    named = {key.removeprefix("f:"): inner for key, inner in below.items() if key.startswith("f:")}
    return {key: _part(value[key], inner) for key, inner in named.items() if key in value}


def _item(items: list[Any], key: str, fields: Mapping[str, Any]) -> list[Any]:
    """The item that ``k:{"name":"x"}``, ``v:"x"`` or ``i:0`` names; none where it is not there."""
    form, _, said = key.partition(":")
    named = json.loads(said)
    if form == "k":
        return [_part(item, fields) for item in items if all(item.get(key) == value for key, value in named.items())]
    if form == "v":
        return [item for item in items if item == named]
    return [_part(items[named], fields)] if named < len(items) else []


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list | tuple):
        return [_without_nulls(inner) for inner in value]
    return value
