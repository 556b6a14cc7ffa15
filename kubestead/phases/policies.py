"""Network policies of a folder: read, checked against the cluster, applied; what is no longer written is removed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pyinfra import host
from pyinfra.api import DeployError
from pyinfra.api.deploy import deploy

from kubestead.cilium.policy import RESOURCES, Policy
from kubestead.cilium.policyfiles import load
from kubestead.cilium.policyrules import unseen_names
from kubestead.cilium.policyset import OWNER, check, set_name
from kubestead.errors import Finding
from kubestead.facts.objects import look
from kubestead.facts.policies import PolicyCluster
from kubestead.manifests import labelled
from kubestead.objectset import changes, in_the_way
from kubestead.operations import policies as operations
from kubestead.phases.gather import asked_of_first
from kubestead.phases.load import stop_at
from kubestead.phases.nodepolicies import firewall_findings

FOLDER = "policies"
# The operator takes a moment; one that has just been elected, some 15 s.
WITHIN_SECONDS = 60


@deploy("Policies")
def apply_policies() -> None:
    """Apply the policies of ``--data policies=FOLDER``; with ``--data state=absent`` remove all of its set.

    Raises:
        DeployError: something is wrong with them, or the cluster does not take them; every finding was printed.
    """
    wanted = host.data.get("state", "present")
    if wanted not in ("present", "absent"):
        raise DeployError(f"--data state={wanted}: say present or absent")
    name, policies = _folder(Path(str(host.data.get("policies") or FOLDER)), wanted == "absent")
    owner = f"{OWNER}{name}"
    places = {policy.identity: policy.place("metadata", "name") for policy in policies}
    written = [labelled(policy.content, owner) for policy in policies]
    cluster = asked_of_first(PolicyCluster)
    owned, trial = look(asked_of_first, written, RESOURCES, owner, whole=True)
    others = in_the_way(trial, owner, RESOURCES, lambda identity: places[identity])
    on_nodes = firewall_findings(policies, cluster.firewall, owner)
    stop_at([*check(policies, cluster), *others, *unseen_names(policies), *on_nodes])
    stop_at(_refused(words, policies) for words in trial.refused)
    differing = {change.identity: change for change in changes(written, owned, trial, kinds=RESOURCES, whole=True)}
    for policy in policies:
        operations.policy(name=str(policy), change=differing.get(policy.identity))
    for change in differing.values():
        if change.wanted is None:
            operations.policy(name=f"{change} is written nowhere any more", change=change)
    operations.valid(name="Every policy is valid", owner=owner, places=places, within_seconds=WITHIN_SECONDS)


def _folder(folder: Path, absent: bool) -> tuple[str, list[Policy]]:
    policies, findings = ([], []) if absent else load(folder)
    name = set_name(folder)
    if not isinstance(name, str):
        findings, name = [*findings, name], ""
    if not absent and not policies and not findings:
        fix = f"to remove every policy of the set {name}: --data state=absent"
        findings = [Finding(str(folder), "holds no policy", fix)]
    stop_at(findings)
    return name, policies


def _refused(words: str, policies: Sequence[Policy]) -> Finding:
    """The API server's own words about one of the policies, at its place where they name it."""
    named = [policy for policy in policies if f'"{policy.identity.name}"' in words]
    where = named[0].place() if len(named) == 1 else f"{host.name}: the API server"
    return Finding(where, f"is refused by the API server: {words}", "correct it as that says")
