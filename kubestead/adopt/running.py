"""A cluster that runs already, as its API and its first control plane tell it, whoever built it. Pure."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml


@dataclass(frozen=True)
class HelmRecord:
    """What Helm keeps of a release: its status, the chart's version and default values, and the values given."""

    status: str
    chart_version: str
    values: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RunningCluster:
    """What there is.

    Args:
        answers: its API answered; when False, nothing of it below is known.
        built_here: kubestead ran its ``kubeadm init``.
        cilium_kept_here: kubestead gave Cilium its values before.
        server: the API as the control plane's own kubelet reaches it (``https://192.168.1.187:6443``).
        configuration: kubeadm's ClusterConfiguration; None where kubeadm keeps none.
        kube_proxy: there is a DaemonSet kube-proxy.
        cilium: the ConfigMap cilium-config; None where there is none in kube-system.
        has_agent: there is a DaemonSet cilium.
        own_objects: the objects of Cilium's that kubestead has applied here, as ``CiliumLoadBalancerIPPool lan``; None
            where it never did.
        cilium_version: the version in its image's tag (``1.18.4``); None where it has none.
        cilium_release: name and namespace of the Helm release the agent belongs to; None where it belongs to none.
        record: Helm's newest record of the release ``cilium``; read only while ``cilium_kept_here`` is False.
        network_plugins: file and first plugin's type of each configuration in /etc/cni/net.d.
        pod_pools: with multi-pool, name, mask size and networks of each pool there is; None where they were not asked.
    """

    answers: bool = False
    built_here: bool = False
    cilium_kept_here: bool = False
    server: str | None = None
    configuration: Mapping[str, Any] | None = None
    kube_proxy: bool = False
    cilium: Mapping[str, str] | None = None
    has_agent: bool = False
    own_objects: tuple[str, ...] | None = None
    cilium_version: str | None = None
    cilium_release: tuple[str, str] | None = None
    record: HelmRecord | None = None
    network_plugins: tuple[tuple[str, str], ...] = ()
    pod_pools: tuple[tuple[str, str, str], ...] | None = None

    @property
    def endpoint(self) -> str | None:
        """The API's ``name:port`` or ``address:port``: kubeadm's controlPlaneEndpoint, else what its kubelet uses."""
        configured = (self.configuration or {}).get("controlPlaneEndpoint")
        if configured and ":" in configured:
            return str(configured)
        reached = self.server.removeprefix("https://").rstrip("/") if self.server else None
        if configured:
            # kubeadm adds the API server's own port where the endpoint has none.
            return f"{configured}:{reached.rpartition(':')[2] if reached else 6443}"
        return reached


def parse(lines: list[str]) -> RunningCluster | None:
    """What ``kubestead/facts/running_cluster.sh`` prints, one tab-separated line per thing; None where nothing is said.

    Raises:
        ValueError: a line is not of its form.
    """
    if not lines:
        return None
    rows: dict[str, list[list[str]]] = {}
    for row in (line.split("\t") for line in lines):
        rows.setdefault(row[0], []).append(row[1:])
    objects = {row[0]: row[1:] for row in rows.get("object", ())}
    names = ("kubeadm-config", "cilium-config", "kubestead-cilium")
    kubeadm, config, own = (_data(objects.get(f"ConfigMap/{name}")) for name in names)
    configuration = kubeadm and yaml.safe_load(kubeadm.get("ClusterConfiguration", "null"))
    agent = objects.get("DaemonSet/cilium")
    records = rows.get("helm", ())
    return RunningCluster(
        answers="answers" in rows,
        built_here="built-here" in rows,
        cilium_kept_here="cilium-kept-here" in rows,
        server=rows["server"][0][0] if "server" in rows else None,
        configuration=configuration if isinstance(configuration, dict) else None,
        kube_proxy="DaemonSet/kube-proxy" in objects,
        cilium=config,
        has_agent=agent is not None,
        own_objects=None if own is None else tuple(own.get("objects", "").splitlines()),
        cilium_version=_version(agent[2]) if agent else None,
        cilium_release=_release(agent[1]) if agent else None,
        record=_record(records[-1][0]) if records and records[-1][0] else None,
        network_plugins=tuple((row[0], row[1]) for row in rows.get("cni", ())),
        pod_pools=tuple((row[0], row[1], row[2]) for row in rows.get("podpool", ())) if "podpools" in rows else None,
    )


def _data(row: list[str] | None) -> dict[str, str] | None:
    return None if row is None else json.loads(row[0] or "{}")


def _version(image: str) -> str | None:
    """``1.18.4`` of ``quay.io/cilium/cilium:v1.18.4@sha256:...``."""
    name = image.split(maxsplit=1)[0].partition("@")[0] if image.strip() else ""
    tag = name.rpartition("/")[2].partition(":")[2]
    return tag.removeprefix("v") or None


def _release(annotations: str) -> tuple[str, str] | None:
    """Helm marks everything it installs."""
    marks = json.loads(annotations or "{}")
    name = marks.get("meta.helm.sh/release-name")
    return (name, marks.get("meta.helm.sh/release-namespace", "")) if name else None


def _record(encoded: str) -> HelmRecord:
    """Helm's storage form: JSON, compressed, in base64; the Secret's own base64 was taken off on the host."""
    record = json.loads(gzip.decompress(base64.b64decode(encoded)))
    chart = record.get("chart") or {}
    return HelmRecord(
        status=record["info"]["status"],
        chart_version=chart.get("metadata", {}).get("version", ""),
        values=record.get("config") or {},
        defaults=chart.get("values") or {},
    )
