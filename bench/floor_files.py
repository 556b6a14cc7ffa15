"""The files ``bench/floor.sh`` puts on the hosts, from kubestead's own templates, so that both build the same cluster.

``pyinfra inventory/lab.py debug-inventory --json | python -m bench.floor_files FOLDER``, inside the twin's network.
"""

from __future__ import annotations

import json
import platform
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from kubestead.facts.health import ClusterHealth
from kubestead.images import control_plane_images, node_images
from kubestead.jointoken import new_token
from kubestead.operations.files import TextFile
from kubestead.operations.images import unit_file
from kubestead.phases.cilium import CHART, cilium_values
from kubestead.phases.containerd import configuration_files
from kubestead.phases.control_plane import init_configuration
from kubestead.phases.host import MODULES, SETTINGS
from kubestead.phases.packages import REPOSITORY
from kubestead.phases.sources import Sources
from kubestead.render import render
from kubestead.spec import ClusterSpec

# The CA is made during the run; the script puts its fingerprint in this place of the join configuration.
CA_CERT_HASH = "CA-CERT-HASH"
KEYRING = f"/etc/apt/keyrings/{REPOSITORY}.asc"
VALUES = "/var/lib/kubestead/cilium-values.yaml"
INIT = "/var/lib/kubestead/kubeadm-init.yaml"
Host = Mapping[str, Any]


def main(folder: Path, inventory: Sequence[Host], token: str) -> None:
    """Write ``env.sh``, ``tree/<host>/`` (files by their path on the host), ``join/<host>`` and ``health.sh``.

    Args:
        folder: where to.
        inventory: the hosts as pyinfra's debug-inventory shows them, with ``name``, ``groups`` and ``data``.
        token: the join token.
    """
    [first] = [host for host in inventory if "control_plane" in host["groups"]]
    workers = [host for host in inventory if "workers" in host["groups"]]
    spec = ClusterSpec.load(first["data"])
    sources = Sources.given(first["data"]["kubestead_sources"])
    everywhere = host_files(spec, sources)
    for host in inventory:
        write_tree(folder / "tree" / host["name"], everywhere)
    write_tree(folder / "tree" / first["name"], control_plane_files(spec, sources, first, len(inventory)))
    for host in workers:
        configuration = render(
            "kubeadm-join.yaml.j2", spec=spec, node_name=host["name"], node_address=host["data"]["node_address"],
            token=token, ca_cert_hash=CA_CERT_HASH,
        )  # fmt: skip
        write(folder / "join" / host["name"], configuration)
    write(folder / "health.sh", ClusterHealth().command())
    write(folder / "env.sh", environment(spec, sources, first, workers, token))


def host_files(spec: ClusterSpec, sources: Sources) -> list[TextFile]:
    """What every host gets."""
    repository = sources.catalog.apt[REPOSITORY]
    return [
        TextFile("/etc/modules-load.d/kubestead.conf", render("modules-load.conf.j2", modules=MODULES)),
        TextFile("/etc/sysctl.d/90-kubestead.conf", render("sysctl.conf.j2", settings=SETTINGS)),
        TextFile("/etc/systemd/networkd.conf.d/10-kubestead.conf", render("networkd.conf.j2")),
        *configuration_files(spec, sources),
        unit_file("node", node_images(spec), sources.catalog),
        TextFile(
            f"/etc/apt/sources.list.d/{REPOSITORY}.sources",
            render("kubernetes.sources.j2", url=repository.url, suite=repository.suite, keyring=KEYRING),
        ),
    ]


def control_plane_files(spec: ClusterSpec, sources: Sources, host: Host, nodes: int) -> list[TextFile]:
    """What the control plane gets on top."""
    return [
        unit_file("control-plane", control_plane_images(spec), sources.catalog),
        unit_file("node", node_images(spec), sources.catalog, after="control-plane"),
        TextFile(INIT, init_configuration(spec, host["name"], host["data"]["node_address"])),
        TextFile(VALUES, yaml.safe_dump(cilium_values(spec, sources.catalog, nodes))),
    ]


def environment(spec: ClusterSpec, sources: Sources, first: Host, workers: Sequence[Host], token: str) -> str:
    """Shell variables: the hosts, how to reach them, where the artifacts are."""
    catalog = sources.catalog
    ssh = first["data"]
    repository = catalog.apt[REPOSITORY]
    values = {
        "control_plane": first["name"],
        "control_plane_address": ssh["node_address"],
        "workers": " ".join(host["name"] for host in workers),
        "endpoint_host": spec.endpoint_host,
        "ssh_user": ssh["ssh_user"],
        "ssh_key": ssh["ssh_key"],
        "ssh_known_hosts": ssh["ssh_known_hosts_file"],
        "containerd_url": catalog.file("containerd", processor()).url,
        "runc_url": catalog.file("runc", processor()).url,
        "helm_url": catalog.file("helm", processor()).url,
        "helm_member": f"linux-{processor()}/helm",
        "chart_url": catalog.file("cilium-chart", processor()).url,
        "chart": CHART,
        "cilium_values": VALUES,
        "init": INIT,
        "key_url": repository.key_url,
        "keyring": KEYRING,
        "repository": REPOSITORY,
        "packages": " ".join(f"{name}={version}" for name, version in repository.packages.items()),
        "held": " ".join(repository.packages),
        "token": token,
        "token_ttl": f"{spec.token_ttl_minutes}m",
        "ca_cert_hash": CA_CERT_HASH,
    }
    lines = [f"{key}={shlex.quote(str(value))}" for key, value in values.items()]
    addresses = [f"[{host['name']}]={shlex.quote(host['data']['ssh_hostname'])}" for host in (first, *workers)]
    return "\n".join([*lines, f"declare -A addresses=({' '.join(addresses)})"]) + "\n"


def processor() -> Any:
    """The hosts' architecture as the catalog names it: the twin's share the processor of the machine this runs on."""
    return {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]


def write_tree(folder: Path, files: list[TextFile]) -> None:
    """Each file below ``folder`` by its path on the host."""
    for file in files:
        write(folder / file.path.lstrip("/"), file.text, int(file.mode, 8))


def write(path: Path, text: str, mode: int = 0o600) -> None:
    """One file and its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.load(sys.stdin), new_token())
