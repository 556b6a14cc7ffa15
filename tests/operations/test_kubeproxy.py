"""kube-proxy comes back as kubeadm brings it, and goes with its rules."""

from __future__ import annotations

import subprocess
from pathlib import Path

from kubestead.facts.kubeproxy import CHAINS, KubeProxyRules
from kubestead.operations import kubeproxy
from kubestead.render import render
from tests.operations.harness import run
from tests.shell import fact

SAVED = """\
*{table}
:PREROUTING ACCEPT [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-SVC-ABC123 - [0:0]
:KUBE-SEP-ABC123 - [0:0]
:KUBE-KUBELET-CANARY - [0:0]
:KUBE-FIREWALL - [0:0]
:CILIUM_PRE_nat - [0:0]
-A PREROUTING -m comment --comment "cilium-feeder: CILIUM_PRE_nat" -j CILIUM_PRE_nat
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A INPUT -j KUBE-FIREWALL
-A KUBE-SERVICES -d 172.20.0.1/32 -p tcp -j KUBE-SVC-ABC123
COMMIT
"""
RESTORED = """\
*{table}
-D PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-F KUBE-SERVICES
-F KUBE-SVC-ABC123
-F KUBE-SEP-ABC123
-X KUBE-SERVICES
-X KUBE-SVC-ABC123
-X KUBE-SEP-ABC123
COMMIT
"""


def host(folder: Path) -> str:
    """Commands that play a host with rules of kube-proxy's in iptables-nft's table nat; the search path."""
    (folder / "saved").write_text(SAVED.format(table="nat"))
    scripts = {
        "iptables-nft-save": f'case "$*" in "" | *nat*) cat {folder}/saved;; esac',
        "iptables-nft-restore": f'echo "$@" >> {folder}/asked; cat >> {folder}/restored',
        "nft": "exit 1",
    }
    for name, text in scripts.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    return f"{folder}:/usr/bin:/bin"


def test_kube_proxys_rules_go_and_nobody_elses(tmp_path):
    path = host(tmp_path)
    script = render("kube-proxy-rules.sh.j2", chains=CHAINS).replace("PATH=$PATH:/usr/sbin", "PATH=$PATH")
    subprocess.run(["sh", "-c", script], env={"PATH": path}, check=True, timeout=20)
    assert (tmp_path / "restored").read_text() == RESTORED.format(table="nat")
    assert set((tmp_path / "asked").read_text().splitlines()) == {"--noflush --wait 10"}


def test_chains_are_counted(tmp_path):
    assert fact(KubeProxyRules, path=host(tmp_path)) == 3


def test_nothing_is_done_where_nothing_is():
    assert run(kubeproxy.rules_removed, {KubeProxyRules: 0}).noop == "kube-proxy left nothing here"
    assert run(kubeproxy.removed, {}, there=False).noop == "there is no kube-proxy"
    assert run(kubeproxy.installed, {}, there=True, configuration="").noop == "kube-proxy is there"


def test_it_goes_with_its_configmap_once_its_pods_are_gone():
    (delete,) = run(kubeproxy.removed, {}, there=True).shell
    assert delete.index("daemonset/kube-proxy --cascade=foreground") < delete.index("configmap/kube-proxy")


def test_it_comes_back_by_kubeadm():
    add, wait = run(kubeproxy.installed, {}, there=False, configuration="kind: x").yielded
    assert "kubeadm init phase addon kube-proxy" in str(add.get_raw_value())
    assert add.connector_arguments["_stdin"] == "kind: x"
    assert "rollout status daemonset/kube-proxy" in str(wait.get_raw_value())


def test_kubeadm_is_told_and_the_rest_of_its_configuration_stays():
    configuration = {"clusterName": "lab", "proxy": {"disabled": False}}
    (patch,) = run(kubeproxy.told_kubeadm, {}, configuration=configuration, disabled=True).shell
    text = patch.partition("ClusterConfiguration")[2]
    assert "clusterName: lab" in text
    assert "disabled: true" in text
    assert run(kubeproxy.told_kubeadm, {}, configuration={"clusterName": "lab"}, disabled=False).noop
