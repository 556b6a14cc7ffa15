"""Objects in the cluster: applied by the API server itself, and taken away again when they are wanted no longer."""

from __future__ import annotations

from collections.abc import Collection, Generator, Mapping, Sequence

from pyinfra import host
from pyinfra.api import QuoteString, StringCommand, operation

from kubestead.facts.objects import Owned, OwnedObjects, SecretHolds, as_printed
from kubestead.health import KUBECTL
from kubestead.manifests import MANAGER, Identity, Manifest, applied, as_list, bare, content, differs, labelled
from kubestead.operations import shown

# An operator registers its CRDs as it starts, and may have to be pulled first.
CRD_SECONDS = 300
_APPLY = f"apply --server-side --force-conflicts --field-manager={MANAGER} --filename=- > /dev/null"


@operation()
def objects(
    objects: Sequence[Manifest], kinds: Mapping[str, str], owner: str, keep: Collection[str] = ()
) -> Generator[StringCommand, None, None]:
    """Have exactly these objects of this owner in the cluster; nothing is done where they are as they should be.

    They are applied server-side by the field manager ``kubestead``: what others set in them besides stays. Only objects
    with the owner's label are ever deleted. Where a kind is not there yet, its CRD is waited for.

    Args:
        objects: the manifests, in the order they are applied; objects of a namespace name it. A Secret has ``data``.
        kinds: every kind the owner may have, in the order of the API's dependencies, with its resource and group as
            kubectl names them: ``{"CiliumNetworkPolicy": "ciliumnetworkpolicies.cilium.io"}``.
        owner: the value of the label :data:`kubestead.manifests.OWNER`.
        keep: kinds that are never deleted.
    """
    wanted = {Identity.of(manifest): labelled(manifest, owner) for manifest in objects}
    present = host.get_fact(OwnedObjects, owner=owner, kinds=tuple(kinds.values())) or Owned()
    live = {Identity.of(item): item for item in present.objects}
    others = _secrets_of_other_content(wanted)
    changed = {
        identity: manifest
        for identity, manifest in wanted.items()
        if identity not in live or differs(manifest, live[identity]) or identity in others
    }
    gone = [identity for identity in live if identity not in wanted and identity.kind not in keep]
    if not changed and not gone:
        host.noop(f"{len(wanted)} objects are as they should be")
        return
    _show(changed, gone, live, others)
    if missing := [crd for crd in _crds(changed, kinds) if crd not in present.kinds]:
        yield _established(missing)
    if changed:
        # By standard input: a Secret may be among them.
        yield StringCommand(KUBECTL, _APPLY, _stdin=as_list(changed.values()), _timeout=120)
    if gone:
        order = list(kinds)
        last_first = sorted(gone, key=lambda identity: order.index(identity.kind), reverse=True)
        named = [bare(identity, live[identity]["apiVersion"]) for identity in last_first]
        delete = "delete --ignore-not-found --timeout=60s --filename=- > /dev/null"
        yield StringCommand(KUBECTL, delete, _stdin=as_list(named), _timeout=120)


def _secrets_of_other_content(wanted: Mapping[Identity, Manifest]) -> list[Identity]:
    """Asked of every Secret, so that these questions go along with the first (see kubestead.phases.foresight)."""
    return [
        identity
        for identity, manifest in wanted.items()
        if identity.kind == "Secret"
        and not host.get_fact(
            SecretHolds, namespace=identity.namespace, secret=identity.name, _stdin=as_printed(manifest["data"])
        )
    ]


def _crds(changed: Collection[Identity], kinds: Mapping[str, str]) -> list[str]:
    """The CRDs of these objects: Kubernetes' own groups have no dot in their names, or end in ``k8s.io``."""
    found = {kinds[identity.kind] for identity in changed}
    return sorted(kind for kind in found if "." in kind and not kind.endswith(".k8s.io"))


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


def _show(
    changed: Mapping[Identity, Manifest],
    gone: Sequence[Identity],
    live: Mapping[Identity, Manifest],
    others: Collection[Identity],
) -> None:
    for identity, manifest in changed.items():
        if identity in live and identity in others:
            shown.show(f"{identity}: other data")
        else:
            before = applied(live[identity]) if identity in live else None
            shown.show_values(str(identity), before, content(manifest))
    for identity in gone:
        shown.show(f"{identity}: wanted no longer -> deleted")
