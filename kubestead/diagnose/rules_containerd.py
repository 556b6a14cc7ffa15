"""containerd: its programs, its configuration, its service, its answers."""

from __future__ import annotations

from collections.abc import Iterator

from kubestead.diagnose.cause import Cause
from kubestead.diagnose.finding import Finding, ago, last_words, shortened
from kubestead.diagnose.model import Seen
from kubestead.diagnose.remedy import Remedy
from kubestead.diagnose.report import Binary, NodeReport, Unit

# A service that ended by itself and started again within this time is taken for one that goes on doing so.
CRASHING_SECONDS = 60.0
STOPPED_LETTERS = ("T", "t")
_TIMED_OUT = ("124", "137")


def containerd(seen: Seen) -> Iterator[Finding]:
    """Everything that is wrong with containerd."""
    report = seen.report
    if report is None:
        return
    found = [*_programs(report), *_configuration(report), *_service(report)]
    yield from found
    if not found:
        yield from _as_the_kubelet_sees_it(seen)


def broken_program(name: str, binary: Binary | None) -> str:
    """Why a program cannot run; empty where it can, and where it is not known."""
    if binary is None or binary.works or binary.state in _TIMED_OUT:
        return ""
    if binary.state == "missing":
        return f"{name}: {binary.path} is missing"
    if binary.state == "not-executable":
        return f"{name}: {binary.path} may not be executed"
    if binary.state == "0":
        return f"{name}: {binary.path} is empty or not the program it should be"
    return f"{name}: {binary.path} cannot run (exit code {binary.state}: {shortened(binary.said, 120)})"


def halted(name: str, unit: Unit) -> str:
    """How the main process of a running service is kept from doing anything; empty where it is not."""
    if unit.process in STOPPED_LETTERS:
        return f"{name}'s process is stopped by a signal (state {unit.process})"
    return f"{name}'s control group is frozen" if unit.frozen else ""


def state(name: str, unit: Unit) -> str:
    """``kubelet.service is inactive (dead) for 43 s``."""
    return f"{name}.service is {unit.active} ({unit.sub}){ago(unit.changed_ago)}"


def crashes(unit: Unit) -> bool:
    """It ended by itself: it is between two tries, or systemd has given up."""
    return unit.sub == "auto-restart" or (unit.active == "failed" and unit.result not in (None, "success"))


def crashed(unit: Unit) -> bool:
    """It runs, but has only just started again by itself, and not for the first time."""
    again = unit.restarts is not None and unit.restarts > 1
    return again and unit.started_ago is not None and unit.started_ago < CRASHING_SECONDS


def _programs(report: NodeReport) -> Iterator[Finding]:
    told = {"containerd": "containerd", "shim": "containerd-shim-runc-v2", "runc": "runc"}
    for name, program in told.items():
        if text := broken_program(program, report.binaries.get(name)):
            yield Finding(Cause.CONTAINERD_BINARY_MISSING, text)


def _configuration(report: NodeReport) -> Iterator[Finding]:
    runtime, program = report.runtime, report.binaries.get("containerd")
    if report.containerd.load in ("bad-setting", "error"):
        yield Finding(Cause.CONTAINERD_BAD_CONFIG, "systemd cannot use containerd.service")
    if runtime.config_there is False:
        yield Finding(Cause.CONTAINERD_BAD_CONFIG, "/etc/containerd/config.toml is missing or empty")
    dump = runtime.dump
    if dump and dump.code and not dump.timed_out and program and program.works:
        yield Finding(Cause.CONTAINERD_BAD_CONFIG, f"containerd cannot read its configuration: {shortened(dump.said)}")
    if any("cri" in name for name in runtime.disabled):
        yield Finding(
            Cause.CONTAINERD_BAD_CONFIG, f"disabled_plugins switches the kubelet's interface off: {runtime.disabled}"
        )
    wrong = [f"{kind} is {how}" for kind, how in runtime.cri.items() if how != "ok"]
    if wrong:
        text = f"containerd's interface for the kubelet did not load ({', '.join(wrong)})"
        words = [line for line in report.containerd.log if "cri" in line and "error" in line]
        # Its own data, not its configuration, keeps it from loading: putting the configuration back would not help.
        data = any("database" in line or "input/output error" in line for line in words)
        cause = Cause.CONTAINERD_CRASHING if data else Cause.CONTAINERD_BAD_CONFIG
        yield Finding(cause, f"{text}: {last_words(words)}" if words else text)


def _service(report: NodeReport) -> Iterator[Finding]:
    unit, runtime = report.containerd, report.runtime
    if unit.load == "not-found":
        yield Finding(Cause.CONTAINERD_STOPPED, "there is no containerd.service", (Remedy.RESTORE_NODE,))
    elif unit.load == "masked":
        yield Finding(Cause.CONTAINERD_STOPPED, f"containerd.service is masked; {state('containerd', unit)}")
    elif crashes(unit) or (crashed(unit) and not (runtime.answer and runtime.answer.code == 0)):
        yield Finding(Cause.CONTAINERD_CRASHING, f"{state('containerd', unit)}; its last words: {last_words(unit.log)}")
    elif unit.active is not None and not unit.runs:
        yield Finding(Cause.CONTAINERD_STOPPED, state("containerd", unit))
    elif unit.runs and (text := halted("containerd", unit)):
        yield Finding(Cause.CONTAINERD_FROZEN, text)
    elif unit.runs and runtime.answer and runtime.answer.timed_out and not report.busy:
        yield Finding(Cause.CONTAINERD_FROZEN, "containerd runs but does not answer on its socket within four seconds")
    elif unit.runs and runtime.answer and runtime.answer.code not in (0, 124, 127, 137):
        yield Finding(Cause.CONTAINERD_FROZEN, f"containerd runs but cannot be asked: {shortened(runtime.answer.said)}")
    if unit.enabled == "disabled" and unit.runs:
        text = "containerd.service runs but is disabled: it will not start after a reboot"
        yield Finding(Cause.CONTAINERD_STOPPED, text, (Remedy.RESTART_CONTAINERD, Remedy.RESTORE_NODE))


def _as_the_kubelet_sees_it(seen: Seen) -> Iterator[Finding]:
    """containerd answers here, but the kubelet says it gets no answer: part of it hangs."""
    ready = seen.api.ready
    if not seen.report or not ready or ready.status == "True" or not seen.report.kubelet.runs:
        return
    if any(words in ready.message for words in ("container runtime is down", "PLEG is not healthy")):
        yield Finding(Cause.CONTAINERD_FROZEN, f"the kubelet gets no answer from it: {shortened(ready.message)}")
