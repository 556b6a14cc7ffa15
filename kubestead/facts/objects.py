"""Facts about the objects kubestead applies to the cluster, asked on a control plane: what there is, what would be."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pyinfra.api import FactBase, QuoteString, StringCommand

from kubestead.health import KUBECTL
from kubestead.manifests import MANAGER, OWNER, Identity, Manifest, as_list, bare, items
from kubestead.objectset import CONFIDENTIAL, Kinds, Owned, Trial, data_row, in_doubt
from kubestead.packing import unpacked

OWNED, TRIAL = (Path(__file__).with_name(f"objects_{one}.sh") for one in ("owned", "trial"))
APPLY = (
    f"{KUBECTL} --request-timeout=20s apply --server-side --force-conflicts --field-manager={MANAGER} "
    "--validate=strict --filename=-"
)
"""Applies what it reads: unknown and doubled fields are errors, and what we wrote stays ours."""


class Concealed(list[str]):
    """Lines for ``_stdin`` of a fact: pyinfra prints it with the others, and then it is a number of this run's."""

    def __repr__(self) -> str:
        return f"*MASKED* {hash(tuple(self)):x}"

    __str__ = __repr__


class OwnedObjects(FactBase[Owned | None]):
    """The objects of ``kinds`` that carry the label of ``owner``; None where the API does not answer.

    Args:
        owner: the label's value.
        kinds: as ``kubectl api-resources --output=name`` has them: ``ciliumnetworkpolicies.cilium.io``. Kinds the API
            does not know are passed over: Cilium's come with its operator.
        compare: there is a line for each Secret on ``_stdin`` (:func:`secret_rows`). They are compared on the host: a
            password is on no command line, and in nobody's output.
    """

    @staticmethod
    def default() -> None:
        return None

    def command(self, owner: str, kinds: tuple[str, ...], compare: bool = False) -> StringCommand:
        return StringCommand(
            "selector=", QuoteString(f"{OWNER}={owner}"), " kinds=", QuoteString(",".join(kinds)),
            f" compare={'yes' if compare else 'no'}\n{OWNED.read_text()}", _separator="",
        )  # fmt: skip

    def process(self, output: list[str]) -> Owned | None:
        if output[-1:] != ["answered"]:
            return None
        rows = [line.partition("\t") for line in output]
        known = next((value for key, _, value in rows if key == "kinds"), "")
        return Owned(
            tuple(filter(None, known.split(","))),
            tuple(json.loads(line) for line in output if line.startswith("{")),
            tuple(value for key, _, value in rows if key == "held"),
        )


class ObjectTrial(FactBase[Trial]):
    """What the API server says to the objects on ``_stdin`` (:func:`on_trial`); nothing is written."""

    default = Trial

    def command(self) -> StringCommand:
        column = ".metadata.labels." + OWNER.replace(".", "\\.")
        return StringCommand(
            "apply=", QuoteString(APPLY), " owner=", QuoteString(column), f"\n{TRIAL.read_text()}", _separator=""
        )

    def process(self, output: list[str]) -> Trial:
        there, objects, words = [], [], []
        for key, tab, value in (line.partition("\t") for line in output):
            if key == "there":
                there += items(unpacked(value))
            elif key == "secret":
                there.append(_secret(*value.split()))
            elif key == "would-be":
                objects += items(unpacked(value))
            elif key.strip():
                words.append(f"{key}{tab}{value}")
        # With objects there, the rest is warnings.
        return Trial(tuple(there), tuple(objects), () if objects else tuple(words))


def _secret(namespace: str, name: str, owner: str) -> dict[str, Any]:
    metadata = {"namespace": namespace, "name": name, "labels": {} if owner == "<none>" else {OWNER: owner}}
    return {"apiVersion": "v1", "kind": CONFIDENTIAL, "metadata": metadata}


def secret_rows(wanted: Iterable[Manifest]) -> Concealed:
    """The Secrets among ``wanted`` for :class:`OwnedObjects`, their data as kubectl prints it: keys in order."""
    secrets = (one for one in wanted if one["kind"] == CONFIDENTIAL)
    return Concealed(
        [data_row(one, json.dumps(dict(one["data"]), sort_keys=True, separators=(",", ":"))) for one in secrets]
    )


def on_trial(manifests: Sequence[Manifest]) -> Concealed:
    """Objects for :class:`ObjectTrial`; of Secrets only their names."""
    secrets = [bare(Identity.of(one), one["apiVersion"]) for one in manifests if one["kind"] == CONFIDENTIAL]
    others = [one for one in manifests if one["kind"] != CONFIDENTIAL]
    return Concealed([as_list(one) if one else "" for one in (others, secrets)])


def look(
    get_fact: Callable[..., Any], wanted: Sequence[Manifest], kinds: Kinds, owner: str, whole: bool = False
) -> tuple[Owned, Trial]:
    """What there is of an owner's objects, and what the API server says to those in doubt.

    Args:
        get_fact: asks the first control plane, as ``host.get_fact`` does.
        wanted: every object the owner should have, with its label.
        kinds: every kind the owner may have, with its name for kubectl.
        owner: the label's value.
        whole: nobody else may have set anything in them.
    """
    rows = secret_rows(wanted)
    data: dict[str, Any] = {"compare": True, "_stdin": rows} if rows else {}
    owned = get_fact(OwnedObjects, owner=owner, kinds=tuple(kinds.values()), **data) or Owned()
    # Of a kind the API does not know there are none, and it has nothing to say to them.
    asked = [one for one in in_doubt(wanted, owned, whole) if kinds[one["kind"]] in owned.kinds]
    trial = get_fact(ObjectTrial, _stdin=on_trial(asked)) if asked else Trial()
    if not trial.objects and not trial.refused and any(one["kind"] != CONFIDENTIAL for one in asked):
        trial = replace(trial, refused=("no answer to its dry run",))
    return owned, trial
