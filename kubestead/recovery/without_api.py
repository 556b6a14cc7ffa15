"""What to do while the API does not answer: control planes only, and of the remedies only restarts of services. Pure.

No node can be judged then: leases and conditions are what they were. What may have ended the API is looked for on the
control planes by SSH. A kubelet or containerd that is stopped there is started, one control plane at a time; files,
data, pods and power stay as they are, and everything else is a person's. Only the watcher that led when the API fell
silent acts: nobody else can know that it is alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from kubestead.diagnose import Cause, Remedy
from kubestead.recovery.history import History
from kubestead.recovery.ladder import climb_of, next_rung
from kubestead.recovery.policy import pause
from kubestead.recovery.settings import Settings
from kubestead.recovery.world import Apply, Decision, Diagnose, HandOver, Hold, NodeState

ALLOWED = (Remedy.RESTART_KUBELET, Remedy.RESTART_CONTAINERD)


def decide_without_api(
    planes: Sequence[NodeState],
    paused: bool | None,
    history: History,
    now: float,
    silent_for: float,
    settings: Settings,
) -> list[Decision]:
    """What is to be done about the control planes of an API that does not answer.

    Args:
        planes: the control planes; of each only ``busy``, ``paused`` and ``cordoned`` (as last seen), ``look`` count.
        paused: the whole cluster is, as last read; None: it was never read, and nothing is done.
        history: what was done, as far as it is known without the API.
        now: seconds since 1970.
        silent_for: seconds since the API last answered.
        settings: the limits.
    """
    if paused is not False or silent_for < settings.api_silent_after or any(node.busy for node in planes):
        return []
    free = [node for node in planes if node.managed and not (node.paused or node.cordoned)]
    unseen = [node for node in free if node.look is None or node.look.age > pause(node.look, settings)]
    if unseen:
        return [Diagnose(node.name) for node in unseen]
    decisions = [one for node in free if (one := _about(node, history, now, silent_for, settings))]
    first = next((one for one in decisions if isinstance(one, Apply)), None)
    return [first] if first else decisions


def _about(node: NodeState, history: History, now: float, silent_for: float, settings: Settings) -> Decision | None:
    look = node.look
    if look is None or look.diagnosis.cause is Cause.HEALTHY:
        return None
    climb = climb_of(history, node.name, now, settings)
    usable = [remedy for remedy in look.diagnosis.remedies if remedy in ALLOWED]
    remedy = next_rung(usable, history, node.name, climb)
    if remedy and not climb.over_budget:
        if now < climb.wait_until:
            return Hold(node.name, "wait", "too soon after the last climb", remedy, look.diagnosis)
        if look.age > settings.fresh:
            return Diagnose(node.name)
        return Apply(node.name, remedy, look.diagnosis, climb.began)
    if silent_for < settings.confirm_after:
        return None
    why = "the API does not answer; without it only the kubelet and containerd are restarted, and that did not or does "
    why += "not help"
    known = history.is_handed(node.name, look.diagnosis.cause.value, why) and node.name not in history.open
    return None if known else HandOver(node.name, why, look.diagnosis)
