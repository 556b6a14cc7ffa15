"""The agents: those that do not run, do not answer, or say themselves that something is wrong."""

from __future__ import annotations

from collections.abc import Iterator

from kubestead.cilium.status.agent import AgentStatus
from kubestead.cilium.status.model import HostView, Pod
from kubestead.cilium.status.trouble import KUBECTL, Kind, Trouble, shortened
from kubestead.cilium.status.view import STOPPED, View

# In a row; a task that failed once or twice is tried again within seconds.
FAILURES = 3
# Seconds; a container that ended longer ago than this has got over it.
RECENT = 900.0
DOWN = (
    "new pods on it get no network, and what changes elsewhere (pods, services, policies) does not reach it; "
    "pods that run there go on"
)


def agents(view: View) -> Iterator[Trouble]:
    """Everything that is wrong with agents, node by node."""
    for node in view.expected:
        known = view.nodes.get(node)
        if node in view.without_network:
            continue
        if known and known.ready is not None and known.ready != "True":
            seen = (known.message,) if known.message else ()
            means = "its pods are out of reach, or are about to be moved to other nodes"
            what = f"the node is not Ready (Ready={known.ready})"
            yield Trouble(Kind.NODE_NOT_READY, node, what, means, f"kubestead doctor {node}", seen)
        else:
            yield from _agent(view, node)


def _agent(view: View, node: str) -> Iterator[Trouble]:
    host, pod = view.hosts.get(node), view.agents.get(node)
    if host is None or host.trouble or host.process is None:
        if view.cluster.pods is not None and not (pod and pod.ready):
            yield _dead(node, pod, None)
    elif not host.process:
        yield _dead(node, pod, host)
    elif host.process in STOPPED:
        seen = (f"its process is in state {host.process}", *_why(host))
        then = f"on {node}: sudo pkill -CONT -x cilium-agent"
        yield Trouble(Kind.AGENT_SUSPENDED, node, "its agent was stopped by a signal", DOWN, then, seen)
    elif host.status is None:
        then = f"{KUBECTL} logs {pod.name if pod else 'ds/cilium'} -c cilium-agent --tail=50"
        seen = (*_why(host), *((f"its log: {host.words}",) if host.words else ()))
        yield Trouble(Kind.AGENT_SILENT, node, "its agent runs but does not answer", DOWN, then, seen)
    else:
        yield from _ill(view, node, host.status)
        yield from _restarted(view, node, pod)


def _why(host: HostView) -> tuple[str, ...]:
    return (f"cilium-dbg status: {host.troubles['status']}",) if "status" in host.troubles else ()


def _dead(node: str, pod: Pod | None, host: HostView | None) -> Trouble:
    words = host.words if host else ""
    log = (f"its log: {words}",) if words else ()
    if pod is None:
        then = f"{KUBECTL} describe daemonset cilium"
        return Trouble(Kind.AGENT_DOWN, node, "no agent runs on it", DOWN, then, log)
    crashed = pod.restarts and ("CrashLoop" in pod.waiting or pod.ended)
    what = f"its agent {pod.name} {'keeps ending' if crashed else 'does not run'}"
    state = f"the pod is {pod.phase}{f', waiting: {pod.waiting}' if pod.waiting else ''}, restarts: {pod.restarts}"
    seen = (state, *((f"ended last: {pod.ended}",) if pod.ended else ()), *log)
    ask = f"logs {pod.name} -c cilium-agent --previous --tail=20" if crashed else f"describe pod {pod.name}"
    return Trouble(Kind.AGENT_DOWN, node, what, DOWN, f"{KUBECTL} {ask}", seen)


def _ill(view: View, node: str, status: AgentStatus) -> Iterator[Trouble]:
    then = f"{view.exec(node)} cilium-dbg status --verbose"
    bad = {part: state for part, state in status.parts.items() if state.bad}
    if "Kubernetes" in bad and not view.cluster.answers:
        # That nobody reaches the API is told already, and it fails the agent's tasks too.
        return
    if status.cilium.bad:
        seen = (status.cilium.message, *(f"{part}: {state.message}" for part, state in bad.items()))
        means = "it goes on with what it knows; new pods, policies and services may be late or wrong there"
        what = f"its agent says {status.cilium.state}"
        if state := bad.get("Kubernetes"):
            what, means = "its agent cannot reach the API", "it learns nothing new of pods, policies and services"
            then = f"on {node}: curl --insecure --max-time 5 https://{_server(view)}/livez; echo"
            seen = (state.message,)
        yield Trouble(Kind.AGENT_ILL, node, what, means, then, tuple(map(shortened, seen))[:3])
    elif state := bad.get("Hubble"):
        means = "its flows are missing; the pods' network goes on"
        yield Trouble(Kind.HUBBLE_ILL, node, "its Hubble is not well", means, then, (state.message,), "warning")
    elif state := bad.get("cilium-health"):
        means = "nobody probes from there; the pods' network may be well all the same"
        yield Trouble(
            Kind.HEALTH_BLOCKED, node, "its cilium-health is not well", means, then, (state.message,), "warning"
        )
    failing = sorted((one for one in status.controllers if one.failures >= FAILURES), key=lambda one: -one.failures)
    # What keeps the agent from the API, and it is told above, fails its tasks too.
    if failing and not status.cilium.bad:
        seen = tuple(f"{one.name}: {one.failures} times in a row: {shortened(one.error)}" for one in failing[:3])
        what = f"{len(failing)} of its agent's tasks fail"
        means = "what they bring up to date there stays as it is"
        then = f"{view.exec(node)} cilium-dbg status --all-controllers"
        yield Trouble(Kind.CONTROLLER_FAILS, node, what, means, then, seen)


def _server(view: View) -> str:
    """Where agents look for the API."""
    urls = view.setting("k8s-api-server-urls").split(" ")[0].partition("://")[2].rstrip("/")
    return urls or (view.wanted.endpoint if view.wanted else "") or "k8s-api:6443"


def _restarted(view: View, node: str, pod: Pod | None) -> Iterator[Trouble]:
    now = view.cluster.asked
    if pod and pod.ended_at is not None and now is not None and now - pod.ended_at < RECENT and pod.restarts:
        seen = (f"ended {now - pod.ended_at:.0f} s ago: {pod.ended}",)
        then = f"{KUBECTL} logs {pod.name} -c cilium-agent --previous --tail=20"
        means = "pods went on meanwhile; it may end again"
        what = f"its agent was started again ({pod.restarts} times so far)"
        yield Trouble(Kind.AGENT_RESTARTED, node, what, means, then, seen, "warning")
