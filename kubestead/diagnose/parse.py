"""The output of ``kubestead/facts/node_report.sh`` as a :class:`NodeReport`. Malformed or missing is None."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress

from kubestead.diagnose.parse_text import lines_of, number, unpacked, words
from kubestead.diagnose.parse_units import unit
from kubestead.diagnose.report import Asked, Binary, ControlPlane, Disk, Identity, NodeReport, Page, Runtime

_KIB = 1024
_READ_ONLY = {"ro", "emergency_ro", "shutdown"}


def node_report(lines: Sequence[str]) -> NodeReport:
    """Everything one host said.

    Raises:
        ValueError: the output is not the script's, or it was cut off.
    """
    said = lines_of(lines)
    if "end" not in said or "boot_id" not in said:
        raise ValueError(f"the answer is incomplete (it has: {', '.join(said) or 'nothing'})")
    one = {key: values[0] for key, values in said.items()}
    memory = {row.split()[0]: number(row.split()[1], _KIB) for row in said.get("memory", ()) if len(row.split()) > 1}
    uptime = number(one.get("uptime"), kind=float)
    config = unpacked(one.get("kubelet_config"))
    return NodeReport(
        boot_id=one.get("boot_id") or None,
        clock=number(one.get("clock"), kind=float),
        uptime=uptime,
        hostname=one.get("hostname") or None,
        disks=disks(said.get("disk", ()), said.get("mount", ())),
        memory_total=memory.get("MemTotal:"),
        memory_available=memory.get("MemAvailable:"),
        tasks=number(one.get("tasks", "").partition("/")[2]),
        tasks_max=_smallest(number(one.get("pid_max")), number(one.get("threads_max"))),
        load=number(one.get("load"), kind=float),
        processors=number(one.get("processors")),
        pids=number(words(one.get("pids_limit", ""), 2)[0]),
        pids_max=number(words(one.get("pids_limit", ""), 2)[1].strip()),
        swaps=_swaps(said.get("swap", ())),
        clock_offset=clock_offset(said.get("chrony", ())),
        clock_kept={"yes": True, "no": False}.get(one.get("synchronized", "")),
        kubelet=unit(said, "kubelet.service", uptime),
        containerd=unit(said, "containerd.service", uptime),
        binaries=dict(map(_binary, said.get("binary", ()))),
        files={path: state for state, path in (words(row, 2) for row in said.get("file", ()))},
        kubelet_config=config,
        kubelet_healthz=_page(one.get("kubelet_healthz")),
        cilium_healthz=_page(one.get("cilium_healthz")),
        cilium_process=one.get("cilium_process") or None,
        runtime=_runtime(said, one),
        identity=_identity(one),
        cni_files=_packed_files(said.get("cni_file", ())) if "cni_files" in said else None,
        cni_binaries=tuple(sorted(said.get("cni_binary", ()))) if "cni_binaries" in said else None,
        control_plane=_control_plane(said, one),
    )


def disks(rows: Sequence[str], mounts: Sequence[str]) -> tuple[Disk, ...]:
    """One for each path ``df`` was asked about, with the mount options of /proc/self/mountinfo (the last one wins)."""
    read_only: dict[str, bool] = {}
    for fields in (row.split() for row in mounts):
        with suppress(ValueError, IndexError):
            super_options = fields[fields.index("-") + 3]
            read_only[fields[4]] = bool(_READ_ONLY & {*fields[5].split(","), *super_options.split(",")})
    found = []
    for path, target, *counts in (row.split() for row in rows if len(row.split()) == 6):
        size, free, inodes, inodes_free = map(number, counts)
        # btrfs counts no inodes: df prints zero or a dash.
        known = inodes_free if inodes else None
        found.append(Disk(path, target, size, free, inodes or None, known, read_only.get(target)))
    return tuple(found)


def clock_offset(chrony: Sequence[str]) -> float | None:
    """Seconds the clock is ahead of its time sources by ``chronyc tracking``; None where it has none."""
    rows = {key.strip(): value.split() for key, _, value in (row.partition(":") for row in chrony)}
    told = rows.get("System time", [])
    if len(told) < 3 or "synchronised" in rows.get("Leap status", []):
        return None
    seconds = number(told[0], kind=float)
    return None if seconds is None else -seconds if told[2] == "slow" else seconds


def _smallest(*values: int | None) -> int | None:
    return min((value for value in values if value), default=None)


def _swaps(rows: Sequence[str]) -> tuple[str, ...] | None:
    if not rows or not rows[0].startswith("Filename"):
        return None
    return tuple(row.split()[0] for row in rows[1:] if row.strip())


def _binary(row: str) -> tuple[str, Binary]:
    name, state, path, said = words(row, 4)
    return name, Binary(state, path, said)


def _asked(row: str | None) -> Asked | None:
    code, said = words(row or "", 2)
    return Asked(int(code), said) if code.isdigit() else None


def _page(text: str | None) -> Page | None:
    """``HTTP/1.0 200 OK  ok``; ``refused``; empty: nobody answered."""
    if text is None:
        return None
    first, status, rest = words(text, 3)
    return Page(number(status), rest) if first.startswith("HTTP/") else Page(None, first)


def _packed_files(rows: Sequence[str]) -> dict[str, str]:
    return {name: unpacked(packed) or "" for name, packed in (words(row, 2) for row in rows)}


def _runtime(said: Mapping[str, Sequence[str]], one: Mapping[str, str]) -> Runtime:
    values: dict[str, str] = {}
    table = ""
    for row in map(str.strip, said.get("dump", ())):
        if row.startswith("["):
            table = row.strip("[]").replace("'", "").replace('"', "").removeprefix("plugins.io.containerd.")
        else:
            key, _, value = row.partition(" = ")
            values[f"{table}.{key}".lstrip(".")] = value.strip("'\"")
    bins = values.get("cri.v1.runtime.cni.bin_dir") or values.get("cri.v1.runtime.cni.bin_dirs", "").strip("[]' \"")
    code = number(one.get("containerd_dump"))
    image, state = words(one.get("sandbox_image", ""), 2)
    rows = [row.split() for row in said.get("plugin", ())]
    return Runtime(
        config_there={"there": True, "missing": False}.get(one.get("containerd_config", "")),
        dump=None if code is None else Asked(code, " ".join(said.get("dump_error", ()))),
        systemd_cgroup=_flag(values.get("cri.v1.runtime.containerd.runtimes.runc.options.SystemdCgroup")),
        sandbox=values.get("cri.v1.images.pinned_images.sandbox"),
        cni_bin=bins or None,
        cni_conf=values.get("cri.v1.runtime.cni.conf_dir"),
        disabled=tuple(part for part in values.get("disabled_plugins", "").strip("[]").replace("'", " ").split()),
        internal_loopback=_flag(values.get("cri.v1.runtime.cni.use_internal_loopback")),
        answer=_asked(" ".join([one["containerd_answer"], *_complaints(said)]) if "containerd_answer" in one else None),
        cri={row[0]: row[-1] for row in rows if len(row) > 2 and row[1] == "cri"},
        sandbox_state=(state or None) if image else None,
    )


def _complaints(said: Mapping[str, Sequence[str]]) -> list[str]:
    return [row for row in said.get("plugin", ()) if row.startswith("ctr:")]


def _flag(text: str | None) -> bool | None:
    return {"true": True, "false": False}.get(text or "")


def _identity(one: Mapping[str, str]) -> Identity:
    def text(key: str) -> str | None:
        return unpacked(one[key]) or "" if key in one else None

    return Identity(
        server=one.get("server", "").strip("'\"") or None,
        conf_ca=text("conf_ca"),
        pki_ca=text("pki_ca"),
        client_file=one.get("client_file") or None,
        client=text("client_certificate"),
        api=_asked(one.get("api")),
        tcp=_asked(one.get("api_tcp")),
    )


def _control_plane(said: Mapping[str, Sequence[str]], one: Mapping[str, str]) -> ControlPlane | None:
    if "control_plane" not in said:
        return None
    return ControlPlane(
        manifests=tuple(said.get("manifest", ())),
        processes=dict(words(row, 2) for row in said.get("process", ())),
        etcd=_page(one.get("etcd_health")),
        api=_asked(one.get("apiserver")),
        certificates=_packed_files(said.get("certificate", ())),
    )
