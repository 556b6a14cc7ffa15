"""What the person at the terminal reads."""

from __future__ import annotations

from kubestead.errors import Finding
from kubestead.preflight.report import report_lines, summary


def test_errors_first_grouped_by_host_and_what_is_the_same_said_once() -> None:
    findings = [
        Finding("k8s-cp: swap", "is on", "nothing to do", value="/swap.img", severity="warning"),
        Finding("k8s-worker1: swap", "is on", "nothing to do", value="/swap.img", severity="warning"),
        Finding("k8s-worker1: memory", "is less than the 1700 MiB asked for", "give it more", value="900 MiB"),
        Finding(
            "group_data/all.py: pod_cidr", "meets a live route", "write pod_cidr = '10.128.0.0/9'", value="10.0.0.0/8"
        ),
        Finding("k8s-worker2", "cannot be reached over SSH", "see why"),
    ]

    assert summary(findings) == "3 errors, 2 warnings"
    assert report_lines(findings) == [
        "k8s-worker1",
        "  error: memory = 900 MiB: is less than the 1700 MiB asked for",
        "    fix: give it more",
        "group_data/all.py",
        "  error: pod_cidr = 10.0.0.0/8: meets a live route",
        "    fix: write pod_cidr = '10.128.0.0/9'",
        "k8s-worker2",
        "  error: cannot be reached over SSH",
        "    fix: see why",
        "k8s-cp, k8s-worker1",
        "  warning: swap = /swap.img: is on",
        "    fix: nothing to do",
    ]


def test_nothing_to_say() -> None:
    assert summary([]) == "no findings"
    assert report_lines([]) == []
