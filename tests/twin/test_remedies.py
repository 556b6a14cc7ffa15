"""Remedies on a real node, broken by hand: each heals what it is for, and leaves everything else as it was."""

from __future__ import annotations

import json
import re

import pytest

from tests.twin.conftest import Twin, eventually
from tests.twin.operator import KUBECTL, Run, deploy

pytestmark = pytest.mark.twin_long
NODE = "k8s-worker1"
KUBELET_CONF = "/etc/kubernetes/kubelet.conf"
CURRENT = "/var/lib/kubelet/pki/kubelet-client-current.pem"


def remedy(twin: Twin, name: str, *arguments: str) -> Run:
    return deploy(twin, name, "--limit", NODE, *arguments)


def cured(twin: Twin, name: str, *arguments: str) -> Run:
    """A remedy that has to help: the node is Ready by a lease renewed since."""
    before = lease(twin)
    run = remedy(twin, name, *arguments)
    assert run.returncode == 0, run.text
    assert ready(twin)
    assert lease(twin) > before
    return run


def ready(twin: Twin) -> bool:
    path = """'jsonpath={.status.conditions[?(@.type=="Ready")].status}'"""
    return twin.ssh("k8s-cp", f"{KUBECTL} get node {NODE} -o {path}") == "True"


def lease(twin: Twin) -> str:
    return twin.ssh("k8s-cp", f"{KUBECTL} -n kube-node-lease get lease {NODE} -o 'jsonpath={{.spec.renewTime}}'")


def containers(twin: Twin) -> list[tuple[str, str, str]]:
    """Every container of the node that runs: pod, id and since when."""
    pods = twin.ssh("k8s-cp", f"{KUBECTL} get pods -A --field-selector spec.nodeName={NODE} -o json")
    return sorted(
        (pod["metadata"]["name"], one["containerID"], one["state"]["running"]["startedAt"])
        for pod in json.loads(pods)["items"]
        for one in pod["status"]["containerStatuses"]
        if "running" in one["state"]
    )


def test_a_healthy_node_is_left_alone_by_every_remedy(built: Twin) -> None:
    eventually(lambda: ready(built))
    started = "systemctl show kubelet containerd -p ExecMainStartTimestampMonotonic"
    before = built.ssh(NODE, started), containers(built)
    for name in ("restart_containerd", "renew_kubelet_certificate", "restart_cilium", "free_disk", "reboot", "rejoin"):
        run = remedy(built, name, "--json")
        assert run.returncode == 0, run.text
        assert run.changed == [], name
    assert (built.ssh(NODE, started), containers(built)) == before


@pytest.mark.parametrize(
    "harm",
    ["systemctl kill --signal=SIGSTOP kubelet", "systemctl mask --now kubelet", "systemctl disable --now kubelet"],
)
def test_a_kubelet_that_is_stopped_in_any_way_runs_again(built: Twin, harm: str) -> None:
    before = containers(built)
    built.ssh(NODE, f"{harm} 2>&1")
    cured(built, "restart_kubelet")
    assert built.ssh(NODE, "systemctl is-enabled kubelet") == "enabled"
    assert containers(built) == before


@pytest.mark.parametrize("harm", ["systemctl stop containerd", "kill -STOP $(pidof containerd)"])
def test_containerd_comes_back_and_containers_ran_on(built: Twin, harm: str) -> None:
    before = containers(built)
    assert before
    built.ssh(NODE, harm)
    cured(built, "restart_containerd")
    assert containers(built) == before


def test_a_broken_certificate_is_replaced_and_its_key_said_nowhere(built: Twin) -> None:
    built.ssh(
        NODE, f"echo garbage > $(readlink -f {CURRENT}); rm /etc/kubernetes/pki/ca.crt; systemctl restart kubelet"
    )
    run = cured(built, "renew_kubelet_certificate", "-vv", "--diff")
    assert "PRIVATE KEY" not in run.text
    assert "client-key-data" not in run.text
    assert built.ssh(NODE, f"grep -c 'client-key: {CURRENT}' {KUBELET_CONF}; stat -c %a {KUBELET_CONF}") == "1\n600"
    assert built.ssh(NODE, "sha256sum < /etc/kubernetes/pki/ca.crt") == built.ssh(
        "k8s-cp", "sha256sum < /etc/kubernetes/pki/ca.crt"
    )


def test_everything_this_toolkit_installs_is_put_back(built: Twin) -> None:
    before = containers(built)
    built.ssh(
        NODE,
        "systemctl stop kubelet; rm /usr/bin/kubelet /opt/cni/bin/loopback; echo x > /var/lib/kubelet/config.yaml; "
        "sed -i 's/ARGS=\"/ARGS=\"--nope /' /var/lib/kubelet/kubeadm-flags.env; sysctl -qw net.ipv4.ip_forward=0; "
        "chmod 000 /usr/local/bin/ctr; sed -i s/true/false/ /etc/containerd/config.toml",
    )
    run = cured(built, "restore_node")
    assert "damaged: /usr/bin/kubelet, /opt/cni/bin/loopback" in run.text
    assert built.ssh(NODE, "sysctl -n net.ipv4.ip_forward; test -x /opt/cni/bin/loopback && echo there") == "1\nthere"
    assert "SystemdCgroup = true" in built.ssh(NODE, "containerd config dump")
    assert containers(built) == before
    assert remedy(built, "restore_node", "--json").changed == []


def test_a_lost_network_plugin_comes_back_with_the_agent(built: Twin) -> None:
    built.ssh(NODE, "rm /opt/cni/bin/cilium-cni")
    run = cured(built, "restart_cilium")
    assert "missing: /opt/cni/bin/cilium-cni" in run.text
    assert "after: Cilium agent ready" in run.text


def test_recover_finds_the_remedy_by_itself(built: Twin) -> None:
    built.ssh(NODE, "systemctl mask --now kubelet 2>&1")
    run = cured(built, "recover")
    assert "takes restart_kubelet" in run.text
    assert "healthy after restart_kubelet" in run.text


def test_what_is_not_ours_fills_the_disk_and_stays(built: Twin) -> None:
    """Only the regenerable goes, the rest is named, and a disk that is still full is no success."""
    filler = "/var/lib/someones-data"
    free = "df --output=avail -k /var | tail -1"
    # The kubelet stands still meanwhile: it would evict pods.
    built.ssh(NODE, "systemctl stop kubelet; fallocate -l 200M /var/cache/apt/archives/old.deb")
    built.ssh(NODE, f"fallocate -l $(($({free}) - 20480))K {filler}")
    try:
        run = remedy(built, "free_disk")
        assert run.returncode == 1
        assert "still full" in run.text
        assert f"left, not ours: {filler}" in run.text
        assert re.search("freed: apt's archives: 2[0-9][0-9] MiB", run.text)
        assert built.ssh(NODE, f"test -e {filler} && echo there") == "there"
    finally:
        built.ssh(NODE, f"rm {filler}")
    run = cured(built, "free_disk")
    assert "kubelet.service is inactive, enabled: started" in run.text
