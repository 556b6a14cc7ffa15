"""Operations of Helm."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import yaml
from pyinfra import host
from pyinfra.api import StringCommand, operation

from kubestead.facts.health import SMOKE_STAMP
from kubestead.facts.helm import HelmRelease, Release
from kubestead.operations import shown
from kubestead.operations.files import TextFile, install_files
from kubestead.operations.flow import refusal
from kubestead.render import render


@operation()
def release(
    release_name: str,
    namespace: str,
    chart: str,
    chart_version: str,
    values: dict[str, Any],
    refused: Callable[[Release], str | None] = lambda _: None,
) -> Generator[StringCommand, None, None]:
    """Have a release of exactly this chart version with exactly these values; nothing is upgraded when they agree.

    Values are compared, never manifests: a chart may render new certificates every time.

    Args:
        release_name: Helm's name of the release, also used for the values file on the host.
        namespace: where it is installed.
        chart: path of the chart's archive on the host.
        chart_version: the version that archive holds.
        values: the user's values, whole.
        refused: why a release that is there is not to be changed by this operation; None where it may be.
    """
    present = host.get_fact(HelmRelease, release=release_name, namespace=namespace)
    if present and (present.chart_version, present.status, present.values) == (chart_version, "deployed", values):
        host.noop(f"{release_name} {chart_version} is deployed with these values")
        return
    if present and (why := refused(present)):
        yield refusal(why)
        return
    if present is None or (present.chart_version, present.status) != (chart_version, "deployed"):
        was = f"{present.chart_version}, {present.status}" if present else "not there"
        shown.show(f"Helm release {release_name}: {was} -> {chart_version}, deployed")
    if present is None or present.values != values:
        shown.show_values(f"values of the Helm release {release_name}", present.values if present else None, values)
    path = f"/var/lib/kubestead/{release_name}-values.yaml"
    yield from install_files._inner([TextFile(path, yaml.safe_dump(values), mode="600", shown=False)])
    script = render(
        "helm-upgrade.sh.j2", release=release_name, namespace=namespace, chart=chart, values=path,
        smoke_stamp=SMOKE_STAMP,
    )  # fmt: skip
    yield StringCommand(script, _timeout=700)
