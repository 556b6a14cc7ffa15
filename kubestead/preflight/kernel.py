"""Can the kernel carry what is to run on it?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kubestead.errors import Finding
from kubestead.preflight.cilium import is_needed
from kubestead.preflight.findings import finding, unknown
from kubestead.preflight.survey import Host, Survey

# https://docs.cilium.io/en/v1.18/operations/system_requirements/
MINIMUM_KERNEL = (5, 10)
# https://kubernetes.io/docs/concepts/architecture/cgroups/: the kubelet does not start without these.
REQUIRED_CONTROLLERS = ("cpu", "cpuset", "memory", "pids")


def check_kernel_version(host: Host, survey: Survey) -> Iterator[Finding]:
    release = host.info.kernel
    numbers = re.match(r"(\d+)\.(\d+)", release or "")
    if numbers is None:
        yield unknown(host, "kernel", "try 'uname -r' on it")
    elif (int(numbers[1]), int(numbers[2])) < MINIMUM_KERNEL:
        wanted = ".".join(map(str, MINIMUM_KERNEL))
        reason = f"is older than {wanted}, which Cilium {survey.spec.cilium_version} needs"
        yield finding(host, "kernel", release, reason, "install a newer kernel package and reboot")


def check_kernel_features(host: Host, survey: Survey) -> Iterator[Finding]:
    features = {name: there for name, there in host.info.kernel_features.items() if is_needed(name, survey.spec)}
    missing = [name for name, present in features.items() if present is False]
    untold = [name for name, present in features.items() if present is None]
    if missing:
        yield finding(
            host,
            "kernel features",
            ", ".join(missing),
            "are missing from the running kernel",
            "install the distribution's full kernel (Ubuntu: linux-modules-extra-$(uname -r)), and boot it",
        )
    if untold:
        yield finding(
            host,
            "kernel features",
            ", ".join(untold),
            "could not be told: the kernel's build configuration is not readable",
            "compare with /boot/config-$(uname -r) of the kernel's package",
            severity="warning",
        )


def check_cgroup(host: Host, survey: Survey) -> Iterator[Finding]:
    info = host.info
    if info.cgroup_version is None or info.cgroup_controllers is None:
        yield unknown(host, "cgroup", "look at 'stat -fc %T /sys/fs/cgroup' and /proc/cgroups on it")
        return
    if missing := [name for name in REQUIRED_CONTROLLERS if name not in info.cgroup_controllers]:
        reason = f"lacks the controllers {', '.join(missing)}, which the kubelet needs"
        fix = "take cgroup_disable= off the kernel's command line and reboot"
        yield finding(host, "cgroup", f"v{info.cgroup_version}", reason, fix)
    if info.cgroup_version == 1:
        yield finding(
            host,
            "cgroup",
            "v1",
            "is in maintenance mode since Kubernetes 1.31",
            "boot with systemd.unified_cgroup_hierarchy=1 when you can",
            severity="warning",
        )


def check_swap(host: Host, survey: Survey) -> Iterator[Finding]:
    """Swap that is on is no error: preparing the host turns it off."""
    swap = host.info.swap_devices
    if swap is None:
        yield unknown(host, "swap", "look at /proc/swaps on it", severity="warning")
    elif swap:
        reason = "is on: preparing the host turns it off and takes it out of /etc/fstab"
        yield finding(host, "swap", ", ".join(swap), reason, "nothing to do", severity="warning")
