"""HostFacts with plain values, which pyinfra-testing can compare with a fixture."""

from __future__ import annotations

from typing import Any

from kubestead.facts import host


class HostFacts(host.HostFacts):
    def process(self, output: list[str]) -> Any:
        return super().process(output).to_json()
