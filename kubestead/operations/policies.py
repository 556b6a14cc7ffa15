"""Operations on network policies, through the API on a control plane: as they are written, and found valid."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from contextlib import suppress
from typing import Any

from pyinfra import host, state
from pyinfra.api import QuoteString, StringCommand, operation

from kubestead.cilium.policy import JUDGED, RESOURCES
from kubestead.cilium.policyset import invalid
from kubestead.facts.objects import OwnedObjects
from kubestead.health import KUBECTL
from kubestead.manifests import Identity
from kubestead.objectset import Change, Owned
from kubestead.operations.flow import failure
from kubestead.operations.objects import Commands, changed
from kubestead.operations.steps import StepFailed, ask

_JUDGED = tuple(RESOURCES[kind] for kind in JUDGED)


@operation()
def policy(change: Change | None) -> Commands:
    """Have a policy as it is written, or gone where it is written nowhere any more.

    Args:
        change: what of it differs in the cluster; None: nothing.
    """
    if change is None:
        host.noop("it is as written")
        return
    yield from changed([change])
    if change.before and change.wanted and change.identity.kind in JUDGED:
        # What Cilium said of the form before must not be taken for its word on this one. Its operator writes only over
        # the version it has read, so whatever it says from here on is about the new form.
        forget = QuoteString('{"status":{"conditions":null}}')
        named = _named(change.identity)
        yield StringCommand(
            KUBECTL, "patch", *named, "--subresource=status --type=merge --patch", forget, "> /dev/null"
        )


@operation()
def valid(owner: str, places: Mapping[Identity, str], within_seconds: int) -> Generator[StringCommand, None, None]:
    """See that Cilium finds every policy of the set valid: its agents pass over one that is not, without a word.

    Args:
        owner: whose they are.
        places: where each of its policies is written.
        within_seconds: how long to wait for the operator's word on a new one.
    """
    judged = {identity: place for identity, place in places.items() if identity.kind in JUDGED}
    if not judged or not state.is_executing:
        host.noop("Cilium's word on each is waited for")
        return
    refused, silent = _said(owner, judged)
    if silent:
        with suppress(StepFailed):  # who is silent is told below
            ask(host, _waiting(judged, within_seconds), what="waiting for Cilium's word", timeout=within_seconds + 30)
        refused, silent = _said(owner, judged)
    if refused or silent:
        yield failure(_trouble(refused, silent, {str(one): place for one, place in judged.items()}, within_seconds))
        return
    host.noop(f"Cilium finds all {len(judged)} valid")


def _said(owner: str, judged: Iterable[Identity]) -> tuple[list[str], list[str]]:
    """Those Cilium refuses, with its words, and those nothing is known of."""
    items = (host.get_fact(OwnedObjects, owner=owner, kinds=_JUDGED) or Owned()).objects
    there = {Identity.of(one) for one in items}
    refused, silent = invalid(items)
    return refused, [*silent, *(str(one) for one in judged if one not in there)]


def _waiting(policies: Iterable[Identity], seconds: int) -> StringCommand:
    """Wait for all at once, each namespace's by a kubectl of its own."""
    groups: dict[str, list[str]] = {}
    for one in policies:
        groups.setdefault(one.namespace, []).append(f"{RESOURCES[one.kind]}/{one.name}")
    said = QuoteString('jsonpath={.status.conditions[?(@.type=="Valid")].status}')
    words: list[Any] = ["export LC_ALL=C;"]
    for namespace, names in groups.items():
        within = ["--namespace", QuoteString(namespace)] if namespace else []
        words += [KUBECTL, "wait", *within, f"--timeout={seconds}s --for", said, *map(QuoteString, names)]
        words += ["> /dev/null &"]
    return StringCommand(*words, "wait")


def _trouble(refused: list[str], silent: list[str], places: Mapping[str, str], seconds: int) -> str:
    lines = [
        f"{places.get(told, told)}: Cilium refuses it, so it is not enforced: {words}; correct it and run again"
        for told, _, words in (line.partition(": ") for line in refused)
    ]
    if silent:
        lines.append(
            f"Cilium's operator has said nothing within {seconds} s of {', '.join(silent)}; see whether it runs: "
            "kubectl --namespace kube-system get pods --selector io.cilium/app=operator"
        )
    return "\n".join(lines)


def _named(one: Identity) -> list[Any]:
    within = ["--namespace", QuoteString(one.namespace)] if one.namespace else []
    return [*within, QuoteString(f"{RESOURCES[one.kind]}/{one.name}")]
