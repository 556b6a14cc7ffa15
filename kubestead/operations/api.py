"""Operations on the Kubernetes API: nothing is done to a cluster before its API can be asked."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable

from pyinfra import host, state
from pyinfra.api import StringCommand, operation

from kubestead.errors import Finding
from kubestead.facts.health import ClusterHealth
from kubestead.health import KUBECTL
from kubestead.operations.flow import failure
from kubestead.operations.steps import StepFailed, ask, told

_READY = f"{KUBECTL} --request-timeout=5s get --raw /readyz"


@operation()
def ready(within_seconds: int, compare: Callable[[], Iterable[Finding]]) -> Generator[StringCommand, None, None]:
    """Wait for the API server of this control plane: after a restart of the host it comes long after SSH.

    Args:
        within_seconds: how long to wait; then what kubectl says, and whether the kubelet runs, is the error.
        compare: what keeps this run from going on, asked where the API answers only now: the preflight could not.
    """
    # Asked while it is planned too: so it is among the answers that are fetched ahead.
    if host.get_fact(ClusterHealth).answers or not state.is_executing:
        host.noop("the API server answers")
        return
    told(host, f"waiting for the API server, for at most {within_seconds} s")
    waiting = (
        f"timeout {within_seconds} sh -c 'until {_READY} > /dev/null 2>&1; do sleep 1; done' || "
        f"{{ {_READY} 2>&1 | tail -n 1; echo kubelet.service: $(systemctl is-active kubelet.service); false; }} >&2"
    )
    try:
        # Not as a fact: what was known of the cluster before is void (see kubestead.phases.foresight).
        ask(
            host, waiting, what=f"waiting {within_seconds} s for the API server", timeout=within_seconds + 30,
            advice="find the cause with: pyinfra INVENTORY deploys/diagnose.py",
        )  # fmt: skip
    except StepFailed as error:
        yield failure(str(error))
        return
    if findings := list(compare()):
        yield failure("\n".join(map(str, findings)))
        return
    host.noop("the API server answers now")
