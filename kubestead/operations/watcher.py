"""Operations of the watcher's installation on its own host: software, user and key, kubeconfig; and their removal."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import PurePosixPath

from pyinfra import host
from pyinfra.api import FileUploadCommand, FunctionCommand, QuoteString, StringCommand, operation
from pyinfra.api.host import Host
from pyinfra.api.state import State

from kubestead.facts.manifest import ServiceAccountTokens
from kubestead.facts.watcher import WatcherHost, WatcherHostFacts
from kubestead.operations.files import TextFile, install_files
from kubestead.operations.flow import failure
from kubestead.render import render
from kubestead.watchhost import files, places
from kubestead.watchhost.bundle import Bundle
from kubestead.watchhost.keys import comment

Commands = Generator[StringCommand | FileUploadCommand | FunctionCommand, None, None]
OWNER = f"root:{places.USER}"


@operation()
def install_software(bundle: Bundle) -> Commands:
    """Have the watcher's software below /opt/kubestead: uploaded, digest checked, tried, then put in force."""
    known = host.get_fact(WatcherHostFacts)
    if known and known.bundle == bundle.key:
        host.noop(f"{bundle.key} is in force")
        return
    archive = str(PurePosixPath(places.SOFTWARE) / f".{bundle.key}.tar.gz")
    yield StringCommand("mkdir", "-p", places.SOFTWARE)
    yield FileUploadCommand(str(bundle.archive), archive)
    script = render(
        "watcher-install.sh.j2", software=places.SOFTWARE, archive=archive, key=bundle.key, sha256=bundle.sha256
    )
    yield StringCommand(script, _timeout=600)


@operation()
def own_user_and_key() -> Commands:
    """Have the watcher's user, its folders, and its SSH key, which is made here and never leaves.

    The public half is kept as ``host.data.watcher_key``, for the nodes that are to let it in.
    """
    known: WatcherHost | None = host.get_fact(WatcherHostFacts)
    host.data.watcher_key = known.public_key if known else None
    if known and known.public_key and f"user {places.USER}" in known.present:
        host.noop(f"made: {comment(host.name)}")
        return
    user, folder = places.USER, QuoteString(str(PurePosixPath(places.KEY).parent))
    yield StringCommand(
        f"getent passwd {user} > /dev/null || useradd --system --user-group --no-create-home",
        "--home-dir", places.STATE, "--shell /usr/sbin/nologin", user,
    )  # fmt: skip
    yield StringCommand(f"install -d -m 700 -o {user} -g {user}", places.STATE, folder)
    # The watcher's working folder, where pyinfra looks for these and writes its run records.
    app = f"{places.CURRENT}/app"
    yield StringCommand("ln -sfnt", places.STATE, f"{app}/deploys {app}/config.py")
    yield StringCommand(
        "test -e", places.KEY, f"|| runuser -u {user} -- ssh-keygen -q -t ed25519 -N '' -C",
        QuoteString(comment(host.name)), "-f", places.KEY,
    )  # fmt: skip
    yield FunctionCommand(_remember_key, (), {})


def _remember_key(state: State, host: Host) -> bool:
    known = host.get_fact(WatcherHostFacts)
    host.data.watcher_key = known.public_key if known else None
    return bool(known and known.public_key)


@operation()
def own_kubeconfig(control_plane: Host, server: str) -> Commands:
    """Have the kubeconfig of the watcher on the present host: its own token, which only its user may read.

    Args:
        control_plane: where the token is read.
        server: the API's URL, ``https://192.168.1.187:6443``.
    """
    label = f"app.kubernetes.io/name={places.NAME}"
    tokens = control_plane.get_fact(ServiceAccountTokens, namespace=places.NAMESPACE, label=label)
    own = tokens.get(places.secret(host.name))
    if own is None:
        yield failure(f"{control_plane.name}: the Secret {places.secret(host.name)} has no token; run this again")
        return
    text = files.kubeconfig(server, own.certificate_authority, own.token)
    yield from install_files._inner([TextFile(places.KUBECONFIG, text, mode="640", owner=OWNER, secrets=(own.token,))])


@operation()
def configuration(contents: dict[str, str], secrets: Sequence[str] = ()) -> Commands:
    """Have the watcher's configuration, texts by path, readable by root and its user; a diff shows no ``secrets``."""
    known = host.get_fact(WatcherHostFacts)
    if not known or places.CONFIGURATION not in known.present:
        folders = sorted({places.CONFIGURATION, *(str(PurePosixPath(path).parent) for path in contents)})
        yield StringCommand(f"install -d -m 750 -o root -g {places.USER}", *map(QuoteString, folders))
    yield from install_files._inner(
        [
            TextFile(path, text, mode="640", owner=OWNER, secrets=tuple(secrets))
            for path, text in sorted(contents.items())
        ]
    )


@operation()
def remove_watcher() -> Commands:
    """Remove the watcher from the host: unit, software, configuration, key, audit log, user."""
    known = host.get_fact(WatcherHostFacts)
    if known and not known.present:
        host.noop("there is no watcher here")
        return
    yield StringCommand(
        f"if [ -e {places.UNIT_FILE} ]; then systemctl disable --quiet --now {places.UNIT} &&",
        f"rm -f {places.UNIT_FILE} {places.CLEANING} && systemctl daemon-reload; fi",
    )
    yield StringCommand("rm -rf --", places.SOFTWARE, places.CONFIGURATION, places.STATE)
    yield StringCommand(f"if getent passwd {places.USER} > /dev/null; then userdel {places.USER}; fi")
