"""A host's disks: an overlay over the shared image for ``/``, and a sparse ext4 file for ``/var``."""

from __future__ import annotations

import os
import shutil
import uuid
from pathlib import Path

from kubestead.twin import image, keys, network
from kubestead.twin.plan import GATEWAY, Node
from kubestead.twin.process import run

_UBUNTU = 1000


def exists(folder: Path) -> bool:
    """Whether a host's disks were written to the end, and the image they stand on is still in the cache."""
    return (folder / "var.ext4").is_file() and (folder / "image").is_dir()


def provision(folder: Path, node: Node, image_key: str, operator_key: str) -> None:
    """Write a host's disks anew, as an installer would: bare, with a name, an address, a machine id and SSH keys.

    Args:
        folder: the host's folder, with its SSH host key in it.
        image_key: the key of the image below ``/``.
        operator_key: the public key that may log in as root and as ubuntu.
    """
    wipe(folder)
    for name in ("upper", "work", "root"):
        (folder / name).mkdir(parents=True)
    (folder / "image").symlink_to(image.folder(image_key) / "rootfs")
    _write_identity(folder / "upper", node, keys.host_key(folder))
    _write_login(folder / "upper", operator_key)
    # Last, under its final name only when whole: it tells a finished disk from an interrupted one.
    run(
        [
            "cp",
            "--sparse=always",
            "--reflink=auto",
            str(image.folder(image_key) / "var.ext4"),
            str(folder / ".var.ext4"),
        ]
    )
    (folder / ".var.ext4").rename(folder / "var.ext4")


def wipe(folder: Path) -> None:
    """Remove a host's disks; its SSH host key and its console's log stay. The host must be off."""
    for name in ("var.ext4", ".var.ext4", "image"):
        (folder / name).unlink(missing_ok=True)
    for name in ("upper", "work", "root"):
        shutil.rmtree(folder / name, ignore_errors=True)


def _write_identity(upper: Path, node: Node, host_key: Path) -> None:
    """What tells this host from the others: the files an installer asks about."""
    files = {
        "etc/hostname": f"{node.name}\n",
        "etc/hosts": f"127.0.0.1\tlocalhost\n127.0.1.1\t{node.name}\n::1\tlocalhost ip6-localhost ip6-loopback\n",
        "etc/machine-id": f"{uuid.uuid4().hex}\n",
        # Nobody answers there: a lookup is refused at once instead of timing out, and CoreDNS insists on a server.
        "etc/resolv.conf": f"nameserver {GATEWAY}\n",
        "etc/systemd/network/10-eth0.network": network.networkd_file(node),
        "etc/ssh/ssh_host_ed25519_key": host_key.read_text(),
        "etc/ssh/ssh_host_ed25519_key.pub": keys.public(host_key) + "\n",
    }
    for name, text in files.items():
        path = upper / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o600 if name.endswith("_key") else 0o644)


def _write_login(upper: Path, operator_key: str) -> None:
    """Log-in by key for root and ubuntu; upper folders replace the image's, so owner and mode are set again."""
    for home, owner, mode in (("root", 0, 0o700), ("home/ubuntu", _UBUNTU, 0o755)):
        ssh = upper / home / ".ssh"
        ssh.mkdir(parents=True, mode=0o700)
        keys_file = ssh / "authorized_keys"
        keys_file.write_text(operator_key + "\n")
        keys_file.chmod(0o600)
        (upper / home).chmod(mode)
        for path in (upper / home, ssh, keys_file):
            os.chown(path, owner, owner)
