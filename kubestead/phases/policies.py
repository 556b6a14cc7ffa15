"""Network policies of a folder: read, checked against the cluster, applied; what is no longer written is removed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

from pyinfra import host
from pyinfra.api import DeployError, FactBase
from pyinfra.api.deploy import deploy

from kubestead.cilium.policy import Object, Policy
from kubestead.cilium.policyfiles import load
from kubestead.cilium.policyrules import unseen_names
from kubestead.cilium.policyset import changes, check, labelled, manifest, set_name
from kubestead.errors import Finding
from kubestead.facts.policies import MOST_BYTES, PolicyCluster, PolicyDryRun, packed
from kubestead.operations import policies as operations
from kubestead.phases.gather import fact_of
from kubestead.phases.load import errors, print_findings, refusal
from kubestead.phases.nodepolicies import firewall_findings
from kubestead.phases.topology import first_control_plane

FOLDER = "policies"
# The operator takes a moment; one that has just been elected, some 15 s.
WITHIN_SECONDS = 60
_T = TypeVar("_T")


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
    objects = {policy.key: labelled(policy, name) for policy in policies}
    text = manifest(objects.values())
    cluster = _asked(PolicyCluster, manifest=text, set_name=name)
    _stop_at(
        [*check(policies, cluster, name), *unseen_names(policies), *firewall_findings(policies, cluster.firewall, name)]
    )
    differing = {change.key: change for change in changes(policies, cluster, _as_applied(policies, text))}
    for policy in policies:
        operations.applied(name=str(policy), content=objects[policy.key], change=differing.get(policy.key))
    for change in differing.values():
        if change.after is None:
            operations.removed(name=f"{change} is written nowhere any more", change=change)
    places = {policy.key: policy.place("metadata", "name") for policy in policies}
    operations.valid(name="Every policy is valid", set_name=name, places=places, within_seconds=WITHIN_SECONDS)


def _folder(folder: Path, absent: bool) -> tuple[str, list[Policy]]:
    policies, findings = ([], []) if absent else load(folder)
    name = set_name(folder)
    if not isinstance(name, str):
        findings, name = [*findings, name], ""
    if not absent and not policies and not findings:
        fix = f"to remove every policy of the set {name}: --data state=absent"
        findings = [Finding(str(folder), "holds no policy", fix)]
    if len(packed(manifest(policy.content for policy in policies))) > MOST_BYTES:
        fix = "split it: each folder is a set of its own"
        findings = [*findings, Finding(str(folder), "holds more policies than one run takes (100 KB, packed)", fix)]
    _stop_at(findings)
    return name, policies


def _as_applied(policies: Sequence[Policy], text: str) -> Sequence[Object]:
    """The objects as the API server says they would be."""
    if not policies:
        return ()
    answer = _asked(PolicyDryRun, manifest=text)
    if not answer.objects:
        said = [_refused(words, policies) for words in answer.refused]
        _stop_at(said or [Finding(f"{host.name}: the API server", "did not answer the dry run", "try again")])
    return answer.objects


def _refused(words: str, policies: Sequence[Policy]) -> Finding:
    """The API server's own words about one of the policies, at its place where they name it."""
    named = [policy for policy in policies if f'"{policy.key[2]}"' in words]
    where = named[0].place() if len(named) == 1 else f"{host.name}: the API server"
    return Finding(where, f"is refused by the API server: {words}", "correct it as that says")


def _asked(fact: type[FactBase[_T]], **arguments: str) -> _T:
    answer: _T | None
    answer, failure = fact_of(first_control_plane(), cast(Any, fact), **arguments)
    if answer is None or failure:
        reason = failure.reason if failure else "no answer"
        raise DeployError(f"{host.name}: its API could not be asked about policies: {reason}")
    return answer


def _stop_at(findings: Iterable[Finding]) -> None:
    """Print what there is to say, and stop the run where any of it is an error."""
    found = list(findings)
    if found:
        print_findings(found)
    if wrong := errors(found):
        raise refusal(wrong)
