"""Cilium's own check before an upgrade."""

from __future__ import annotations

from collections.abc import Generator

from pyinfra.api import StringCommand, operation

from kubestead.render import render


@operation(is_idempotent=False)
def upgrade_checked(chart: str, values: str) -> Generator[StringCommand, None, None]:
    """Pull the new images on every node and validate every policy, by the chart's preflight; leaves nothing behind.

    Source: docs.cilium.io, upgrade guide, "Running pre-flight check (Required)".

    Args:
        chart: path of the new chart's archive on the control plane.
        values: of the preflight's release, YAML.
    """
    yield StringCommand(render("cilium-preflight.sh.j2", chart=chart, values=values), _timeout=700)
