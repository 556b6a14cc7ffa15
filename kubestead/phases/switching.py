"""Switching a running cluster's Cilium: what it means is worked out and said first, then it is done step by step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from pyinfra import host, inventory, logger, state
from pyinfra.api import DeployError
from pyinfra.api.deploy import deploy

from kubestead.catalog import Catalog
from kubestead.cilium.change import changes
from kubestead.cilium.checks import ill
from kubestead.cilium.switching import Plan, impossible, told
from kubestead.errors import Finding
from kubestead.facts.ciliumrollout import CiliumRelease, CiliumRollout, CiliumSaid
from kubestead.facts.health import ClusterHealth
from kubestead.health import KUBECTL, findings
from kubestead.images import CILIUM
from kubestead.merge import deep_merge
from kubestead.operations import kubeproxy
from kubestead.operations.ciliumswitch import Switch, switched
from kubestead.operations.ciliumupgrade import upgrade_checked
from kubestead.phases import running
from kubestead.phases.chart import chart_defaults
from kubestead.phases.cilium import CHART, cilium_values, install_chart
from kubestead.phases.control_plane import init_configuration
from kubestead.phases.gather import fact_of, once
from kubestead.phases.ipseckey import have_key
from kubestead.phases.load import stop_at
from kubestead.phases.nodepolicies import turned_on
from kubestead.phases.objects import install_objects
from kubestead.phases.sources import Sources
from kubestead.phases.topology import first_control_plane, node_address, node_names
from kubestead.runrecord import record
from kubestead.spec import ClusterSpec
from kubestead.unreachable import FLAG


def plan_switch(spec: ClusterSpec) -> Plan:
    """Work out, once per run and before anything is planned, what the switch means, and print it.

    Raises:
        DeployError: there is no cluster, it is not healthy, or the change is none for a running cluster.
    """
    return once("cilium switch", lambda: _plan(spec))


def _plan(spec: ClusterSpec) -> Plan:
    first = first_control_plane()
    absent = [name for name in node_names() if inventory.get_host(name) not in state.active_hosts]
    if absent:
        raise DeployError(
            f"a switch is about every node, and this run leaves out {', '.join(absent)}; run it without --limit, and "
            f"without --data {FLAG}=true"
        )
    cluster, _ = running.ask()
    if cluster is None or cluster.configuration is None or cluster.cilium is None:
        raise DeployError(
            f"{first.name}: no running cluster with Cilium to switch; build one: pyinfra INVENTORY deploys/cluster.py"
        )
    release, failed = fact_of(first, CiliumRelease)
    rollout, failed = fact_of(first, CiliumRollout) if release else (None, failed)
    if release is None or rollout is None:
        reason = failed.reason if failed else "Helm or the API does not answer"
        raise DeployError(f"{first.name}: Cilium cannot be asked: {reason}; try: pyinfra INVENTORY deploys/diagnose.py")
    catalog = Sources.of(host).catalog
    values = cilium_values(spec, catalog, nodes=len(node_names()))
    plan = Plan(
        spec=spec,
        release=release,
        rollout=rollout,
        values=values,
        found=changes(release.values, deep_merge(chart_defaults(catalog), values)),
        kube_proxy=cluster.kube_proxy,
        kubeadm=cluster.configuration,
        one_by_one=bool(host.data.get("one_by_one", False)),
    )
    for text in told(plan):
        logger.info(text)
    record(cilium_switch=[{"path": one.path, "effect": one.effect.name.lower()} for one in plan.found])
    wrong = list(_unhealthy(plan))
    if wrong:
        fix = "mend it first; where the present values are what keeps it ill: --data force=true"
        wrong.append(Finding("switch of Cilium", "begins from a healthy cluster, which is what it goes back to", fix))
    wrong += turned_on(spec, plan.found)
    wrong += impossible(plan, host.data.get("kubestead_where") or {})
    stop_at(wrong)
    return plan


def _unhealthy(plan: Plan) -> Iterator[Finding]:
    """A switch starts from health alone, for health is what it goes back to; one that was begun goes on."""
    if plan.begun or host.data.get("force", False):
        return
    asked = fact_of(first_control_plane(), ClusterHealth)
    seen, failed = asked
    if seen is None:
        yield Finding("control plane", f"cannot be asked: {failed.reason if failed else 'no answer'}", "try again")
        return
    yield from findings(seen, node_names())
    for name in sorted({*plan.rollout.nodes} - {*node_names()}):
        fix = "write it into the inventory, or take the node out of the cluster"
        yield Finding(name, "runs an agent of Cilium's, and is not in the inventory", fix)
    asking = fact_of(first_control_plane(), CiliumSaid, nodes=plan.rollout.nodes)
    fix = f"on {first_control_plane().name}: {KUBECTL} -n kube-system logs ds/cilium --tail=50"
    for words in ill(asking[0] or (), plan.rollout.nodes):
        yield Finding("Cilium", words, fix)
    if plan.release.status != "deployed":
        fix = "choose one of: helm history cilium --namespace kube-system; then: helm rollback cilium REVISION"
        yield Finding("Helm release cilium", f"is {plan.release.status}, revision {plan.release.revision}", fix)


@deploy("Cilium")
def switch_cilium(spec: ClusterSpec) -> None:
    """The chart, the upgrade's check, kube-proxy if it comes back, the agents node by node, then Cilium's objects."""
    plan = plan_switch(spec)
    catalog = Sources.of(host).catalog
    install_chart(spec, catalog)
    have_key(spec)
    if plan.upgrades:
        values = preflight_values(spec, catalog)
        upgrade_checked(name=f"Preflight of the upgrade to {spec.cilium_version}", chart=CHART, values=values)
    keep = spec.kube_proxy == "keep"
    if keep:
        configuration = init_configuration(spec, host.name, node_address(host))
        kubeproxy.installed(name="kube-proxy", there=plan.kube_proxy, configuration=configuration)
    switched(
        name=f"Cilium {spec.cilium_version}, node by node",
        switch=Switch(
            chart=CHART,
            chart_version=spec.cilium_version,
            values=plan.values,
            good=plan.release.back_to,
            begun=plan.begun,
            apart=plan.apart,
            together=plan.together,
            probes=_agents_probe(plan.values),
            witnesses=list(state.active_hosts),
            undo=_undo() if plan.brings_kube_proxy else None,
        ),
    )
    if not keep:
        kubeproxy.removed(name="No kube-proxy", there=plan.kube_proxy)
    kubeproxy.told_kubeadm(name="kubeadm's record of kube-proxy", configuration=plan.kubeadm, disabled=not keep)
    install_objects(spec)


def _undo() -> tuple[str, str, str]:
    return "taking kube-proxy away again", kubeproxy.DELETE, kubeproxy.without_rules()


def _agents_probe(values: Mapping[str, Any]) -> bool:
    """Whether agents probe each other and each other's endpoints, as they do by default."""
    endpoints = (values.get("endpointHealthChecking") or {}).get("enabled", True)
    return bool(values.get("healthChecking", True) and endpoints)


def preflight_values(spec: ClusterSpec, catalog: Catalog) -> str:
    """The values of Cilium's preflight release, YAML: nothing but it, with the images the cluster shall run."""
    image = catalog.images[f"{CILIUM}/cilium"]
    values: dict[str, Any] = {
        "agent": False,
        "operator": {"enabled": False},
        "hubble": {"enabled": False},
        "l7Proxy": spec.cilium_l7_proxy,
        "envoy": {"enabled": spec.cilium_envoy},
        "k8sServiceHost": spec.endpoint_host,
        "k8sServicePort": spec.endpoint_port,
        "preflight": {
            "enabled": True,
            "image": {"tag": image.tag, "digest": f"sha256:{image.sha256}", "useDigest": True},
        },
    }
    return yaml.safe_dump(values)
