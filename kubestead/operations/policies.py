"""Operations on network policies, through the API on a control plane: applied, removed, found valid."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from contextlib import suppress
from typing import Any

import yaml
from pyinfra import host, state
from pyinfra.api import QuoteString, StringCommand, operation

from kubestead.cilium.policy import JUDGED, RESOURCES, Key, Object, told
from kubestead.cilium.policyset import Change, invalid, manifest, written
from kubestead.facts.policies import PolicyConditions, apply
from kubestead.health import KUBECTL
from kubestead.operations import shown
from kubestead.operations.flow import failure
from kubestead.operations.steps import StepFailed, ask

_SAID = '{.status.conditions[?(@.type=="Valid")].status}'


@operation()
def applied(content: Object, change: Change | None) -> Generator[StringCommand, None, None]:
    """Have an object as it is written.

    Args:
        content: the object, with the label of its set.
        change: what of it differs in the cluster; None: nothing.
    """
    if change is None:
        host.noop("it is as written")
        return
    shown.show_text(told(change.key), _text(change.before), _text(change.after) or "")
    yield StringCommand(apply("> /dev/null"), _stdin=manifest([content]), _timeout=60)
    if change.before is not None and change.key[0] in JUDGED:
        # What Cilium said of the form before must not be taken for its word on this one. Its operator writes only over
        # the version it has read, so whatever it says from here on is about the new form.
        forget = QuoteString('{"status":{"conditions":null}}')
        named = _named(change.key)
        yield StringCommand(
            KUBECTL, "patch", *named, "--subresource=status --type=merge --patch", forget, "> /dev/null"
        )


@operation()
def removed(change: Change) -> Generator[StringCommand, None, None]:
    """Have an object gone that its set's folder no longer has."""
    shown.show_text(told(change.key), _text(change.before), "")
    yield StringCommand(KUBECTL, "delete --ignore-not-found", *_named(change.key), "> /dev/null", _timeout=60)


@operation()
def valid(set_name: str, places: Mapping[Key, str], within_seconds: int) -> Generator[StringCommand, None, None]:
    """See that Cilium finds every policy of the set valid: its agents pass over one that is not, without a word.

    Args:
        set_name: the set.
        places: where each of its policies is written.
        within_seconds: how long to wait for the operator's word on a new one.
    """
    judged = {key: place for key, place in places.items() if key[0] in JUDGED}
    if not judged or not state.is_executing:
        host.noop("Cilium's word on each is waited for")
        return
    with suppress(StepFailed):  # who is silent is told below
        ask(host, _waiting(judged, within_seconds), what="waiting for Cilium's word", timeout=within_seconds + 30)
    refused, silent = invalid(host.get_fact(PolicyConditions, set_name=set_name))
    if refused or silent:
        yield failure(_trouble(refused, silent, {told(key): place for key, place in judged.items()}, within_seconds))
        return
    host.noop(f"Cilium finds all {len(judged)} valid")


def _waiting(keys: Iterable[Key], seconds: int) -> StringCommand:
    """Wait for all at once, each namespace's by a kubectl of its own."""
    groups: dict[str, list[str]] = {}
    for kind, namespace, name in keys:
        groups.setdefault(namespace, []).append(f"{RESOURCES[kind]}/{name}")
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


def _named(key: Key) -> list[Any]:
    kind, namespace, name = key
    within = ["--namespace", QuoteString(namespace)] if namespace else []
    return [*within, QuoteString(f"{RESOURCES[kind]}/{name}")]


def _text(item: Object | None) -> str | None:
    return None if item is None else yaml.safe_dump(written(item), sort_keys=False)
