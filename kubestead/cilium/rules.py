"""Which of Cilium's choices contradict each other, why, and what to write instead.

The agent ends with an error for some of these, and passes over others without a word: then the cluster lacks what was
chosen. Sources are the checks of Cilium 1.18.4 itself (its chart, its option package, its kube-proxy replacement) and
its docs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from kubestead.cilium import rules_extra, rules_mesh, rules_network, rules_security, rules_services
from kubestead.cilium.rule import Rule
from kubestead.errors import Finding

if TYPE_CHECKING:
    from kubestead.spec import ClusterSpec

RULES: tuple[Rule, ...] = (
    *rules_network.RULES, *rules_services.RULES, *rules_security.RULES, *rules_mesh.RULES, *rules_extra.RULES,
)  # fmt: skip


def contradictions(spec: ClusterSpec, unsure: Collection[str] = ()) -> Iterator[Finding]:
    """Every rule the spec breaks; those that look at a key in ``unsure`` (wrong by itself) are left out."""
    doubtful = set(unsure)
    for rule in RULES:
        if doubtful.isdisjoint((rule.key, *rule.others)) and rule.broken(spec):
            value = spec.model_dump(mode="json", include={rule.key})[rule.key]
            yield Finding(rule.key, rule.reason, rule.fix, value=value, severity=rule.severity)
