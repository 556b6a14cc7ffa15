"""The objects one owner has in a cluster, as they are and as they should be: what differs, goes, is in the way. Pure.

The API is asked for the owner's objects; what it remembers of the fields kubestead set in them tells which may not be
as they should be. Of these alone it is asked who has their names, and what applying them would make of them (its own
dry run): a run that changes nothing asks once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from kubestead.errors import Finding
from kubestead.manifests import OWNER, Identity, Manifest, content, differs, foreign

CONFIDENTIAL = "Secret"
# kubectl names every kind in full: "networkpolicies" alone is the name of several groups' kinds.
Kinds = Mapping[str, str]


@dataclass(frozen=True)
class Owned:
    """What the API has of an owner.

    Args:
        kinds: those of the kinds asked for that the API knows, as kubectl names them.
        objects: the owner's objects of them, Secrets without data.
        held: the Secrets (``namespace/name``) that hold exactly the data that is wanted.
    """

    kinds: tuple[str, ...] = ()
    objects: tuple[Manifest, ...] = ()
    held: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trial:
    """What the API server says to objects before they are applied.

    Args:
        there: what has their names already, whoever's it is.
        objects: they themselves as they would be; no Secrets.
        refused: its words, where it refuses any.
    """

    there: tuple[Manifest, ...] = ()
    objects: tuple[Manifest, ...] = ()
    refused: tuple[str, ...] = ()


@dataclass(frozen=True)
class Change:
    """An object that is to be applied or, without ``after``, deleted; without ``before`` it is new.

    Args:
        identity: which object.
        before: as it is.
        after: as the API server says it would be; as it is wanted, where that could not be asked.
        wanted: what is applied.
        whole: what others have set in it goes.
    """

    identity: Identity
    before: Manifest | None = None
    after: Manifest | None = None
    wanted: Manifest | None = None
    whole: bool = False

    def __str__(self) -> str:
        return str(self.identity)


def in_doubt(wanted: Sequence[Manifest], owned: Owned, whole: bool = False) -> list[Manifest]:
    """What of ``wanted``, each with the owner's label, is missing or may not be as it should be.

    Args:
        wanted: every object the owner should have.
        owned: those it has.
        whole: nobody else may have set anything in them.
    """
    live = {Identity.of(one): one for one in owned.objects}
    return [
        one
        for one in wanted
        if (present := live.get(Identity.of(one))) is None
        or differs(one, present)
        or (whole and foreign(present))
        or (one["kind"] == CONFIDENTIAL and _path(one) not in owned.held)
    ]


def changes(
    wanted: Sequence[Manifest],
    owned: Owned,
    trial: Trial,
    keep: Collection[str] = (),
    kinds: Kinds | None = None,
    whole: bool = False,
) -> list[Change]:
    """What is to be applied, in the order of ``wanted``, then what is to be deleted.

    Args:
        wanted: every object the owner should have, with its label.
        owned: those it has.
        trial: of those in doubt.
        keep: kinds that are never deleted.
        kinds: in the order in which they need each other: the last one's objects are deleted first.
        whole: nobody else may have set anything in them.
    """
    live = {Identity.of(one): one for one in owned.objects}
    there, would_be = ({Identity.of(one): one for one in found} for found in (trial.there, trial.objects))
    found = []
    for one in in_doubt(wanted, owned, whole):
        identity = Identity.of(one)
        before = live.get(identity) or there.get(identity)
        # Applying would leave what others have set, and so does the API server's answer.
        replaced = whole and before is not None and foreign(before)
        after = one if replaced else would_be.get(identity, one)
        if before is None or replaced or one["kind"] == CONFIDENTIAL or content(before) != content(after):
            found.append(Change(identity, before, after, one, replaced))
    names = {Identity.of(one) for one in wanted}
    gone = [identity for identity in live if identity not in names and identity.kind not in keep]
    order = list(kinds or ())
    gone.sort(key=lambda identity: order.index(identity.kind) if identity.kind in order else -1, reverse=True)
    return [*found, *(Change(identity, live[identity]) for identity in gone)]


def in_the_way(
    trial: Trial, owner: str, kinds: Kinds, where: Callable[[Identity], str], makers: Mapping[str, str] | None = None
) -> Iterator[Finding]:
    """What has a wanted object's name and is not the owner's: it is not taken over without a word.

    Args:
        trial: of the objects in doubt.
        owner: the label's value.
        kinds: each kind's name for kubectl.
        where: where an object of ours is written.
        makers: of a kind, how the name begins of the field manager that may have made it for us.
    """
    for one in trial.there:
        identity = Identity.of(one)
        holder = (one["metadata"].get("labels") or {}).get(OWNER)
        if holder == owner or _made_by(one, (makers or {}).get(identity.kind)):
            continue
        whose = f"belongs to {holder}" if holder else "was not applied by kubestead"
        namespace = f"--namespace {identity.namespace} " if identity.namespace else ""
        label = f"kubectl label {namespace}--overwrite {kinds[identity.kind]} {identity.name} {OWNER}={owner}"
        reason = f"{identity} is in the cluster already and {whose}"
        yield Finding(where(identity), reason, f"rename yours, or hand that one over: {label}")


def _made_by(item: Manifest, manager: str | None) -> bool:
    entries = item["metadata"].get("managedFields") or ()
    return manager is not None and any(str(entry.get("manager")).startswith(manager) for entry in entries)


def _path(secret: Manifest) -> str:
    return f"{secret['metadata'].get('namespace', '')}/{secret['metadata']['name']}"


def data_row(secret: Manifest, data: str) -> str:
    """A Secret with its ``data`` as kubectl prints that: a line for the comparison on the host."""
    return f"{_path(secret)}\t{data}"
