"""Objects in the cluster: applied by the API server itself, and deleted when they are wanted no longer."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterable, Mapping, Sequence

from pyinfra import host
from pyinfra.api import QuoteString, StringCommand, operation

from kubestead.facts.objects import APPLY, look
from kubestead.health import KUBECTL
from kubestead.manifests import Manifest, as_list, bare, content, labelled
from kubestead.objectset import CONFIDENTIAL, Change, Kinds, changes, in_the_way
from kubestead.operations import shown
from kubestead.operations.flow import refusal

Commands = Generator[StringCommand, None, None]
# An operator registers its CRDs as it starts, and may have to be pulled first.
CRD_SECONDS = 300


@operation()
def objects(
    objects: Sequence[Manifest],
    kinds: Kinds,
    owner: str,
    keep: Collection[str] = (),
    makers: Mapping[str, str] | None = None,
) -> Commands:
    """Have exactly these objects of this owner in the cluster; nothing is done where they are as they should be.

    They are applied server-side by the field manager ``kubestead``: what others set in them besides stays. Only objects
    with the owner's label are ever deleted, and what has the name of one and not its label is not taken over. Where a
    kind is not there yet, its CRD is waited for.

    Args:
        objects: the manifests, in the order they are applied; objects of a namespace name it. A Secret has ``data``.
        kinds: every kind the owner may have, in the order of the API's dependencies, with its resource and group as
            kubectl names them: ``{"CiliumNetworkPolicy": "ciliumnetworkpolicies.cilium.io"}``.
        owner: the value of the label :data:`kubestead.manifests.OWNER`.
        keep: kinds that are never deleted.
        makers: of a kind, how the name begins of the field manager that may have made one for us before.
    """
    wanted = [labelled(manifest, owner) for manifest in objects]
    owned, trial = look(host.get_fact, wanted, kinds, owner)
    others = [str(finding) for finding in in_the_way(trial, owner, kinds, lambda _: host.name, makers)]
    if refused := [*others, *(f"{host.name}: refused by the API server: {words}" for words in trial.refused)]:
        yield refusal("\n".join(refused))
        return
    found = changes(wanted, owned, trial, keep, kinds)
    if not found:
        host.noop(f"{len(wanted)} objects are as they should be")
        return
    if missing := [crd for crd in _crds(found, kinds) if crd not in owned.kinds]:
        yield _established(missing)
    yield from changed(found)


def changed(found: Sequence[Change]) -> Commands:
    """Make these changes."""
    for change in found:
        _show(change)
    if whole := [change.wanted for change in found if change.whole and change.wanted]:
        yield StringCommand(KUBECTL, "replace --filename=- > /dev/null", _stdin=as_list(whole), _timeout=120)
    if wanted := [change.wanted for change in found if change.wanted]:
        # By standard input: a Secret may be among them.
        yield StringCommand(APPLY, "> /dev/null", _stdin=as_list(wanted), _timeout=120)
    before = {change.identity: change.before for change in found if change.before and not change.wanted}
    if gone := [bare(identity, item["apiVersion"]) for identity, item in before.items()]:
        delete = "delete --ignore-not-found --timeout=60s --filename=- > /dev/null"
        yield StringCommand(KUBECTL, delete, _stdin=as_list(gone), _timeout=120)


def _crds(found: Iterable[Change], kinds: Kinds) -> list[str]:
    """The CRDs of these objects: Kubernetes' own groups have no dot in their names, or end in ``k8s.io``."""
    named = {kinds[change.identity.kind] for change in found}
    return sorted(kind for kind in named if "." in kind and not kind.endswith(".k8s.io"))


def _established(crds: Sequence[str]) -> StringCommand:
    named = [QuoteString(f"crd/{crd}") for crd in crds]
    wait = StringCommand(KUBECTL, "wait --for=condition=Established --timeout=10s", *named)
    # kubectl waits for a condition of what is there, and not for what is not.
    return StringCommand(
        f"end=$(($(date +%s) + {CRD_SECONDS})); until", wait, "> /dev/null 2>&1; do",
        f'[ "$(date +%s)" -lt "$end" ] || {{ echo "not after {CRD_SECONDS} s:" >&2;', wait,
        "> /dev/null; exit 1; }; sleep 1; done",
        _timeout=CRD_SECONDS + 60,
    )  # fmt: skip


def _show(change: Change) -> None:
    if change.after is None:
        shown.show(f"{change}: wanted no longer -> deleted")
    elif change.identity.kind == CONFIDENTIAL and change.before is not None:
        shown.show(f"{change}: other data, or labels")
    else:
        before = None if change.before is None else content(change.before)
        shown.show_values(str(change), before, content(change.after))
