"""The kubelet: its program, its flags, its configuration, its service, and whether it does its work."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kubestead.diagnose.cause import Cause
from kubestead.diagnose.finding import Finding, heard, last_words, shortened
from kubestead.diagnose.kubelet_config import config_of, read
from kubestead.diagnose.model import Seen
from kubestead.diagnose.remedy import LADDER, Remedy
from kubestead.diagnose.report import NodeReport
from kubestead.diagnose.rules_containerd import broken_program, crashed, crashes, halted, state

FLAGS = "/var/lib/kubelet/kubeadm-flags.env"
CONFIG = "/var/lib/kubelet/config.yaml"
# A kubelet that has just started is given this long to say so to the API.
STARTING_SECONDS = 40.0
# Two beats missed: one may come late.
SILENT_SECONDS = 25.0
_NOT_UNDERSTOOD = (
    "unknown flag|unknown shorthand|invalid argument|flag needs an argument|bad flag syntax|unknown command"
)
# It is not silent: somebody does not let it speak.
_REFUSED = re.compile(
    r"(update lease|ensure lease|register node|updating node status|get lease)"
    r".*(forbidden|denied|not allowed|Unauthorized)"
)
# It complains of what it wrote on disk itself.
_KEPT = re.compile(r"checkpoint|state file|/var/lib/kubelet/")
_WITHOUT_REJOIN = tuple(rung for rung in LADDER[Cause.KUBELET_CRASHING] if rung is not Remedy.REJOIN)
# What the kubelet's last words mean (cmd/kubelet/app/server.go of v1.31); the first that fits is taken.
LAST_WORDS = tuple(
    (re.compile(pattern), cause)
    for pattern, cause in (
        (rf"failed to parse kubelet flag|failed to validate kubelet flags|{_NOT_UNDERSTOOD}", Cause.KUBELET_BAD_FLAGS),
        ("feature gates from initial flags-based config|unrecognized feature gate", Cause.KUBELET_BAD_FLAGS),
        ("failed to (load kubelet config file|validate kubelet configuration|merge kubelet configs|precedence)",
         Cause.KUBELET_BAD_CONFIG),
        ("initialize logging|failed to parse (--|eviction)", Cause.KUBELET_BAD_CONFIG),
        ("running with swap on is not supported", Cause.SWAP_ON),
        ("unable to load client CA file", Cause.CA_REPLACED),
        ("client certificate manager|private key does not match", Cause.KUBELET_CERTIFICATE_BROKEN),
        ("unable to load bootstrap kubeconfig|invalid kubeconfig|bootstrap-kubelet.conf: no such file",
         Cause.KUBELET_CERTIFICATE_BROKEN),
        ("kubelet cgroup driver: .* is different from", Cause.CGROUP_DRIVER_MISMATCH),
        ("no space left on device", Cause.DISK_FULL),
        ("read-only file system", Cause.DISK_READ_ONLY),
    )
)  # fmt: skip


def kubelet(seen: Seen) -> Iterator[Finding]:
    """Everything that is wrong with the kubelet."""
    if seen.report is None:
        return
    yield from _program_and_flags(seen.report)
    yield from _configuration(seen, seen.report)
    yield from _service(seen, seen.report)


def _program_and_flags(report: NodeReport) -> Iterator[Finding]:
    binary, unit = report.binaries.get("kubelet"), report.kubelet
    if binary and binary.state == "1" and re.search(_NOT_UNDERSTOOD, binary.said):
        yield Finding(Cause.KUBELET_BAD_FLAGS, f"the kubelet does not understand its flags: {shortened(binary.said)}")
    elif text := broken_program("kubelet", binary):
        yield Finding(Cause.KUBELET_BINARY_MISSING, text)
    if unit.load in ("bad-setting", "error"):
        yield Finding(Cause.KUBELET_BAD_FLAGS, "systemd cannot use kubelet.service")
    if report.files.get(FLAGS) in ("missing", "empty"):
        yield Finding(Cause.KUBELET_BAD_FLAGS, f"{FLAGS}, which kubeadm wrote, is {report.files[FLAGS]}")
    wanted = (("KUBELET_KUBECONFIG_ARGS", "--kubeconfig"), ("KUBELET_CONFIG_ARGS", "--config"))
    if unit.command and not all(variable in unit.command or flag in unit.command for variable, flag in wanted):
        text = "kubelet.service starts it without its kubeconfig or its configuration: kubeadm's drop-in is missing"
        yield Finding(Cause.KUBELET_BAD_FLAGS, text)


def _configuration(seen: Seen, report: NodeReport) -> Iterator[Finding]:
    if report.files.get(CONFIG) in ("missing", "empty"):
        yield Finding(Cause.KUBELET_BAD_CONFIG, f"{CONFIG} is {report.files[CONFIG]}")
    elif report.kubelet_config and (wrong := read(report.kubelet_config)[1]):
        yield Finding(Cause.KUBELET_BAD_CONFIG, f"{CONFIG}: {shortened(wrong)}")
    driver, systemd = config_of(seen).get("cgroupDriver"), report.runtime.systemd_cgroup
    if driver in ("systemd", "cgroupfs") and systemd is not None and (driver == "systemd") is not systemd:
        other = "systemd" if systemd else "cgroupfs"
        text = f"the kubelet's cgroup driver is {driver} ({CONFIG}), containerd's is {other} (SystemdCgroup)"
        yield Finding(Cause.CGROUP_DRIVER_MISMATCH, text)


def _service(seen: Seen, report: NodeReport) -> Iterator[Finding]:
    unit = report.kubelet
    if unit.load == "not-found":
        yield Finding(Cause.KUBELET_STOPPED, "there is no kubelet.service", (Remedy.RESTORE_NODE,))
    elif unit.load == "masked":
        yield Finding(Cause.KUBELET_MASKED, f"kubelet.service is masked; {state('kubelet', unit)}")
    elif crashes(unit) or (crashed(unit) and not heard(seen)):
        # One that runs and calls itself well may be through with it.
        well = unit.runs and report.kubelet_healthz is not None and report.kubelet_healthz.status == 200
        yield _crashing(report, mild=well)
    elif unit.active is not None and not unit.runs:
        yield Finding(Cause.KUBELET_STOPPED, state("kubelet", unit))
    elif unit.runs:
        yield from _does_nothing(seen, report)
    if unit.enabled == "disabled":
        running = "runs but is" if unit.runs else "is"
        text = f"kubelet.service {running} disabled: it will not start after a reboot"
        yield Finding(Cause.KUBELET_STOPPED, text, (Remedy.RESTART_KUBELET, Remedy.RESTORE_NODE) if unit.runs else None)


def _crashing(report: NodeReport, mild: bool) -> Finding:
    """One that keeps ending; a rejoin helps only against what it keeps on disk, and nothing against a port taken."""
    unit = report.kubelet
    words = last_words(unit.log) or "none"
    cause = next((cause for pattern, cause in LAST_WORDS if pattern.search(words)), Cause.KUBELET_CRASHING)
    if unit.exit_status == 203:
        cause, words = Cause.KUBELET_BINARY_MISSING, "none, systemd could not execute it"
    times = f", ended by {unit.result}" if unit.result not in (None, "success") else ""
    times += f", started again {unit.restarts} times" if unit.restarts else ""
    text = f"{state('kubelet', unit)}{times}; its last words: {words}"
    if cause is Cause.KUBELET_CRASHING and "address already in use" in words:
        return Finding(cause, text, (), "sudo ss --listening --tcp --processes: who has the kubelet's port?", mild)
    keeps = cause is not Cause.KUBELET_CRASHING or _KEPT.search(words)
    return Finding(cause, text, None if keeps else _WITHOUT_REJOIN, mild=mild)


def _does_nothing(seen: Seen, report: NodeReport) -> Iterator[Finding]:
    """It runs; does it do its work?"""
    unit, page, age = report.kubelet, report.kubelet_healthz, seen.api.lease_age
    if text := halted("the kubelet", unit):
        yield Finding(Cause.KUBELET_FROZEN, text)
        return
    if heard(seen):
        return
    if report.hostname and report.hostname.lower() != seen.node:
        yield Finding(
            Cause.UNKNOWN, f"its host name is {report.hostname}, so its kubelet may take itself for another node"
        )
        return
    if unit.started_ago is None or unit.started_ago < STARTING_SECONDS:
        return
    if refused := next((line for line in reversed(unit.log) if _REFUSED.search(line)), ""):
        yield Finding(Cause.UNKNOWN, f"the API refuses what the kubelet writes: {last_words([refused])}")
    elif page and page.status != 200 and not (page.timed_out and report.busy):
        told = f"answers {page.status}: {shortened(page.text, 120)}" if page.status else "does not answer"
        yield Finding(Cause.KUBELET_FROZEN, f"the kubelet runs, but its health page (port 10248) {told}")
    elif not report.busy and (age or 0) > SILENT_SECONDS and report.identity.api and report.identity.api.code == 0:
        text = f"the kubelet runs and the API can be reached from here, yet its lease is {age:.0f} s old"
        yield Finding(Cause.KUBELET_FROZEN, text)
