"""Every cause: what the real thing looks like, and that it is found, with words a person understands."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml

from kubestead.diagnose import LADDER, ApiView, Cause, Diagnosis, Reach, Remedy, Seen, diagnose
from kubestead.diagnose.model import Condition, Neighbour, PodView
from kubestead.diagnose.report import Asked, Binary, Page
from tests.unit.diagnose import cases
from tests.unit.diagnose.cases import (
    CA,
    GIB,
    LOST,
    NOW,
    OTHER_CA,
    control_plane,
    disk,
    identity,
    kubelet,
    runtime,
    worker,
)

CRASHED = {"active": "activating", "sub": "auto-restart", "result": "exit-code", "exit_status": 1, "restarts": 7}
CONFIG = "/var/lib/kubelet/config.yaml"
PRESSURE = Condition("True", "KubeletHasSomething", "kubelet has something")
LATE = PodView("shop", "cart-0", "k8s-worker1", "Running", True, deletion=NOW - 400)
UNPLACED = PodView("kube-system", "cilium-operator-z", None, "Pending", False, trouble="Unschedulable: 0/3 nodes")


def crashing(words: str) -> Seen:
    line = f'E1122 10:00:00.000000    4711 run.go:72] "command failed" err="{words}"'
    return worker(
        kubelet=kubelet(**CRASHED, log=(line, "kubelet.service: Failed with result 'exit-code'.")), api_values=LOST
    )


def asked(words: str, **values: object) -> Seen:
    return worker(identity=identity(api=Asked(1, words), **values), api_values=LOST)


def lost(reach: Reach, **values: object) -> Seen:
    view = {**LOST, **values}
    return Seen("k8s-worker1", "worker", None, cases.api(**view), reach)


DOWN = Diagnosis("k8s-cp", Cause.ETCD_DOWN, ("etcd does not run",), (), "look")
WITNESS = Neighbour("k8s-worker2", False, "silent", "silent")
BINARIES = cases.report().binaries
CASES: dict[str, tuple[Seen, Cause, str]] = {
    "healthy": (worker(), Cause.HEALTHY, "the API says Ready; its lease is 4 s old"),
    "healthy control plane": (control_plane(), Cause.HEALTHY, "Ready"),
    "power off": (lost(Reach(False, (WITNESS,), "off")), Cause.HOST_OFF, "its power is off"),
    "nobody reaches it": (
        lost(Reach(False, (WITNESS,))),
        Cause.HOST_UNREACHABLE,
        "seen from k8s-worker2 it does not answer its ping",
    ),
    "network cut, power on": (lost(Reach(False, (WITNESS,), "on")), Cause.HOST_UNREACHABLE, "its power is on; SSH"),
    "another host key": (
        lost(Reach(False, (WITNESS,), "on", ("its SSH host key has changed", "kubestead trust-rebuilt"))),
        Cause.HOST_UNREACHABLE,
        "SSH answers, but its SSH host key has changed",
    ),
    "only SSH is broken": (
        lost(Reach(False), ready=cases.api().ready, lease_renewed=NOW - 3),
        Cause.HOST_UNREACHABLE,
        "its kubelet does its work",
    ),
    "read-only": (worker(disks=(disk("/var", read_only=True),)), Cause.DISK_READ_ONLY, "/var is mounted read-only"),
    "full": (
        worker(disks=(disk("/var/lib/containerd", free=GIB // 2),)),
        Cause.DISK_FULL,
        "/var is full: 512.0 MiB of 20.0 GiB",
    ),
    "full elsewhere": (worker(disks=(disk("/run", "/run", size=GIB, free=4096),)), Cause.DISK_FULL, "/run is full"),
    "full, read-only as it came to that": (
        worker(disks=(disk("/var", free=0, read_only=True),)),
        Cause.DISK_READ_ONLY,
        "read-only",
    ),
    "pressure, but room again": (
        worker(api_values={"pressures": {"DiskPressure": PRESSURE}}),
        Cause.DISK_FULL,
        "though there is room now",
    ),
    "no inodes": (
        worker(disks=(disk("/var/lib/kubelet", inodes_free=12),), api_values={"pressures": {"DiskPressure": PRESSURE}}),
        Cause.INODES_EXHAUSTED,
        "12 of 1000000 inodes free",
    ),
    "memory, says the kubelet": (
        worker(api_values={"pressures": {"MemoryPressure": PRESSURE}}),
        Cause.MEMORY_PRESSURE,
        "kubelet has something",
    ),
    "memory, measured": (worker(memory_available=40 * 1024**2), Cause.MEMORY_PRESSURE, "40.0 MiB of 4.0 GiB"),
    "PIDs, says the kubelet": (
        worker(api_values={"pressures": {"PIDPressure": PRESSURE}}),
        Cause.PID_PRESSURE,
        "PIDPressure",
    ),
    "PIDs, measured": (worker(tasks=32700), Cause.PID_PRESSURE, "32700 of the 32768"),
    "clock ahead": (cases.without(worker(), clock_skew=300.0), Cause.CLOCK_SKEWED, "300.0 s ahead of the other hosts'"),
    "clock behind, says chrony": (worker(clock_offset=-45.0), Cause.CLOCK_SKEWED, "45.0 s behind its time sources'"),
    "lease of the future": (worker(api_values={"lease_renewed": NOW + 90}), Cause.CLOCK_SKEWED, "90 s into the future"),
    "swap": (worker(swaps=("/swapfile",)), Cause.SWAP_ON, "/swapfile"),
    "swap, its last words": (
        crashing("failed to run Kubelet: running with swap on is not supported"),
        Cause.SWAP_ON,
        "swap on",
    ),
    "containerd gone": (
        worker(binaries={**BINARIES, "containerd": Binary("missing", "/usr/local/bin/containerd")}, api_values=LOST),
        Cause.CONTAINERD_BINARY_MISSING,
        "/usr/local/bin/containerd is missing",
    ),
    "runc not executable": (
        worker(binaries={**BINARIES, "runc": Binary("not-executable", "/usr/local/sbin/runc")}),
        Cause.CONTAINERD_BINARY_MISSING,
        "may not be executed",
    ),
    "shim is rubbish": (
        worker(binaries={**BINARIES, "shim": Binary("126", "/s", "Exec format error")}),
        Cause.CONTAINERD_BINARY_MISSING,
        "cannot run (exit code 126: Exec format error)",
    ),
    "containerd is an empty file": (
        worker(binaries={**BINARIES, "containerd": Binary("0", "/c", "")}),
        Cause.CONTAINERD_BINARY_MISSING,
        "empty",
    ),
    "containerd's config unreadable": (
        worker(runtime=runtime(dump=Asked(1, "toml: expected character ="), answer=Asked(1, "ctr: refused"))),
        Cause.CONTAINERD_BAD_CONFIG,
        "toml: expected character =",
    ),
    "containerd's config gone": (
        worker(runtime=runtime(config_there=False)),
        Cause.CONTAINERD_BAD_CONFIG,
        "missing or empty",
    ),
    "cri disabled": (
        worker(runtime=runtime(disabled=("io.containerd.grpc.v1.cri",))),
        Cause.CONTAINERD_BAD_CONFIG,
        "cri",
    ),
    "cri failed": (
        worker(runtime=runtime(cri={"io.containerd.grpc.v1": "error"})),
        Cause.CONTAINERD_BAD_CONFIG,
        "error",
    ),
    "containerd stopped": (
        worker(
            containerd=kubelet(active="inactive", sub="dead", changed_ago=43),
            runtime=runtime(answer=Asked(1, "ctr: x")),
        ),
        Cause.CONTAINERD_STOPPED,
        "containerd.service is inactive (dead) for 43 s",
    ),
    "containerd disabled": (worker(containerd=kubelet(enabled="disabled")), Cause.CONTAINERD_STOPPED, "after a reboot"),
    "containerd stopped by a signal": (worker(containerd=kubelet(process="T")), Cause.CONTAINERD_FROZEN, "(state T)"),
    "containerd's cgroup frozen": (worker(containerd=kubelet(frozen=True)), Cause.CONTAINERD_FROZEN, "control group"),
    "containerd deaf": (worker(runtime=runtime(answer=Asked(124))), Cause.CONTAINERD_FROZEN, "does not answer"),
    "containerd deaf to the kubelet": (
        worker(api_values={"ready": Condition("False", "KubeletNotReady", "[container runtime is down]")}),
        Cause.CONTAINERD_FROZEN,
        "container runtime is down",
    ),
    "containerd crashing": (
        worker(containerd=kubelet(**CRASHED, log=("containerd: failed to load: boom",))),
        Cause.CONTAINERD_CRASHING,
        "boom",
    ),
    "kubelet gone": (
        worker(binaries={**BINARIES, "kubelet": Binary("missing", "/usr/bin/kubelet")}, kubelet=kubelet(**CRASHED)),
        Cause.KUBELET_BINARY_MISSING,
        "/usr/bin/kubelet is missing",
    ),
    "kubelet masked": (
        worker(kubelet=kubelet(load="masked", active="inactive", sub="dead", enabled="masked")),
        Cause.KUBELET_MASKED,
        "masked",
    ),
    "kubelet stopped": (
        worker(kubelet=kubelet(active="inactive", sub="dead", changed_ago=61), api_values=LOST),
        Cause.KUBELET_STOPPED,
        "kubelet.service is inactive (dead) for 61 s",
    ),
    "kubelet stopped a moment ago": (
        worker(kubelet=kubelet(active="inactive", sub="dead")),
        Cause.KUBELET_STOPPED,
        "dead",
    ),
    "kubelet disabled": (worker(kubelet=kubelet(enabled="disabled")), Cause.KUBELET_STOPPED, "runs but is disabled"),
    "kubelet stopped by a signal": (
        worker(kubelet=kubelet(process="T"), api_values=LOST),
        Cause.KUBELET_FROZEN,
        "signal",
    ),
    "kubelet silent": (worker(kubelet_healthz=Page(None), api_values=LOST), Cause.KUBELET_FROZEN, "does not answer"),
    "kubelet lost its connection": (worker(api_values=LOST), Cause.KUBELET_FROZEN, "yet its lease is 60 s old"),
    "cgroup drivers": (
        worker(runtime=runtime(systemd_cgroup=False)),
        Cause.CGROUP_DRIVER_MISMATCH,
        "is systemd (/var/lib/kubelet/config.yaml)",
    ),
    "bad config, its last words": (
        crashing(f"failed to load kubelet config file, path: {CONFIG}, error: no such field"),
        Cause.KUBELET_BAD_CONFIG,
        "no such",
    ),
    "bad config, not read yet": (worker(kubelet_config="kind: [\n"), Cause.KUBELET_BAD_CONFIG, "it is not YAML"),
    "config gone": (
        worker(files={**cases.report().files, CONFIG: "missing"}, kubelet_config=None),
        Cause.KUBELET_BAD_CONFIG,
        "is missing",
    ),
    "bad flags, its last words": (
        crashing("failed to parse kubelet flag: unknown flag: --x"),
        Cause.KUBELET_BAD_FLAGS,
        "unknown flag: --x",
    ),
    "bad flags, not read yet": (
        worker(binaries={**BINARIES, "kubelet": Binary("1", "/usr/bin/kubelet", "unknown flag: --x")}),
        Cause.KUBELET_BAD_FLAGS,
        "unknown flag: --x",
    ),
    "crashing for its own reason": (
        crashing("failed to run Kubelet: boom"),
        Cause.KUBELET_CRASHING,
        "started again 7 times",
    ),
    "client certificate expired": (
        worker(
            identity=identity(
                client=CA.node("k8s-worker1", begins=-9, ends=-2), api=Asked(1, "error: You must be logged in")
            ),
            api_values=LOST,
        ),
        Cause.KUBELET_CERTIFICATE_EXPIRED,
        "has been expired for 2 d",
    ),
    "certificate of another CA": (
        worker(identity=identity(client=OTHER_CA.node("k8s-worker1"), api=Asked(1, "Unauthorized"))),
        Cause.KUBELET_CERTIFICATE_BROKEN,
        "was not signed by the CA in force",
    ),
    "certificate of another node": (
        worker(identity=identity(client=CA.node("k8s-worker9"))),
        Cause.KUBELET_CERTIFICATE_BROKEN,
        "system:node:k8s-worker9",
    ),
    "certificate gone": (
        worker(identity=identity(client="")),
        Cause.KUBELET_CERTIFICATE_BROKEN,
        "no client certificate",
    ),
    "key of another certificate": (
        asked("tls: private key does not match public key"),
        Cause.KUBELET_CERTIFICATE_BROKEN,
        "does not match",
    ),
    "kubelet.conf gone": (
        worker(
            files={"/etc/kubernetes/kubelet.conf": "missing"}, identity=identity(server=None, client=None, api=None)
        ),
        Cause.KUBELET_CERTIFICATE_BROKEN,
        "kubelet.conf is missing",
    ),
    "kubelet.conf leads elsewhere": (
        asked("dial tcp: i/o timeout", server="https://192.0.2.9:6443"),
        Cause.KUBELET_CERTIFICATE_BROKEN,
        "leads to https://192",
    ),
    "CA replaced": (
        asked("x509: certificate signed by unknown authority", conf_ca=OTHER_CA.pem, pki_ca=OTHER_CA.pem),
        Cause.CA_REPLACED,
        "the CA in /etc/kubernetes/kubelet.conf is not the cluster's",
    ),
    "CA gone": (worker(identity=identity(pki_ca="")), Cause.CA_REPLACED, "ca.crt is missing or"),
    "API cut off": (
        asked("dial tcp 192.0.2.1:6443: i/o timeout"),
        Cause.API_UNREACHABLE,
        "it answers others (2 other nodes",
    ),
    "API cut off, no kubectl": (
        worker(identity=identity(api=Asked(127, "no kubectl"), tcp=Asked(124, "")), api_values=LOST),
        Cause.API_UNREACHABLE,
        "",
    ),
    "node deleted": (
        worker(
            api_values={"exists": False, "ready": None, "agent": None},
            identity=identity(api=Asked(1, 'Error from server (NotFound): nodes "k8s-worker1" not found')),
        ),
        Cause.NODE_DELETED,
        "the API has no node of this name",
    ),
    "sandbox image": (
        worker(runtime=runtime(sandbox_state="absent")),
        Cause.SANDBOX_IMAGE_MISSING,
        "pause:3.10, is absent",
    ),
    "CNI binary": (worker(cni_binaries=("loopback",)), Cause.CNI_BINARY_MISSING, "cilium-cni missing"),
    "CNI config": (worker(cni_files={}), Cause.CNI_CONFIG_MISSING, "no CNI configuration"),
    "CNI config of somebody else": (
        worker(cni_files={"00-x.conf": '{"type": "bridge"}', "05-cilium.conflist": cases.CONFLIST}),
        Cause.CNI_CONFIG_MISSING,
        "00-x",
    ),
    "CNI config is rubbish": (worker(cni_files={"05-cilium.conflist": "{"}), Cause.CNI_CONFIG_MISSING, "is not a CNI"),
    "agent not ready": (
        worker(
            api_values={
                "agent": PodView("kube-system", "cilium-x", "k8s-worker1", "Running", False, None, "cilium-agent: boom")
            }
        ),
        Cause.CILIUM_AGENT_NOT_READY,
        "cilium-agent: boom",
    ),
    "no agent": (worker(api_values={"agent": None}), Cause.CILIUM_AGENT_NOT_READY, "no Cilium agent"),
    "agent says no": (worker(cilium_healthz=Page(503, "x")), Cause.CILIUM_AGENT_NOT_READY, "answers 503"),
    "cordoned": (worker(api_values={"cordoned": True}), Cause.CORDONED, "somebody cordoned it"),
    "cordoned by a remedy": (
        worker(api_values={"cordoned": True, "cordoned_for": "reboot"}),
        Cause.CORDONED,
        "the remedy reboot cordoned it and did not end well",
    ),
    "operator": (
        worker(api_values={"operators": (UNPLACED,)}),
        Cause.CILIUM_OPERATOR_PENDING,
        "Unschedulable: 0/3 nodes",
    ),
    "one operator of two": (
        worker(api_values={"operators": (*cases.api().operators, UNPLACED)}),
        Cause.CILIUM_OPERATOR_PENDING,
        "finds no place",
    ),
    "pods stuck": (
        worker(api_values={"terminating": (LATE,)}),
        Cause.PODS_TERMINATING,
        "1 pods on it should have been gone",
    ),
    "API server's manifest moved": (
        control_plane(
            manifests=("etcd.yaml",),
            processes={"etcd": "S"},
            api=Asked(1, "refused"),
            api_values={"answers": False, "trouble": "refused", "ready": None, "exists": None},
        ),
        Cause.API_SERVER_DOWN,
        "kube-apiserver.yaml is missing",
    ),
    "API server stopped by a signal": (
        control_plane(processes={**cases.static_pods().processes, "kube-apiserver": "T"}),
        Cause.API_SERVER_DOWN,
        "state T",
    ),
    "API server not ready": (
        control_plane(api=Asked(1, "[-]poststarthook failed")),
        Cause.API_SERVER_DOWN,
        "poststarthook",
    ),
    "etcd's manifest moved": (
        control_plane(manifests=("kube-apiserver.yaml",), processes={}, api=Asked(1, "refused")),
        Cause.ETCD_DOWN,
        "etcd.yaml",
    ),
    "etcd gone": (control_plane(processes={"kube-apiserver": "S"}), Cause.ETCD_DOWN, "etcd does not run"),
    "etcd ill": (control_plane(etcd=Page(503, '{"health":"false"}')), Cause.ETCD_DOWN, "etcd is not well"),
    "control plane's certificates": (
        control_plane(
            certificates={"/etc/kubernetes/pki/apiserver.crt": CA.leaf("kube-apiserver", begins=-9, ends=-1)}
        ),
        Cause.CONTROL_PLANE_CERTIFICATES_EXPIRED,
        "pki/apiserver.crt",
    ),
    "a worker while etcd is down": (
        Seen(
            "k8s-worker1",
            "worker",
            replace(cases.report(), identity=identity(api=Asked(1, "connection refused"))),
            ApiView(asked=NOW, down=DOWN),
            Reach(ssh=True),
        ),
        Cause.ETCD_DOWN,
        "because of k8s-cp: etcd does not run",
    ),
    "no controller manager": (
        control_plane(manifests=("etcd.yaml", "kube-apiserver.yaml", "kube-scheduler.yaml")),
        Cause.UNKNOWN,
        "controller-manager",
    ),
    "host says nothing": (
        Seen("k8s-worker1", "worker", None, cases.api(), Reach(ssh=True), trouble="timed out"),
        Cause.UNKNOWN,
        "timed out",
    ),
    "nobody says anything": (Seen("k8s-worker1", "worker"), Cause.UNKNOWN, "not known"),
    "not Ready for a reason of its own": (
        worker(api_values={"ready": Condition("False", "KubeletNotReady", "CSINode is not yet initialized")}),
        Cause.UNKNOWN,
        "CSINode is not yet initialized",
    ),
    "lease refused": (
        worker(
            kubelet=kubelet(log=('E1 controller.go:195] "Failed to update lease" err="admission denied the request"',)),
            api_values=LOST,
        ),
        Cause.UNKNOWN,
        "the API refuses what the kubelet writes",
    ),
    "host renamed": (worker(hostname="other", api_values=LOST), Cause.UNKNOWN, "its host name is other"),
    "port taken": (
        worker(
            kubelet=kubelet(
                **CRASHED,
                log=(
                    'E1122 10:00:00.000000    4711 server.go:1] "Failed to listen" err="bind: address already in use"',
                    'I1122 10:00:00.000000    4711 server.go:2] "Something else"',
                ),
            )
        ),
        Cause.KUBELET_CRASHING,
        'its last words: "Failed to listen"',
    ),
    "one beat late": (worker(api_values={"lease_renewed": NOW - 17}), Cause.UNKNOWN, "its lease is 17 s old"),
}


@pytest.mark.parametrize("case", CASES)
def test_the_cause_is_found_and_told(case: str) -> None:
    seen, cause, words = CASES[case]
    found = diagnose(seen)
    assert (found.cause, found.node) == (cause, seen.node), found
    assert words in " | ".join(found.evidence)
    assert found.cause is Cause.HEALTHY or found.advice


def test_there_is_a_case_for_every_cause() -> None:
    assert {cause for _, cause, _ in CASES.values()} == set(Cause)


DEEPER = {
    "disk before kubelet": (
        worker(disks=(disk("/var", read_only=True),), kubelet=kubelet(**CRASHED)),
        Cause.DISK_READ_ONLY,
    ),
    "containerd before kubelet": (
        worker(containerd=kubelet(active="inactive", sub="dead"), kubelet=kubelet(**CRASHED)),
        Cause.CONTAINERD_STOPPED,
    ),
    "kubelet before cordoned": (
        worker(kubelet=kubelet(active="inactive", sub="dead"), api_values={"cordoned": True}),
        Cause.KUBELET_STOPPED,
    ),
    "image before agent": (
        worker(runtime=runtime(sandbox_state="absent"), api_values={"agent": None}),
        Cause.SANDBOX_IMAGE_MISSING,
    ),
    "certificate before crash": (
        worker(identity=identity(client=CA.node("k8s-worker1", begins=-9, ends=-2)), kubelet=kubelet(**CRASHED)),
        Cause.KUBELET_CERTIFICATE_EXPIRED,
    ),
    "etcd before API server": (control_plane(processes={}, api=Asked(1, "refused")), Cause.ETCD_DOWN),
}


def test_a_kubelet_that_got_over_its_crashes_is_not_blamed() -> None:
    """Seen on the twin: a kubelet just back from two bad starts, and a node that was deleted meanwhile."""
    again = kubelet(restarts=2, started_ago=8.0)
    assert diagnose(worker(kubelet=again)).cause is Cause.HEALTHY
    assert diagnose(worker(kubelet=again, api_values={"exists": False})).cause is Cause.NODE_DELETED
    assert diagnose(worker(kubelet=again, api_values=LOST)).cause is Cause.KUBELET_CRASHING
    assert diagnose(worker(containerd=again)).cause is Cause.HEALTHY


def test_on_a_host_that_is_too_busy_a_late_answer_proves_nothing() -> None:
    busy = {"load": 117.0, "processors": 2}
    seen = worker(**busy, kubelet_healthz=Page(None), runtime=runtime(answer=Asked(124)), api_values=LOST)
    found = diagnose(seen)
    assert found.cause is Cause.UNKNOWN
    assert "too busy" in found.evidence[0]
    assert diagnose(worker(**busy, kubelet=kubelet(process="T"), api_values=LOST)).cause is Cause.KUBELET_FROZEN


def test_a_pressure_of_the_past_hides_nothing() -> None:
    pressure = {"pressures": {"DiskPressure": PRESSURE}}
    assert diagnose(worker(kubelet=kubelet(process="T"), api_values={**LOST, **pressure})).cause is Cause.KUBELET_FROZEN


@pytest.mark.parametrize("case", DEEPER)
def test_the_deepest_is_the_cause_and_the_rest_is_evidence(case: str) -> None:
    seen, cause = DEEPER[case]
    found = diagnose(seen)
    assert found.cause is cause
    assert len(found.evidence) >= 3


def test_a_node_that_works_but_for_ssh_gets_no_remedy() -> None:
    assert diagnose(CASES["only SSH is broken"][0]).remedies == ()
    assert diagnose(CASES["nobody reaches it"][0]).remedies == (Remedy.POWER_CYCLE,)


def test_a_full_disk_is_never_rebooted_and_what_is_not_ours_not_cleaned() -> None:
    assert diagnose(CASES["full"][0]).remedies == (Remedy.FREE_DISK,)
    assert diagnose(CASES["full elsewhere"][0]).remedies == ()
    assert diagnose(CASES["pressure, but room again"][0]).remedies == ()


def test_out_of_service_only_while_the_power_is_proven_off() -> None:
    seen = worker(api_values={"terminating": (LATE,)})
    assert diagnose(seen).remedies == ()
    assert diagnose(cases.without(seen, reach=Reach(ssh=True, power="off"))).remedies == (Remedy.OUT_OF_SERVICE,)


def test_other_nodes_are_not_blamed_for_a_dead_api() -> None:
    found = diagnose(CASES["a worker while etcd is down"][0])
    assert found.remedies == ()
    assert found.advice == "first see to k8s-cp: look"


def test_a_missing_manifest_is_not_restarted_but_put_back() -> None:
    assert diagnose(CASES["API server's manifest moved"][0]).remedies == ()
    assert Remedy.RESTART_KUBELET in diagnose(CASES["etcd gone"][0]).remedies


def test_the_power_of_a_host_that_may_be_well_is_not_offered():
    """Its SSH server greets a neighbour, or nobody knows what the API would say: a lost key is no dead host."""
    refused = diagnose(CASES["another host key"][0])
    assert (refused.remedies, refused.advice) == ((), "kubestead trust-rebuilt")
    greets = replace(WITNESS, ping=True, ssh="answers")
    assert diagnose(lost(Reach(False, (greets,), "on"))).remedies == ()
    unheard = replace(lost(Reach(False, (WITNESS,), "on")), api=ApiView(answers=False))
    assert diagnose(unheard).cause is Cause.HOST_UNREACHABLE
    assert diagnose(unheard).remedies == ()


@pytest.mark.parametrize(
    ("words", "remedies"),
    [
        ("could not restore state from checkpoint: checkpoint is corrupted", LADDER[Cause.KUBELET_CRASHING]),
        ("fatal error: runtime: cannot allocate memory", LADDER[Cause.KUBELET_CRASHING][:-1]),
        ("listen tcp 0.0.0.0:10250: bind: address already in use", ()),
    ],
)
def test_a_kubelet_is_reset_only_for_what_it_keeps_on_disk(words, remedies):
    found = diagnose(crashing(f"failed to run Kubelet: {words}"))
    assert found.cause is Cause.KUBELET_CRASHING
    assert found.remedies == remedies


def test_pods_nobody_could_tell_of_are_no_missing_agent():
    assert diagnose(worker(api_values={"agent": None, "pods": False})).cause is Cause.HEALTHY


def test_a_lease_from_the_future_is_no_fault_of_a_clock_that_is_right():
    ahead = worker(api_values={"lease_renewed": cases.NOW + 10})
    assert diagnose(ahead).cause is Cause.CLOCK_SKEWED
    assert diagnose(replace(ahead, clock_skew=0.2)).cause is Cause.HEALTHY


def test_a_quantity_the_kubelet_itself_refuses_is_no_threshold():
    config = yaml.safe_load(cases.report().kubelet_config) | {"evictionHard": {"memory.available": "9ki"}}
    assert diagnose(worker(kubelet_config=yaml.safe_dump(config))).cause is Cause.HEALTHY


@pytest.mark.parametrize(
    ("words", "remedies"),
    [
        ("dial tcp 192.0.2.253:6443: connect: no route to host", (Remedy.RESTORE_NODE,)),
        ("dial tcp: lookup k8s-api: no such host", (Remedy.RESTORE_NODE,)),
        ("dial tcp 192.0.2.187:6443: i/o timeout", ()),
        ("i/o timeout", ()),
    ],
)
def test_only_a_name_that_leads_astray_is_put_right(words, remedies):
    """What is in the way of packets is not ours; the API's name in /etc/hosts is."""
    found = diagnose(
        worker(
            identity=identity(api=Asked(1, f"Unable to connect to the server: {words}")),
            api_values={**LOST, "planes": ("192.0.2.187",)},
        )
    )
    assert (found.cause, found.remedies) == (Cause.API_UNREACHABLE, remedies)
