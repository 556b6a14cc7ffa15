"""The output of ``kubestead/facts/host.sh`` as a :class:`HostInfo`. What is missing or malformed becomes None."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, TypeVar

from kubestead.preflight.model import ClusterFiles, Filesystem, HostInfo, LockHolder, OsRelease
from kubestead.preflight.parse_kernel import kernel_features
from kubestead.preflight.parse_network import devices, routes, routes_v6, sockets

MARK = "@@ "
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_CGROUP_VERSIONS: dict[str, Literal[1, 2]] = {"cgroup2fs": 2, "tmpfs": 1}
_T = TypeVar("_T")


def host_info(lines: Sequence[str]) -> HostInfo:
    """All facts of one host.

    Raises:
        ValueError: the output is not the script's, or it was cut off.
    """
    parts = sections(lines)
    if "identity" not in parts or "end" not in parts:
        raise ValueError(f"the answer is incomplete (it has the sections: {', '.join(parts) or 'none'})")
    identity = _pairs(parts["identity"])
    machine = identity.get("machine")
    var, root = _filesystems(parts.get("disk", []), parts.get("inodes", []))
    return HostInfo(
        os=_os_release(parts.get("os-release", [])),
        architecture=_ARCHITECTURES.get(machine, machine) if machine else None,
        cores=_number(int, identity.get("cores")),
        memory_mib=_memory_mib(parts.get("meminfo", [])),
        root=root,
        var=var,
        hostname=identity.get("hostname"),
        machine_id=identity.get("machine_id"),
        devices=devices(parts.get("addresses", [])),
        routes=routes(parts.get("routes", [])),
        routes_v6=routes_v6(parts.get("routes-v6", [])),
        sockets=sockets(parts.get("sockets", [])),
        swap_devices=_swap_devices(parts.get("swaps", [])),
        cgroup_version=_CGROUP_VERSIONS.get(identity.get("cgroup_fs", "")),
        cgroup_controllers=tuple(sorted(" ".join(parts.get("controllers", [])).split())) or None,
        kernel=identity.get("kernel"),
        kernel_features=kernel_features(parts),
        btf=_yes_no(identity.get("btf")),
        euid=_number(int, identity.get("euid")),
        clock=_number(float, identity.get("clock")),
        files=_cluster_files(parts.get("files", [])),
        package_locks=_lock_holders(parts.get("locks", [])),
        packages=_installed_packages(parts.get("packages", [])),
        active_units=_active_units(parts.get("units", [])),
        ufw_enabled=_ufw_enabled(parts.get("firewall", [])),
        systemd=_yes_no(identity.get("systemd")),
        apparmor={"Y": True, "N": False, "absent": False}.get(identity.get("apparmor", "")),
    )


def sections(lines: Sequence[str]) -> dict[str, list[str]]:
    """The lines below each ``@@ name``; what stands before the first mark (a login banner) is dropped."""
    parts: dict[str, list[str]] = {}
    current: list[str] = []
    for line in lines:
        if line.startswith(MARK):
            current = parts.setdefault(line[len(MARK) :].strip(), [])
        else:
            current.append(line)
    return parts


def _pairs(lines: Sequence[str]) -> dict[str, str]:
    return {key: value for key, _, value in (line.partition("=") for line in lines) if value}


def _number(kind: Callable[[str], _T], text: str | None) -> _T | None:
    try:
        return kind(text) if text else None
    except ValueError:
        return None


def _yes_no(text: str | None) -> bool | None:
    return {"yes": True, "no": False}.get(text or "")


def _os_release(lines: Sequence[str]) -> OsRelease:
    """https://www.freedesktop.org/software/systemd/man/latest/os-release.html: shell assignments, no expansion."""
    values: dict[str, str] = {}
    for line in lines:
        try:
            values |= _pairs(shlex.split(line, comments=True))
        except ValueError:
            continue
    return OsRelease(
        values.get("ID"), values.get("VERSION_ID"), values.get("VERSION_CODENAME"), values.get("PRETTY_NAME")
    )


