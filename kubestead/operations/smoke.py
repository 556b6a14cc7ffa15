"""The full smoke: real pods that talk to each other on the cluster, and are gone afterwards."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from pyinfra import host, logger, state
from pyinfra.api import FunctionCommand, QuoteString, StringCommand, operation
from pyinfra.api.host import Host
from pyinfra.api.state import State

from kubestead.facts.health import SMOKE_STAMP
from kubestead.health import KUBECTL, PROOF, ClusterState, Proof, rows_of, with_joined
from kubestead.render import render
from kubestead.runrecord import record
from kubestead.smoke import parse

# Seconds; each check waits for at most 150 of them.
TIMEOUT = 420


@operation(is_idempotent=False)
def smoke(
    image: str,
    nodes: Sequence[str],
    absent: Sequence[str],
    others: Sequence[str],
    dns_domain: str,
    egress_target: str | None,
    hubble_relay: bool,
    only_if_changed: bool,
) -> Generator[FunctionCommand, None, None]:
    """Run every check of ``templates/smoke.sh.j2`` and print each with its outcome.

    Args:
        image: the agnhost image, by digest.
        nodes: names of the nodes whose pods must reach each other.
        absent: nodes that may be in the cluster and do not answer: nothing runs there, and nobody is asked for them.
        others: hosts that are no part of this run; their pods must reach each other too once they are nodes.
        dns_domain: the cluster's domain.
        egress_target: ``host:port`` outside that a pod must reach; None leaves that check out.
        hubble_relay: whether Hubble relay is part of the cluster.
        only_if_changed: leave the smoke out when nothing in this run changed anything, and one has passed with these
            very nodes before; :func:`kubestead.operations.health.healthy` has seen that.
    """
    seen: ClusterState = host.data.get("cluster_state") or ClusterState()
    if only_if_changed and not _anything_changed() and not seen.unproven(nodes):
        host.noop("nothing changed in this run")
        _record(seen.proof)
        return
    script = render(
        "smoke.sh.j2",
        image=image,
        nodes=with_joined(nodes, others, seen),
        absent=absent,
        dns_domain=dns_domain,
        egress_target=egress_target,
        hubble_relay=hubble_relay,
        manifest=render("smoke.yaml.j2", image=image, absent=absent),
    )
    yield FunctionCommand(_run, (script,), {})
    yield FunctionCommand(_keep_proof, (), {})


def _anything_changed() -> bool:
    """In this run; while it is being planned, whether anything else will."""
    if not state.is_executing:
        others = (data for operations in state.ops.values() for key, data in operations.items() if not _is_this(key))
        return any(data.operation_meta.will_change for data in others)
    metas = (data.operation_meta for operations in state.ops.values() for data in operations.values())
    return any(meta.is_complete() and meta.did_change() for meta in metas)


def _is_this(op_hash: str) -> bool:
    return bool(op_hash == host.current_op_hash)


def _run(state: State, host: Host, script: str) -> bool:
    # Ended on the host itself, with its pods: what only pyinfra gives up on would run on there.
    command = StringCommand(f"timeout --kill-after=90 {TIMEOUT} sh -c", QuoteString(script))
    ok, output = host.run_shell_command(command, _sudo=bool(host.data.get("_sudo")), _timeout=TIMEOUT + 100)
    checks = parse(output.stdout_lines)
    for check in checks:
        logger.info(f"{host.print_prefix}{check}")
    if not ok or not checks:
        logger.error(f"{host.print_prefix}the smoke did not run to its end:\n{output.stderr}")
    return ok and bool(checks) and all(check.passed for check in checks)


def _keep_proof(state: State, host: Host) -> bool:
    """Write down on the control plane what the smoke was about, and in the run's record."""
    # By a temporary file, so that what is there is whole.
    command = StringCommand(
        f"set -e; {KUBECTL} get nodes,ciliumnodes --output", QuoteString(rows_of(PROOF)), f"> {SMOKE_STAMP}.new;",
        f"mv {SMOKE_STAMP}.new {SMOKE_STAMP}; cat {SMOKE_STAMP}",
    )  # fmt: skip
    ok, output = host.run_shell_command(command, _sudo=bool(host.data.get("_sudo")), _timeout=60)
    _record(Proof.parse(output.stdout_lines))
    return ok


def _record(proof: Proof) -> None:
    if state.is_executing and proof.pod_networks:
        record(pod_networks=dict(proof.pod_networks))
