"""The releases this kubestead knows."""

from __future__ import annotations

from datetime import date

from kubestead.errors import Finding
from kubestead.validation import Refusal

# Minor release to the end of upstream's support. Source: kubernetes.io/releases, data/releases/{schedule,eol}.yaml.
# The range: kubeadm's v1beta4 configuration begins with 1.31, and Cilium 1.18 is tested up to 1.33.
KUBERNETES_SUPPORT_ENDS = {
    "1.31": date(2025, 11, 11),
    "1.32": date(2026, 2, 28),
    "1.33": date(2026, 6, 28),
}


def known_kubernetes(version: str) -> str:
    """The version itself.

    Raises:
        Refusal: its minor release is not one kubestead was written for.
    """
    if version.rpartition(".")[0] not in KUBERNETES_SUPPORT_ENDS:
        raise Refusal("is not a release this kubestead knows", f"take one of {', '.join(KUBERNETES_SUPPORT_ENDS)}")
    return version


def known_containerd(version: str) -> str:
    """The version itself.

    Raises:
        Refusal: it is not 2.x; the configuration file kubestead writes is version 3, which 1.x does not read.
    """
    if not version.startswith("2."):
        raise Refusal("is not containerd 2.x, whose configuration kubestead writes", "take 2.1.5")
    return version


def kubernetes_warnings(version: str, today: date) -> list[Finding]:
    """A warning when upstream no longer mends this release."""
    ended = KUBERNETES_SUPPORT_ENDS[version.rpartition(".")[0]]
    if today <= ended:
        return []
    return [
        Finding(
            "group_data/all.py: kubernetes_version",
            f"upstream's support for this release ended on {ended}",
            "it works, but gets no more security fixes; plan an upgrade, one minor release at a time",
            value=version,
            severity="warning",
        )
    ]
