"""What ``bench/ansible/cluster.yaml`` is run with: the floor's files, the inventory, and the join token.

``pyinfra inventory/lab.py debug-inventory --json | python -m bench.playbook_files FOLDER KUBECONFIG``, inside the
twin's network.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench import floor_files
from bench.floor_files import CA_CERT_HASH, INIT, KEYRING, VALUES, Host, write
from kubestead.jointoken import new_token
from kubestead.phases.cilium import CHART
from kubestead.phases.host import MODULES, SETTINGS
from kubestead.phases.packages import REPOSITORY
from kubestead.phases.sources import Sources
from kubestead.render import render
from kubestead.spec import ClusterSpec

ARTIFACTS = ("containerd", "runc", "helm", "cilium-chart")


def main(folder: Path, kubeconfig: Path, inventory: Sequence[Host]) -> None:
    """Write ``inventory.json`` and ``token.yaml`` beside the floor's files.

    Args:
        folder: where to.
        kubeconfig: where the playbook leaves the operator's.
        inventory: the hosts as pyinfra's debug-inventory shows them.
    """
    token = new_token()
    floor_files.main(folder, inventory, token)
    [first] = [host for host in inventory if "control_plane" in host["groups"]]
    spec = ClusterSpec.load(first["data"])
    write(folder / "token.yaml", render("kubeadm-token.yaml.j2", token=token, ttl_minutes=spec.token_ttl_minutes))
    own = {"files": str(folder), "kubeconfig": str(kubeconfig), "token_id": token.partition(".")[0]}
    groups = {
        name: {"hosts": {host["name"]: {"ansible_host": host["data"]["ssh_hostname"]} for host in inventory
                         if name in host["groups"]}}
        for name in ("control_plane", "workers")
    }  # fmt: skip
    variables = {**connection(first["data"]), **cluster(spec, Sources.given(first["data"]["kubestead_sources"])), **own,
                 "control_plane_address": first["data"]["node_address"]}  # fmt: skip
    write(folder / "inventory.json", json.dumps({"all": {"vars": variables, "children": groups}}, indent=1))


def connection(data: Mapping[str, Any]) -> dict[str, Any]:
    """How hosts are reached."""
    options = f"-o IdentitiesOnly=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile={data['ssh_known_hosts_file']}"
    return {
        "ansible_user": data["ssh_user"],
        "ansible_ssh_private_key_file": data["ssh_key"],
        "ansible_ssh_common_args": options,
        "ansible_become": bool(data.get("_sudo")),
    }


def cluster(spec: ClusterSpec, sources: Sources) -> dict[str, Any]:
    """What the cluster is made of."""
    catalog = sources.catalog
    repository = catalog.apt[REPOSITORY]
    return {
        "kernel_modules": MODULES,
        "kernel_settings": SETTINGS,
        "endpoint_host": spec.endpoint_host,
        "time_sync": spec.time_sync,
        "artifacts": {
            name: {
                "version": catalog.files[name].version,
                "url": catalog.file(name, floor_files.processor()).url,
                "sha256": catalog.file(name, floor_files.processor()).sha256,
            }
            for name in ARTIFACTS
        },
        "repository": {
            "name": REPOSITORY,
            "key_url": repository.key_url,
            "key_fingerprint": repository.key_fingerprint,
            "keyring": KEYRING,
            "packages": repository.packages,
        },
        "helm_member": f"linux-{floor_files.processor()}/helm",
        "chart": CHART,
        "cilium_values": VALUES,
        "init": INIT,
        "ca_cert_hash": CA_CERT_HASH,
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), json.load(sys.stdin))
