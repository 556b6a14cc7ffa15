"""What real hosts of the twin said while something was wrong with them.

Each file holds the node and its cause, what ``api_view.sh`` printed ("api " before each key), and what
``node_report.sh`` did (kubelet 1.31.13, containerd 2.1.5, Cilium 1.18.4); logs and objects are
shortened to what is looked at.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kubestead.diagnose import ApiView, Cause, Diagnosis, Reach, Seen, api_views, diagnose
from kubestead.diagnose.model import Role
from kubestead.diagnose.parse import node_report
from kubestead.facts.api_view import ClusterObjects

FILES = sorted((Path(__file__).parent / "recorded").glob("*.txt"))


def recorded(path: Path) -> tuple[Seen, str]:
    """What was seen, and the cause somebody had made."""
    lines = path.read_text().splitlines()
    node, cause = lines[0].partition("\t")[2].split()
    answer = ClusterObjects().process([line.removeprefix("api ") for line in lines if line.startswith("api ")])
    view = ApiView(asked=answer.asked, trouble=answer.trouble)
    if answer.objects:
        view = api_views(answer.objects, [node])[node]
    report = node_report([line for line in lines[1:] if not line.startswith("api ")])
    role: Role = "control_plane" if node == "k8s-cp" else "worker"
    return Seen(node, role, report, view, Reach(ssh=True)), cause


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_cause_of_a_real_fault_is_found(path: Path) -> None:
    seen, cause = recorded(path)
    found = diagnose(seen)
    assert found.cause.value == cause, found
    assert found.advice or found.cause is Cause.HEALTHY


def test_the_same_host_in_good_health_is_healthy() -> None:
    """The fault is what was found, nothing that is true of every host of the twin."""
    well, ill = (
        recorded(next(path for path in FILES if path.stem == name))[0] for name in ("healthy-worker", "runc-missing")
    )
    assert ill.report is not None
    assert well.report is not None
    assert diagnose(replace(ill, report=replace(ill.report, binaries=well.report.binaries))).cause is Cause.HEALTHY
    assert diagnose(well) == Diagnosis("k8s-worker2", Cause.HEALTHY, diagnose(well).evidence, (), "")
