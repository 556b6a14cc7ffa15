"""Facts about Cilium as a whole while its configuration changes, asked on a control plane in one round trip each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pyinfra.api import FactBase
from pyinfra.api.exceptions import FactProcessError

from kubestead.cilium import checks, release, rollout
from kubestead.facts.helm import HELM
from kubestead.render import render

SCRIPT = Path(__file__).with_name("cilium_rollout.sh")
# Which Helm revision was the last good one, from the beginning of a switch to its end: {"good": 3}.
SWITCH_MARK = "/var/lib/kubestead/cilium-switch.json"


class CiliumRollout(FactBase[rollout.Rollout | None]):
    """The agents and the operator; None where the API does not answer or there is no Cilium."""

    @staticmethod
    def default() -> None:
        return None

    def command(self) -> str:
        return SCRIPT.read_text()

    def process(self, output: list[str]) -> rollout.Rollout | None:
        try:
            return rollout.parse(output)
        except (ValueError, IndexError) as error:
            raise FactProcessError(f"what the cluster told of Cilium cannot be read: {error!r}") from error


class CiliumRelease(FactBase[release.Release | None]):
    """The Helm release ``cilium`` in kube-system; None where there is none, or Helm cannot be asked."""

    @staticmethod
    def default() -> None:
        return None

    def command(self) -> str:
        where = "cilium --namespace kube-system --output=json 2>/dev/null"
        return (
            f"""good=$(sed -n 's/.*"good": *\\([0-9]*\\).*/\\1/p' {SWITCH_MARK} 2>/dev/null); """
            f"history=$({HELM} history {where}) && "
            f"values=$({HELM} get values --all ${{good:+--revision}} $good {where} || "
            f"{HELM} get values --all {where}) && "
            """{ printf '%s' "$history" | tr -d '\\n'; echo; printf '%s' "$values" | tr -d '\\n'; echo; """
            f"cat {SWITCH_MARK} 2>/dev/null; }}; true"
        )

    def process(self, output: list[str]) -> release.Release | None:
        try:
            return release.parse(output)
        except (ValueError, KeyError, TypeError) as error:
            raise FactProcessError(f"what Helm told of Cilium cannot be read: {error!r}") from error


class CiliumSaid(FactBase[tuple[checks.Said, ...]]):
    """What the agents of ``nodes`` say of themselves, asked through the API."""

    default = tuple

    def command(self, nodes: Sequence[str]) -> str:
        return render("cilium-said.sh.j2", nodes=list(nodes), witnesses=[])

    def process(self, output: list[str]) -> tuple[checks.Said, ...]:
        return checks.statuses(output)
