"""Does the spec agree with the cluster that runs already? What cannot be changed in place must. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network
from typing import Any

from kubestead.adopt.cilium import cilium_findings
from kubestead.adopt.held import BY_SWITCH, FIXED, NOT_IN_PASSING
from kubestead.adopt.running import RunningCluster
from kubestead.errors import Finding
from kubestead.spec import ClusterSpec
from kubestead.spec.loading import check_values
from kubestead.spec.places import line, place

# kubeadm's own, where its configuration says nothing.
SERVICE_SUBNET, DNS_DOMAIN, CLUSTER_NAME = "10.96.0.0/12", "cluster.local", "kubernetes"


def compare(
    name: str,
    spec: ClusterSpec,
    values: Mapping[str, Any],
    running: RunningCluster,
    places: Mapping[str, str],
    switching: bool = False,
) -> list[Finding]:
    """What the spec says otherwise than the running cluster, each with the line to write.

    Args:
        name: the first control plane, which was asked.
        spec: the cluster as it should be.
        values: the values Cilium's chart would be given, whole.
        running: the cluster as it is.
        places: the data's ``kubestead_where``: where keys are written that are not in group_data.
        switching: this run switches Cilium: what it can change there is no finding.
    """
    if not running.answers:
        return [_silent(name, running)]
    if running.configuration is None:
        reason = "was not made by kubeadm (there is no ConfigMap kube-system/kubeadm-config)"
        return [Finding(f"{name}: control plane", reason, "kubestead looks after kubeadm's clusters only; take others")]
    return [
        *_kubeadm_findings(spec, running, running.configuration, places, switching),
        *_network_findings(name, running),
        *cilium_findings(spec, values, running, places, switching),
    ]


def _silent(name: str, running: RunningCluster) -> Finding:
    """The run goes on where it may be what brings the API back; somebody else's cluster has to be known first."""
    reason = "does not answer, so the spec could not be compared with what runs"
    look = "sudo journalctl -u kubelet -n 50"
    if running.built_here or running.cilium_kept_here:
        fix = f"the run waits for it, and compares them before the cluster is changed; should it stay away: {look}"
        return Finding(f"{name}: API", reason, fix, severity="warning")
    return Finding(f"{name}: API", reason, f"look on {name}: {look}")


def _kubeadm_findings(
    spec: ClusterSpec,
    running: RunningCluster,
    configuration: Mapping[str, Any],
    places: Mapping[str, str],
    switching: bool,
) -> Iterator[Finding]:
    networking = configuration.get("networking") or {}
    services, services_v6 = _families(str(networking.get("serviceSubnet") or SERVICE_SUBNET))
    is_now = {
        "cluster_name": str(configuration.get("clusterName") or CLUSTER_NAME),
        "control_plane_endpoint": running.endpoint or spec.control_plane_endpoint,
        "service_cidr": services,
        "ip_families": "dual" if services_v6 else "ipv4",
        "dns_domain": str(networking.get("dnsDomain") or DNS_DOMAIN),
    }
    if networking.get("podSubnet") and (running.cilium or {}).get("ipam", "kubernetes") == "kubernetes":
        # With a pool of its own Cilium has the last word; see kubestead.adopt.cilium.
        is_now["pod_cidr"] = _families(str(networking["podSubnet"]))[0]
    if services_v6:
        is_now["service_cidr_v6"] = services_v6
    for key, value in is_now.items():
        if _plain(getattr(spec, key)) != value:
            yield _differs(key, spec, f"has {value}, and it {FIXED}", value, places)
    kube_proxy = "keep" if running.kube_proxy else "replace"
    if spec.kube_proxy != kube_proxy and not switching:
        found = _differs("kube_proxy", spec, f"has {kube_proxy}, and {NOT_IN_PASSING}", kube_proxy, places)
        yield replace(found, fix=f"{found.fix}; {BY_SWITCH}")
    version = str(configuration.get("kubernetesVersion", "")).removeprefix("v")
    if version and version != spec.kubernetes_version:
        reason = f"runs {version}; changing it is an upgrade, which kubestead cannot do yet"
        yield _differs("kubernetes_version", spec, reason, version, places)


def _families(subnets: str) -> tuple[str, str]:
    """kubeadm's ``10.96.0.0/12,fd00::/108`` as IPv4 and IPv6; what there is none of is empty, but not both."""
    first, _, second = subnets.partition(",")
    return (second, first) if ":" in first and second else (first, second)


def _differs(key: str, spec: ClusterSpec, what: str, value: str, places: Mapping[str, str]) -> Finding:
    """A finding on a key, with the line that agrees with the cluster if the spec can take one."""
    wrong = check_values({key: value}, {})
    cannot = f"kubestead cannot look after this cluster: {key} {value} {wrong[0].reason}" if wrong else ""
    return Finding(
        place(key, places),
        f"the running cluster {what}",
        cannot or line(key, value, places),
        value=_plain(getattr(spec, key)),
    )


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, IPv4Network | IPv6Network) else value


def _network_findings(name: str, running: RunningCluster) -> Iterator[Finding]:
    """Cilium must be Helm's, and nobody else may give the pods their network."""
    if running.cilium is not None or running.has_agent:
        yield from _release_findings(name, running)
        return
    for file, plugin in running.network_plugins:
        if plugin == "cilium-cni":
            reason = "is Cilium's, but Cilium does not run in kube-system"
            fix = f"remove Cilium from where it runs, or, if it is gone: rm /etc/cni/net.d/{file}"
        elif plugin != "loopback":
            reason = f"is {plugin or 'no plugin'}'s: pods have their network from it, and kubestead runs Cilium only"
            fix = f"remove that network plugin first; if it is gone already: rm /etc/cni/net.d/{file}"
        else:
            continue
        yield Finding(f"{name}: network plugin", reason, fix, value=f"/etc/cni/net.d/{file}")


def _release_findings(name: str, running: RunningCluster) -> Iterator[Finding]:
    if running.cilium_release is None:
        reason = "was not installed by Helm, which kubestead keeps it by"
        fix = (
            "let Helm have its objects (label app.kubernetes.io/managed-by=Helm, annotations "
            "meta.helm.sh/release-name=cilium and meta.helm.sh/release-namespace=kube-system), or remove it"
        )
        yield Finding(f"{name}: Cilium", reason, fix)
    elif running.cilium_release != ("cilium", "kube-system"):
        release, namespace = running.cilium_release
        reason = "is another Helm release than 'cilium' in kube-system, the one kubestead keeps"
        fix = f"it cannot be renamed; if pods may be cut off: helm uninstall {release} --namespace {namespace}"
        yield Finding(f"{name}: Cilium", reason, fix, value=f"{release} in {namespace}")
