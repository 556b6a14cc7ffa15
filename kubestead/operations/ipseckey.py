"""The key of Cilium's IPsec: made where it is missing, left where it is there, replaced by the next one on demand.

It is made on the control plane from the kernel's random numbers, and goes from there to the API alone: this machine, a
log, a diff, a record or a command line never has it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Generator
from typing import Any

from pyinfra import host
from pyinfra.api import FunctionCommand, StringCommand, operation
from pyinfra.api.host import Host

from kubestead.cilium.ipseckey import (
    ALGORITHM,
    CHECK_BITS,
    FIRST,
    KEY_BYTES,
    NAMESPACE,
    OLD_KEY_MINUTES,
    SECRET,
    KeySeen,
)
from kubestead.facts.ciliumrollout import CiliumRollout
from kubestead.facts.ipseckey import IpsecKey, IpsecKeysInUse, IpsecSecret
from kubestead.health import KUBECTL
from kubestead.manifests import MANAGER
from kubestead.operations import shown
from kubestead.operations.flow import failure, refusal
from kubestead.operations.steps import StepFailed, attempt, told
from kubestead.render import render

# kubelets bring a changed Secret to their pods within about a minute, and agents watch the file.
ADOPTED_SECONDS = 240
BETWEEN_LOOKS = 2
_ASK = f"{KUBECTL} --request-timeout=20s --namespace {NAMESPACE}"
_WHAT = f"Secret {NAMESPACE}/{SECRET}"


@operation()
def ipsec_key(rotate: bool = False) -> Generator[StringCommand | FunctionCommand, None, None]:
    """Have the Secret with the key of Cilium's IPsec; one that is there is kept unless ``rotate``.

    Args:
        rotate: put the next key in its place, and wait until every agent uses it.
    """
    answer: IpsecSecret | None = host.get_fact(IpsecKey)
    # A cluster that is being built does not answer while the run is planned.
    seen = answer.key if answer else None
    if seen is None:
        shown.show(f"{_WHAT}: not there -> key {FIRST}, made on {host.name}")
        yield _made()
    elif seen.wrong:
        yield refusal(
            f"{host.name}: {_WHAT}: {seen.wrong}; agents end at it; correct it, or let a new one be made: "
            f"{_ASK} delete secret {SECRET}"
        )
    elif not rotate:
        host.noop(f"key {seen.spi} is there, and kept")
    else:
        yield from _rotated(seen)


def _rotated(seen: KeySeen) -> Generator[StringCommand | FunctionCommand, None, None]:
    if not seen.is_ours:
        yield refusal(
            f"{host.name}: {_WHAT}: holds no single line for {ALGORITHM}, which is the form made here; "
            "rotate it by hand, with the next number and a key as long"
        )
        return
    in_use, rollout = host.get_fact(IpsecKeysInUse), host.get_fact(CiliumRollout)
    if in_use is None or rollout is None:
        yield failure(f"{host.name}: its API does not answer; try: {KUBECTL} get --raw /readyz")
        return
    if in_use.on and (late := in_use.others(seen.spi)):
        yield refusal(f"{host.name}: key {seen.spi} is not in use everywhere yet: {late}; wait, then rotate")
        return
    if in_use.on and (behind := rollout.outdated):
        yield refusal(
            f"{host.name}: keys are not rotated while agents run an older configuration: {', '.join(behind)}; "
            "first: pyinfra INVENTORY deploys/cilium.py"
        )
        return
    shown.show(f"{_WHAT}: key {seen.spi} -> {seen.next_number}, made on {host.name}")
    yield _replaced(seen)
    yield FunctionCommand(attempt(_adopted), (seen.next_number,), {})


def _made() -> StringCommand:
    metadata = {"name": SECRET, "namespace": NAMESPACE}
    # Made and not applied: should one be there after all, it stays, and this fails.
    manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"keys": "%s"}}
    return _script(manifest, FIRST, KEY_BYTES, CHECK_BITS, f"{_ASK} create --field-manager={MANAGER} --filename=-")


def _replaced(seen: KeySeen) -> StringCommand:
    # By its version: what somebody else has put there meanwhile is not written over.
    patch = {"metadata": {"resourceVersion": seen.version}, "stringData": {"keys": "%s"}}
    send = f"{_ASK} patch secret {SECRET} --field-manager={MANAGER} --type=merge --patch-file=/dev/stdin"
    return _script(patch, seen.next_number, seen.digits // 2, seen.check_bits, send)


def _script(manifest: dict[str, Any], number: int, size: int, check_bits: int | str, send: str) -> StringCommand:
    text = render(
        "ipsec-key.sh.j2", manifest=json.dumps(manifest), number=number, size=size, algorithm=ALGORITHM,
        check_bits=check_bits, send=send,
    )  # fmt: skip
    return StringCommand(text, _timeout=60)


def _adopted(host: Host, number: int) -> None:
    """Wait until every agent says that it encrypts with key ``number``; the old one goes by itself later."""
    started = time.monotonic()
    while True:
        in_use = host.get_fact(IpsecKeysInUse)
        late = "the API does not answer" if in_use is None else in_use.others(number)
        elapsed = time.monotonic() - started
        if not late:
            break
        if elapsed > ADOPTED_SECONDS:
            raise StepFailed(
                f"{host.name}: key {number} is not in use everywhere after {elapsed:.0f} s: {late}; both keys decrypt "
                f"for {OLD_KEY_MINUTES} minutes; see: {_ASK} logs ds/cilium --tail=50"
            )
        time.sleep(BETWEEN_LOOKS)
    if in_use is not None and in_use.on:
        told(host, f"key {number} is in use on {', '.join(sorted(in_use.numbers))}, {elapsed:.0f} s later; "
                   f"the one before goes in {OLD_KEY_MINUTES} minutes")  # fmt: skip
    else:
        told(host, f"key {number} is there; Cilium does not run with IPsec, so nobody uses it yet")
