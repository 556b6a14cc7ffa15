"""kube-proxy on a running cluster: brought back as kubeadm brings it, or taken away with its rules."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from typing import Any

import yaml
from pyinfra import host
from pyinfra.api import QuoteString, StringCommand, operation

from kubestead.facts.kubeproxy import CHAINS, KubeProxyRules
from kubestead.health import KUBECTL
from kubestead.render import render

Commands = Generator[StringCommand, None, None]
_KUBECTL = f"{KUBECTL} --namespace kube-system"
DELETE = (
    # Foreground: its pods are gone when this ends, so that none writes a rule any more.
    f"{_KUBECTL} delete daemonset/kube-proxy --cascade=foreground --ignore-not-found --timeout=120s > /dev/null && "
    # Without its ConfigMap `kubeadm upgrade` does not bring it back: Cilium's guide, kubeproxy-free.
    f"{_KUBECTL} delete configmap/kube-proxy --ignore-not-found > /dev/null"
)


@operation()
def installed(there: bool, configuration: str) -> Commands:
    """Have kube-proxy run on every node.

    Args:
        there: it does already.
        configuration: kubeadm's, whole.
    """
    if there:
        host.noop("kube-proxy is there")
        return
    yield StringCommand(
        "kubeadm init phase addon kube-proxy --config /dev/stdin > /dev/null", _stdin=configuration, _timeout=120
    )
    yield StringCommand(_KUBECTL, "rollout status daemonset/kube-proxy --timeout=300s > /dev/null", _timeout=320)


@operation()
def removed(there: bool) -> Commands:
    """Have no kube-proxy.

    Args:
        there: there is one.
    """
    if not there:
        host.noop("there is no kube-proxy")
        return
    yield StringCommand(DELETE, _timeout=200)


@operation()
def told_kubeadm(configuration: Mapping[str, Any], disabled: bool) -> Commands:
    """Have kubeadm's record of the cluster say whether kube-proxy is part of it, for its upgrades.

    Args:
        configuration: the ClusterConfiguration as it is.
        disabled: kube-proxy is no part of it.
    """
    if bool((configuration.get("proxy") or {}).get("disabled")) == disabled:
        host.noop("kubeadm's configuration says so")
        return
    text = yaml.safe_dump({**configuration, "proxy": {"disabled": disabled}}, sort_keys=False)
    patch = json.dumps({"data": {"ClusterConfiguration": text}})
    yield StringCommand(
        _KUBECTL, "patch configmap/kubeadm-config --type=merge --patch", QuoteString(patch), "> /dev/null"
    )


@operation()
def rules_removed() -> Commands:
    """Have none of kube-proxy's rules on the host; the kubelet's own, and everybody else's, stay."""
    found = host.get_fact(KubeProxyRules)
    if not found:
        host.noop("kube-proxy left nothing here")
        return
    yield StringCommand(without_rules(), _timeout=120)


def without_rules() -> str:
    """The command that takes kube-proxy's rules off a host."""
    return render("kube-proxy-rules.sh.j2", chains=CHAINS)