def _memory_mib(lines: Sequence[str]) -> int | None:
    sizes = dict(line.split()[:2] for line in lines if len(line.split()) >= 2)
    kib = _number(int, sizes.get("MemTotal:"))
    return kib // 1024 if kib else None


def _filesystems(disk: Sequence[str], inodes: Sequence[str]) -> tuple[Filesystem, Filesystem]:
    """/var/lib and / as ``df -P -k`` and ``df -P -i`` print them, in this order."""

    def available(lines: Sequence[str], row: int) -> int | None:
        fields = lines[row].split() if len(lines) == 2 else []
        return _number(int, fields[3]) if len(fields) >= 6 else None

    def filesystem(row: int) -> Filesystem:
        kib, free_inodes = available(disk, row), available(inodes, row)
        # btrfs counts no inodes: df prints zero or a dash for it.
        total = inodes[row].split()[1] if free_inodes is not None else "0"
        return Filesystem(
            free_gib=None if kib is None else round(kib / 1024**2, 1),
            free_inodes=free_inodes if total not in ("0", "-") else None,
        )

    return filesystem(0), filesystem(1)


def _swap_devices(lines: Sequence[str]) -> tuple[str, ...] | None:
    """The devices and files of /proc/swaps, whose first line is a heading."""
    if not lines or not lines[0].startswith("Filename"):
        return None
    return tuple(line.split()[0] for line in lines[1:] if line.strip())


def _cluster_files(lines: Sequence[str]) -> ClusterFiles:
    pairs = _pairs(lines)

    def present(path: str) -> bool | None:
        return _yes_no(pairs.get(path))

    return ClusterFiles(
        admin_conf=present("/etc/kubernetes/admin.conf"),
        kubelet_conf=present("/etc/kubernetes/kubelet.conf"),
        bootstrap_kubelet_conf=present("/etc/kubernetes/bootstrap-kubelet.conf"),
        apiserver_manifest=present("/etc/kubernetes/manifests/kube-apiserver.yaml"),
        ca_certificate=present("/etc/kubernetes/pki/ca.crt"),
        etcd_data=present("/var/lib/etcd/member"),
        kubelet_config=present("/var/lib/kubelet/config.yaml"),
        kubelet_server=pairs.get("kubelet_server"),
        ca_sha256=pairs.get("ca_sha256"),
        # As the fact NodeMembership reads it: whatever else is in the marker, a join is the milder reading.
        interrupted=None if not (marker := pairs.get("interrupted")) else "init" if marker == "init" else "join",
    )


def _lock_holders(lines: Sequence[str]) -> tuple[LockHolder, ...]:
    fields = [line.split(maxsplit=2) for line in lines]
    return tuple(LockHolder(f[0], int(f[1]), f[2]) for f in fields if len(f) == 3 and f[1].isdigit())


def _installed_packages(lines: Sequence[str]) -> Mapping[str, str]:
    fields = [line.split() for line in lines]
    return {f[0]: f[1] for f in fields if len(f) == 3 and f[2] == "installed"}


def _active_units(lines: Sequence[str]) -> tuple[str, ...] | None:
    """``systemctl show`` prints a block of properties per unit, blocks apart by an empty line."""
    blocks = [_pairs(block.splitlines()) for block in "\n".join(lines).split("\n\n")]
    units = [block for block in blocks if "Id" in block]
    if not units:
        return None
    return tuple(sorted({unit["Id"] for unit in units if unit.get("ActiveState") in ("active", "activating")}))


def _ufw_enabled(lines: Sequence[str]) -> bool:
    """/etc/ufw/ufw.conf's ENABLED; without the file there is no ufw."""
    return _pairs(lines).get("ENABLED", "no").strip("\"'").lower() == "yes"
