"""How the checks word what they find."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from kubestead.errors import Finding
from kubestead.preflight.survey import Host

Severity = Literal["error", "warning"]


def finding(
    hosts: Host | Iterable[Host],
    what: str,
    value: object,
    reason: str,
    fix: str,
    *,
    severity: Severity = "error",
) -> Finding:
    """A finding on one host, or on several together (``k8s-worker1, k8s-worker2: hostname``)."""
    names = [hosts.name] if isinstance(hosts, Host) else sorted(host.name for host in hosts)
    return Finding(f"{', '.join(names)}: {what}", reason, fix, value=value, severity=severity)


def unknown(host: Host, what: str, fix: str, *, severity: Severity = "error") -> Finding:
    """A fact that could not be read: not a healthy one."""
    return finding(host, what, None, "could not be read", fix, severity=severity)
