"""Every check, in the order of the report."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date

from kubestead.errors import Finding
from kubestead.preflight import cilium, clock, identity, kernel, machine, members, network, ports, software, supply
from kubestead.preflight.survey import Host, Survey

HostCheck = Callable[[Host, Survey], Iterable[Finding]]
ClusterCheck = Callable[[Survey], Iterable[Finding]]

HOST_CHECKS: tuple[HostCheck, ...] = (
    machine.check_root,
    machine.check_os,
    machine.check_architecture,
    machine.check_cores,
    machine.check_memory,
    machine.check_disk,
    machine.check_inodes,
    machine.check_systemd,
    identity.check_hostname,
    identity.check_machine_id,
    kernel.check_kernel_version,
    kernel.check_kernel_features,
    cilium.check_kernel_for_choices,
    kernel.check_cgroup,
    kernel.check_swap,
    software.check_other_kubernetes,
    software.check_containerd_package,
    software.check_package_locks,
    software.check_firewall,
    ports.check_ports,
    network.check_node_address,
    network.check_routes_known,
    network.check_reachability,
    members.check_worker_role,
)

CLUSTER_CHECKS: tuple[ClusterCheck, ...] = (
    supply.check_catalog,
    members.check_one_control_plane,
    members.check_one_cluster,
    members.check_new_cluster,
    members.check_endpoint_is_a_name,
    identity.check_clones,
    clock.check_clocks,
    network.check_addresses,
    cilium.check_mtu,
    cilium.check_neighbours,
)


def run_checks(survey: Survey, today: date | None = None) -> list[Finding]:
    """All findings on the spec, the cluster and each host; ``today`` is for tests."""
    findings = list(survey.spec.warnings(today))
    for cluster_check in CLUSTER_CHECKS:
        findings += cluster_check(survey)
    for host in survey.hosts:
        for host_check in HOST_CHECKS:
            findings += host_check(host, survey)
    return findings
