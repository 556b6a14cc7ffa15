"""Is the machine of a supported kind, and large enough?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kubestead.catalog import File
from kubestead.errors import Finding
from kubestead.preflight.findings import finding, unknown
from kubestead.preflight.survey import Host, Survey

SUPPORTED_OS = {("ubuntu", "22.04"): "Ubuntu 22.04", ("ubuntu", "24.04"): "Ubuntu 24.04", ("debian", "12"): "Debian 12"}
# An image of a few hundred files is several ten thousand inodes; ext4 gives a 10 GiB disk about 650 000.
MINIMUM_FREE_INODES = 100_000


def check_os(host: Host, survey: Survey) -> Iterator[Finding]:
    os = host.info.os
    if os.id is None:
        yield unknown(host, "OS", "look at /etc/os-release on it")
    elif (os.id, os.version) not in SUPPORTED_OS:
        supported = ", ".join(SUPPORTED_OS.values())
        value = os.name or f"{os.id} {os.version}"
        yield finding(host, "OS", value, "is not supported", f"install one of {supported} on it")


def check_architecture(host: Host, survey: Survey) -> Iterator[Finding]:
    architecture = host.info.architecture
    if architecture is None:
        yield unknown(host, "architecture", "try 'uname -m' on it")
    elif architecture not in ("amd64", "arm64"):
        yield finding(host, "architecture", architecture, "is not supported", "use an amd64 or arm64 machine")
    elif missing := [name for name, file in _files(survey).items() if not (file.any or getattr(file, architecture))]:
        yield finding(
            host,
            "architecture",
            architecture,
            f"the catalog has no {architecture} build of {', '.join(missing)}",
            "add it to the catalog, or build the mirror for this architecture",
        )


def _files(survey: Survey) -> Mapping[str, File]:
    return survey.catalog.files if survey.catalog else {}


def check_cores(host: Host, survey: Survey) -> Iterator[Finding]:
    yield from _at_least(host, survey, "cores", host.info.cores, "")


def check_memory(host: Host, survey: Survey) -> Iterator[Finding]:
    yield from _at_least(host, survey, "memory_mib", host.info.memory_mib, " MiB")


def _at_least(host: Host, survey: Survey, key: str, value: int | None, unit: str) -> Iterator[Finding]:
    what = key.partition("_")[0]
    minimum = getattr(survey.spec.preflight_minimum, key)
    if value is None:
        yield unknown(host, what, "look at /proc on it")
    elif value < minimum:
        yield finding(
            host,
            what,
            f"{value}{unit}",
            f"is less than the {minimum}{unit} asked for",
            f"give the machine more, or lower preflight_minimum[{key!r}] in group_data/all.py",
        )


def check_disk(host: Host, survey: Survey) -> Iterator[Finding]:
    """Free space below /var/lib, for images, containers and etcd. A node in service has used its share: a warning."""
    minimum = survey.spec.preflight_minimum.disk_gib
    free = host.info.var.free_gib
    if free is None:
        yield unknown(host, "free disk below /var/lib", "try 'df -h /var/lib' on it")
    elif free < minimum:
        yield finding(
            host,
            "free disk below /var/lib",
            f"{free} GiB",
            f"is less than the {minimum} GiB asked for",
            "free some ('du -xh --max-depth=2 /var | sort -h | tail'), or lower preflight_minimum['disk_gib'] in "
            "group_data/all.py",
            severity="warning" if host.info.files.joined else "error",
        )


def check_inodes(host: Host, survey: Survey) -> Iterator[Finding]:
    free = host.info.var.free_inodes
    if free is not None and free < MINIMUM_FREE_INODES:
        yield finding(
            host,
            "free inodes below /var/lib",
            free,
            f"is less than {MINIMUM_FREE_INODES}: files cannot be created long before the disk is full",
            "remove many small files, or make the filesystem anew with more inodes",
            severity="warning" if host.info.files.joined else "error",
        )


def check_root(host: Host, survey: Survey) -> Iterator[Finding]:
    if host.info.euid != 0:
        yield finding(
            host,
            "user id",
            host.info.euid,
            "commands do not run as root, so the rest of this host could not be judged",
            "connect as root, or set 'sudo: true' for the host in site.yaml and allow sudo without a password",
        )


def check_systemd(host: Host, survey: Survey) -> Iterator[Finding]:
    if host.info.systemd is not True:
        yield finding(host, "init", None, "systemd does not run here", "boot the machine with systemd as its init")
