"""Facts of all hosts of a run at once, and only once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast
from weakref import WeakKeyDictionary

import gevent  # type: ignore[import-untyped]
from gevent.event import AsyncResult  # type: ignore[import-untyped]
from gevent.pool import Pool  # type: ignore[import-untyped]
from paramiko import SSHException
from pyinfra.api import DeployError, FactBase, State
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.facts import get_fact
from pyinfra.api.host import Host
from pyinfra.context import ctx_host, ctx_state

from kubestead.clock import now
from kubestead.facts.host import HostFacts
from kubestead.facts.reachability import ReachedPorts
from kubestead.phases.topology import first_control_plane
from kubestead.preflight.model import HostInfo
from kubestead.preflight.survey import Probe

# A healthy host answers in 0.1 s; one that swaps may take long; one that hangs must not hold the run for ever.
TIMEOUT_SECONDS = 60
_T = TypeVar("_T")
_RESULTS: WeakKeyDictionary[State, dict[str, Any]] = WeakKeyDictionary()


@dataclass(frozen=True)
class Failure:
    """Why a fact could not be had, and what to do."""

    reason: str
    fix: str


NO_ANSWER = Failure("its answer has not the expected form", "see the error above")


@dataclass(frozen=True)
class Answer:
    """What a host said of itself; ``info`` is None when it could not, and ``failure`` says why.

    ``sent`` and ``received`` are the controller's clock (seconds since 1970) around the question.
    """

    info: HostInfo | None
    sent: float
    received: float
    failure: Failure | None = None


def once(step: str, compute: Callable[[], _T]) -> _T:
    """The result of ``compute``, computed by the first host of this run that asks for ``step``; the others wait for it.

    pyinfra prepares each host in a greenlet of its own, all running the same deploy file.
    """
    results = _RESULTS.setdefault(_state(), {})
    if step not in results:
        results[step] = AsyncResult()
        try:
            results[step].set(compute())
        except Exception as error:  # noqa: BLE001 - handed on to everybody who waits
            results[step].set_exception(error)
    return cast(_T, results[step].get())


def facts_of_all() -> dict[str, Answer]:
    """The facts of every host of this run that is connected, by name."""
    return on_all(_state().inventory.get_active_hosts(), facts_of_one)


def facts_of_one(node: Host) -> Answer:
    """The facts of ``node``, which is connected to if it is not yet."""
    sent = now()
    info, failure = _ask(node, HostFacts)
    return Answer(info, sent, now(), failure or (None if info else NO_ANSWER))


def facts_and_probes(
    connections: Mapping[str, tuple[tuple[str, int], ...]],
) -> tuple[dict[str, Answer], dict[str, tuple[Probe, ...] | None]]:
    """The facts of every host and, at the same time, the outcome of each of its ``connections`` (address, port).

    The probes of a host are None where it could not be asked.
    """

    def probe(node: Host) -> tuple[Probe, ...] | None:
        wanted = connections.get(node.name, ())
        return _ask(node, ReachedPorts, peers=wanted)[0] if wanted else ()

    probing = gevent.spawn(on_all, _state().inventory.get_active_hosts(), probe)
    facts = once("facts", facts_of_all)
    return facts, probing.get()


def fact_of(node: Host, fact: type[FactBase[_T]], **arguments: object) -> tuple[_T | None, Failure | None]:
    """A fact of one host, or None and the reason."""
    return _ask(node, fact, **arguments)


def asked_of_first(fact: type[FactBase[Any]], **arguments: Any) -> Any:
    """A fact of the first control plane, asked as ``host.get_fact`` asks.

    Raises:
        DeployError: it could not be asked.
    """
    first = first_control_plane()
    answer, failure = fact_of(first, fact, **arguments)
    if failure:
        raise DeployError(f"{first.name}: its API could not be asked: {failure.reason}")
    return answer


def _state() -> State:
    return cast(State, ctx_state.get())  # type: ignore[no-untyped-call]


def on_all(hosts: Iterable[Host], ask: Callable[[Host], _T]) -> dict[str, _T]:
    """What ``ask`` gives for each of these hosts, by name, all asked at once."""
    # Not state.pool: its every place may be taken by the hosts being prepared, which wait for this very answer.
    nodes = sorted(hosts, key=lambda node: node.name)
    answers = Pool(_state().config.PARALLEL).map(ask, nodes)
    return {node.name: answer for node, answer in zip(nodes, answers, strict=True)}


def _ask(node: Host, fact: type[FactBase[_T]], **arguments: object) -> tuple[_T | None, Failure | None]:
    """The fact, or None and the reason: a host that cannot tell is a finding, not a failed host of pyinfra's."""
    kwargs = {**arguments, "_timeout": TIMEOUT_SECONDS}
    try:
        with ctx_host.use(node):
            return get_fact(node.state, node, fact, kwargs=kwargs, apply_failed_hosts=False), None
    except (PyinfraError, SSHException, OSError, EOFError) as error:
        return None, Failure(str(error) or type(error).__name__, "see whether the host still answers")
