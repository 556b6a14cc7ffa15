"""Operations that let the watcher in: its SSH key on every node, its rights in the cluster; and that it works."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

from pyinfra import host, state
from pyinfra.api import OperationError, QuoteString, StringCommand, operation
from pyinfra.api.host import Host

from kubestead.facts.files import FileTexts
from kubestead.facts.manifest import ManifestApplied, NamedObjects, ServiceAccountTokens
from kubestead.facts.watcher import WatcherHostFacts
from kubestead.health import KUBECTL
from kubestead.operations.files import TextFile, install_files
from kubestead.render import render
from kubestead.watchhost import places
from kubestead.watchhost.keys import authorised_line, with_watchers

Commands = Generator[StringCommand, None, None]
LABEL = f"app.kubernetes.io/name={places.NAME}"


@dataclass(frozen=True)
class Watcher:
    """A host the watcher runs on: its node address, and its public key if it was made before this run."""

    host: Host
    address: str
    public_key: str | None

    @property
    def key(self) -> str | None:
        """The public key as it is by now."""
        return self.host.data.get("watcher_key") or self.public_key


@operation()
def authorise(watchers: Sequence[Watcher]) -> Commands:
    """Have exactly these watchers' keys among the login user's; every other key stays. None at all removes them."""
    known = host.get_fact(WatcherHostFacts)
    if known is None:
        raise OperationError(f"{host.name}: cannot tell who it is SSH logs in as")
    if not state.is_executing and not all(watcher.key for watcher in watchers):
        # The keys are made in this very run.
        yield StringCommand("true")
        return
    path = f"{known.home}/.ssh/authorized_keys"
    text = host.get_fact(FileTexts, paths=(path,)).get(path, "")
    lines = [authorised_line(one.key or "", one.host.name, one.address) for one in watchers]
    wanted = with_watchers(text, lines)
    if wanted == text:
        host.noop(f"{len(lines)} watchers may log in as {known.login}")
        return
    owner = f"{known.login}:{known.group}"
    if not text:
        folder = QuoteString(f"{known.home}/.ssh")
        yield StringCommand("install -d -m 700 -o", known.login, "-g", QuoteString(known.group), folder)
    yield from install_files._inner([TextFile(path, wanted, mode="600", owner=owner)])


@operation()
def grant(watchers: Sequence[str]) -> Commands:
    """Have the watcher's service account, its rights, and one token for each host it runs on; others' tokens go.

    Args:
        watchers: names of the hosts.
    """
    secrets = [places.secret(name) for name in watchers]
    manifest = rights(secrets)
    present = host.get_fact(ServiceAccountTokens, namespace=places.NAMESPACE, label=LABEL)
    old = sorted(set(present) - set(secrets))
    applied = host.get_fact(ManifestApplied, manifest=manifest)
    if applied and not old:
        host.noop("granted")
        return
    if not applied:
        yield StringCommand(KUBECTL, "apply --filename=- > /dev/null", _stdin=manifest, _timeout=60)
    for name in secrets:
        yield StringCommand(
            KUBECTL, "--namespace", places.NAMESPACE, "wait --timeout=30s > /dev/null",
            "--for=jsonpath={.data.token}", QuoteString(f"secret/{name}"),
        )  # fmt: skip
    for name in old:
        yield StringCommand(KUBECTL, "--namespace", places.NAMESPACE, "delete secret > /dev/null", QuoteString(name))


@operation()
def revoke() -> Commands:
    """Remove the service account with its rights and tokens, its Lease and its history."""
    own = (f"lease/{places.LEASE}", f"configmap/{places.HISTORY}")
    if not host.get_fact(NamedObjects, namespace=places.NAMESPACE, label=LABEL, names=own):
        host.noop("the cluster knows no watcher")
        return
    delete = "delete --ignore-not-found --filename=- > /dev/null"
    yield StringCommand(KUBECTL, delete, _stdin=rights([]), _timeout=60)
    own_namespace = (KUBECTL, "--namespace", places.NAMESPACE, "delete --ignore-not-found > /dev/null")
    yield StringCommand(*own_namespace, "secret --selector", LABEL)
    yield StringCommand(*own_namespace, *own)


def rights(secrets: Sequence[str]) -> str:
    """The manifest of the service account, its rights, and the Secrets of its tokens."""
    names = {"name": places.NAME, "own": places.NAMESPACE, "lease": places.LEASE, "history": places.HISTORY}
    return render("watcher-rights.yaml.j2", secrets=secrets, **names)
