"""The built lab, as deploys/watcher.py finds it: with the watcher on its control plane, or without."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import kubestead.operations.watcher_works as works
import kubestead.phases.watcher as phase
from kubestead.watchhost.bundle import Bundle
from tests.deploys.built import built_lab
from tests.deploys.lab import in_order

HOST = "login=root\nhome=/root\ngroup=root\npython=3.10\nlibrary=yes\nbundle="
KEY = "ssh-ed25519 AAAAmade kubestead-watch@x"
INSTALLED = f"{HOST}k1\npublic_key={KEY}\npresent=user kubestead-watch\npresent=/etc/kubestead-watch"
HOLDERS = "{.spec.holderIdentity}"


def watched_lab(answers: dict[str, dict[Any, Any]] | None = None) -> tuple[list[Any], list[Any]]:
    """As :func:`tests.deploys.built.built_lab`, on hosts that SSH has met before; packing is left out."""
    # The Lease of fake hosts is never renewed; nobody needs to wait for it.
    setattr(works, "WITHIN_SECONDS", 1)  # noqa: B010
    archive = Path("bundle.tar.gz")
    archive.write_bytes(b"")
    setattr(phase, "bundle", lambda python, architecture: Bundle("k1", archive, "0" * 64))  # noqa: B010
    lab = built_lab(
        {name: in_order((answers or {}).get(name, {}), {"facts/watcher.py reads": HOST})
         for name in ("k8s-cp", "k8s-worker1", "k8s-worker2")}
    )  # fmt: skip
    key = Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    for _, data in [*lab[0], *lab[1]]:
        data["ssh_hostname"], data["ssh_known_hosts_file"] = data["node_address"], "known_hosts"
    addresses = [data["node_address"] for _, data in [*lab[0], *lab[1]]]
    Path("known_hosts").write_text("".join(f"{address} {key}\n" for address in addresses))
    return lab
