"""What a pod needs to start and to be reached: its sandbox's image, the CNI's files, the Cilium agent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from kubestead.diagnose.cause import Cause
from kubestead.diagnose.finding import LEASE_FRESH_SECONDS, Finding, shortened
from kubestead.diagnose.model import Seen
from kubestead.diagnose.remedy import Remedy
from kubestead.diagnose.report import NodeReport
from kubestead.diagnose.rules_containerd import STOPPED_LETTERS

CONF, BIN, PLUGIN = "/etc/cni/net.d", "/opt/cni/bin", "cilium-cni"
_SUFFIXES = (".conf", ".conflist", ".json")


def network(seen: Seen) -> Iterator[Finding]:
    """Everything that keeps pods from starting or from being reached."""
    if seen.report:
        yield from _sandbox(seen.report)
        yield from _configuration(seen, seen.report)
        yield from _binaries(seen.report)
    yield from _agent(seen)


def _sandbox(report: NodeReport) -> Iterator[Finding]:
    runtime = report.runtime
    answered = runtime.answer is not None and runtime.answer.code == 0
    if answered and runtime.sandbox and runtime.sandbox_state and runtime.sandbox_state != "complete":
        text = f"the image of every pod's sandbox, {runtime.sandbox}, is {runtime.sandbox_state} in containerd"
        yield Finding(Cause.SANDBOX_IMAGE_MISSING, text)


def _plugins(text: str) -> list[str] | None:
    """The plugin types a CNI configuration names; None where it cannot be read."""
    try:
        data: Any = json.loads(text)
        chain = data.get("plugins", [data])
        return [str(plugin["type"]) for plugin in chain]
    except (ValueError, LookupError, TypeError, AttributeError):
        return None


def _first(report: NodeReport) -> str | None:
    """containerd takes the first file by name."""
    return min((name for name in report.cni_files or () if name.endswith(_SUFFIXES)), default=None)


def _configuration(seen: Seen, report: NodeReport) -> Iterator[Finding]:
    if report.cni_files is None or report.runtime.cni_conf not in (None, CONF):
        return
    name = _first(report)
    plugins = _plugins(report.cni_files[name]) if name else None
    ready = seen.api.ready
    if name is None:
        yield Finding(Cause.CNI_CONFIG_MISSING, f"there is no CNI configuration in {CONF}")
    elif not plugins:
        yield Finding(Cause.CNI_CONFIG_MISSING, f"{CONF}/{name} is not a CNI configuration")
    elif PLUGIN not in plugins:
        text = f"{CONF}/{name} comes before Cilium's and names {', '.join(plugins)}"
        yield Finding(Cause.CNI_CONFIG_MISSING, text)
    elif ready and ready.status == "False" and "cni plugin not initialized" in ready.message:
        text = f"{CONF}/{name} is there, but containerd says: {shortened(ready.message)}"
        yield Finding(Cause.CNI_CONFIG_MISSING, text)


def _binaries(report: NodeReport) -> Iterator[Finding]:
    if report.cni_binaries is None or report.runtime.cni_bin not in (None, BIN):
        return
    name = _first(report)
    plugins = set((_plugins(report.cni_files[name]) or ()) if name and report.cni_files else ())
    wanted = plugins if PLUGIN in plugins else {PLUGIN}
    if not report.runtime.internal_loopback:
        wanted.add("loopback")
    missing = sorted(wanted - set(report.cni_binaries))
    if missing:
        # Cilium's init container brings its own and the loopback; the others come with the toolkit's packages.
        rungs = None if {*missing} <= {PLUGIN, "loopback"} else (Remedy.RESTORE_NODE,)
        yield Finding(Cause.CNI_BINARY_MISSING, f"{', '.join(missing)} missing or not executable in {BIN}", rungs)


def _agent(seen: Seen) -> Iterator[Finding]:
    agent, page = seen.api.agent, seen.report.cilium_healthz if seen.report else None
    cause = Cause.CILIUM_AGENT_NOT_READY
    # Of a node whose kubelet is silent the API says "not ready" of every pod.
    silent = seen.api.lease_age is None or seen.api.lease_age > LEASE_FRESH_SECONDS
    if seen.report and seen.report.cilium_process in STOPPED_LETTERS:
        yield Finding(cause, f"its process is stopped by a signal (state {seen.report.cilium_process})")
    if agent is None:
        if seen.api.exists and seen.api.pods:
            yield Finding(cause, "the API knows no Cilium agent on it")
    elif not agent.ready:
        trouble = f": {shortened(agent.trouble)}" if agent.trouble else ""
        yield Finding(cause, f"its Cilium agent {agent.name} is {agent.phase}, not ready{trouble}", mild=silent)
    if page and page.status != 200 and not (page.timed_out and seen.report and seen.report.busy):
        told = f"answers {page.status}: {shortened(page.text, 120)}" if page.status else "does not answer"
        yield Finding(cause, f"the Cilium agent's health page on it (port 9879) {told}", mild=silent)
