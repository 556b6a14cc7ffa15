"""The hosts' image: what a freshly installed server holds, made once by debootstrap and kept by its content.

An image is a folder of the cache: ``rootfs/`` is the read-only lower layer of every host's ``/``, and ``var.ext4``
(sparse) the file every host's ``/var`` is copied from, because containerd's overlay snapshots cannot lie on an overlay.
"""

from __future__ import annotations

import platform
import shutil
import subprocess
from collections import Counter, deque
from dataclasses import dataclass
from pathlib import Path

from kubestead import cache
from kubestead.errors import KubesteadError
from kubestead.twin.process import progress, run

_HERE = Path(__file__).parent
_SETUP = _HERE / "image_setup.sh"
_OVERLAY = _HERE / "rootfs"

# The sparse size of /var; a host takes from the machine's disk only what it has written.
VAR_SIZE = "32G"

_STAGES = ("Retrieving", "Extracting", "Unpacking", "Configuring")

# minbase, a server's usual tools, and all the Kubernetes packages depend on: hosts have no source to get it from later.
PACKAGES = (
    *(
        "systemd",
        "systemd-sysv",
        "dbus",
        "openssh-server",
        "sudo",
        "procps",
        "kmod",
        "util-linux",
        "mount",
        "e2fsprogs",
    ),
    *("iproute2", "iptables", "nftables", "ebtables", "ipset", "conntrack", "ethtool", "socat", "iputils-ping"),
    *("netcat-openbsd", "curl", "ca-certificates", "gnupg", "apt-utils", "python3", "psmisc", "less"),
    *("tar", "gzip", "xz-utils", "zstd"),
)


@dataclass(frozen=True)
class AptSource:
    """Where the machine's own apt takes its release from; the image is made of the same release."""

    uri: str
    suite: str
    components: tuple[str, ...]


def parse_index_targets(text: str, codename: str) -> AptSource:
    """The source of ``codename`` in what ``apt-get indextargets`` says in the format ``REPO_URI RELEASE COMPONENT``.

    Raises:
        KubesteadError: the machine's apt has no source for its own release.
    """
    rows = [line.split() for line in text.splitlines() if len(line.split()) == 3]
    uri = next((uri for uri, release, component in rows if release == codename and component == "main"), None)
    if uri is None:
        raise KubesteadError(
            f"apt has no source for {codename!r}, the machine's own release, component main; "
            "add one to /etc/apt/sources.list"
        )
    components = tuple(dict.fromkeys(c for u, r, c in rows if (u, r) == (uri, codename) and c in {"main", "universe"}))
    return AptSource(uri, codename, components)


def machine_source() -> AptSource:
    """The apt source this machine uses for its own release, asked of apt itself."""
    codename = platform.freedesktop_os_release().get("VERSION_CODENAME", "")
    shape = "$(REPO_URI) $(RELEASE) $(COMPONENT)"
    return parse_index_targets(run(["apt-get", "indextargets", "--format", shape, "Created-By: Packages"]), codename)


def debootstrap_command(source: AptSource, target: Path) -> list[str]:
    """The command that fills ``target`` with a minimal system of ``source``'s release and :data:`PACKAGES`."""
    return [
        "debootstrap",
        "--variant=minbase",
        f"--components={','.join(source.components)}",
        f"--include={','.join(PACKAGES)}",
        source.suite,
        str(target),
        source.uri,
    ]


def key(suite: str) -> str:
    """The image's key: its release, packages, size and every file that shapes it."""
    files = sorted(path for path in _OVERLAY.rglob("*") if path.is_file())
    shaped = [part for path in files for part in (str(path.relative_to(_OVERLAY)), path)]
    return cache.content_key(suite, platform.machine(), VAR_SIZE, *PACKAGES, _SETUP, *shaped)


def folder(image_key: str) -> Path:
    """Where the image of this key lies, whether it was made or not."""
    return cache.root() / "node-images" / image_key


def cached() -> bool:
    """Whether the image this machine's hosts need is in the cache."""
    return folder(key(machine_source().suite)).is_dir()


def ensure() -> str:
    """Make the image unless the cache holds it; returns its key.

    Raises:
        KubesteadError: debootstrap or a later step failed; names the log.
    """
    source = machine_source()
    image_key = key(source.suite)
    with cache.lock("node-image"):
        if not folder(image_key).is_dir():
            progress(f"host image {image_key}: making it from the machine's own apt source, {source.suite} once")
            with cache.new_entry(folder(image_key)) as work:
                _build(source, work)
    return image_key


def _build(source: AptSource, work: Path) -> None:
    rootfs = work / "rootfs"
    _debootstrap(debootstrap_command(source, rootfs), rootfs)
    progress("host image: settings and /var")
    shutil.copytree(_OVERLAY, rootfs, dirs_exist_ok=True)
    run(["chroot", str(rootfs), "sh", "-c", _SETUP.read_text()])
    run(
        [
            "mkfs.ext4",
            "-q",
            "-m",
            "1",
            "-E",
            "lazy_itable_init=1,lazy_journal_init=1",
            "-d",
            str(rootfs / "var"),
            str(work / "var.ext4"),
            VAR_SIZE,
        ]
    )
    shutil.rmtree(rootfs / "var")
    (rootfs / "var").mkdir()


def _debootstrap(argv: list[str], rootfs: Path) -> None:
    """Run debootstrap, telling how many packages each stage has passed."""
    counts, tail = Counter[str](), deque[str](maxlen=4)
    with subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        assert process.stdout is not None  # noqa: S101  (asked for above)
        for line in process.stdout:
            tail.append(line.strip())
            stage = line.removeprefix("I: ").split(" ", 1)[0]
            counts[stage] += 1
            if stage in _STAGES and counts[stage] % 50 == 1:
                progress(f"host image: {stage.lower()} packages ({counts[stage]})")
    if process.returncode:
        log = rootfs / "debootstrap/debootstrap.log"
        last = log.read_text(errors="replace").splitlines()[-5:] if log.is_file() else []
        raise KubesteadError(
            f"debootstrap: exit {process.returncode}: {' | '.join([*tail, *last])}; "
            "see that apt works on this machine ('apt-get update') and try again"
        )
