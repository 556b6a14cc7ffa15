"""Facts about what Kubernetes leaves behind on a host."""

from __future__ import annotations

from pyinfra.api import FactBase

from kubestead.render import render


class Leftovers(FactBase[list[str]]):
    """What is left of a cluster on the host, ``kind: what`` for each; empty on a clean host."""

    default = list

    def command(self) -> str:
        return render("leftovers.sh.j2")

    def process(self, output: list[str]) -> list[str]:
        return output
