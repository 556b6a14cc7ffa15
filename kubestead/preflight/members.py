"""Do the hosts' own files tell of one cluster, this one?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from kubestead.errors import Finding
from kubestead.membership import Membership, may_initialise
from kubestead.preflight.findings import finding
from kubestead.preflight.survey import Host, Role, Survey
from kubestead.spec.fields import is_address

RESET = "pyinfra INVENTORY deploys/reset.py --limit"


def check_one_control_plane(survey: Survey) -> Iterator[Finding]:
    names = [node.name for node in survey.nodes if node.role == "control_plane"]
    if len(names) != 1:
        yield Finding(
            "inventory: control_plane",
            "must name one host" if not names else "names more than one host, which this release cannot build yet",
            "put the first in the group control_plane and the others in workers"
            if names
            else "name it in control_plane",
            value=", ".join(names) or None,
        )


def check_new_cluster(survey: Survey) -> Iterator[Finding]:
    """Where the first control plane holds no cluster, nobody else may belong to one.

    Whether something answers at the endpoint is asked by ``kubeadm.initialise``, right before it acts.
    """
    first = next((host for host in survey.hosts if host.node.role == "control_plane"), None)
    mine = first.info.files.membership if first else None
    if first is None or mine is None or (mine.is_control_plane and mine.interrupted is None):
        return
    members = {role: _memberships(survey, role) for role in ("control_plane", "worker")}
    yield from may_initialise(first.name, members["control_plane"], members["worker"], endpoint_answers=False)


def check_endpoint_is_a_name(survey: Survey) -> Iterator[Finding]:
    """The endpoint is in every certificate and kubeconfig; an address is for a cluster that was built with one."""
    first = next((host for host in survey.hosts if host.node.role == "control_plane"), None)
    mine = first.info.files.membership if first else None
    runs = mine is None or (mine.is_control_plane and mine.interrupted is None)
    if runs or not is_address(survey.spec.endpoint_host):
        return
    yield Finding(
        "control_plane_endpoint",
        "is an address, which can never move to another machine",
        f"write a name, as in 'k8s-api:{survey.spec.endpoint_port}'; the hosts learn it",
        value=survey.spec.control_plane_endpoint,
    )


def _memberships(survey: Survey, role: Role) -> dict[str, Membership]:
    known = ((host, host.info.files.membership) for host in survey.hosts if host.node.role == role)
    return {host.name: membership for host, membership in known if membership}


def check_worker_role(host: Host, survey: Survey) -> Iterator[Finding]:
    if host.node.role == "worker" and host.info.files.holds_control_plane:
        yield finding(
            host,
            "role",
            "worker",
            "a control plane lives here, or its remains (/etc/kubernetes/admin.conf, its manifests or /var/lib/etcd)",
            f"put the host in the group control_plane, or give its cluster up: {RESET} {host.name}",
        )


def check_one_cluster(survey: Survey) -> Iterator[Finding]:
    """Members carry their cluster's CA; two CAs are two clusters."""
    holders: dict[str, list[Host]] = defaultdict(list)
    for host in survey.hosts:
        files = host.info.files
        # What an interrupted run left is cleaned by the next one; its CA may be an earlier cluster's.
        if files.joined and files.interrupted is None and files.ca_sha256:
            holders[files.ca_sha256].append(host)
    if len(holders) < 2:
        return
    # The control plane's cluster is the one to keep; without one in this run, the largest.
    groups = sorted(holders.values(), key=lambda hosts: (_has_control_plane(hosts), len(hosts)), reverse=True)
    for hosts in groups[1:]:
        yield finding(
            hosts,
            "cluster",
            f"CA {hosts[0].info.files.ca_sha256}"[:15],
            f"belongs to another cluster than {', '.join(host.name for host in groups[0])}",
            f"take it out of there first: {RESET} {','.join(host.name for host in hosts)}",
        )


def _has_control_plane(hosts: list[Host]) -> bool:
    return any(host.node.role == "control_plane" for host in hosts)
