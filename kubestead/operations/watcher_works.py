"""The look at the end: the watcher's units run, it reaches every node, and one of them holds the Lease."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence

from pyinfra import host, logger, state
from pyinfra.api import StringCommand, operation
from pyinfra.api.host import Host

from kubestead.facts.manifest import LeaseHolder
from kubestead.facts.systemd import UnitStates
from kubestead.facts.watcher_reach import WatcherReach
from kubestead.operations.flow import failure
from kubestead.watchhost import places
from kubestead.watchhost.files import Target

# A watcher that was killed leaves a Lease of 15 s; starting takes a few seconds on a slow machine.
WITHIN_SECONDS = 60
_SHOW = f"sudo journalctl -u {places.UNIT} -n 50"


@operation()
def reaches_every_node(targets: Sequence[Target]) -> Generator[StringCommand, None, None]:
    """See that the present host's watcher can log in to every node; fails with those it cannot."""
    if not state.is_executing:
        host.noop("looked at when it runs")
        return
    nodes = tuple((node.name, node.user, node.address, node.port) for node in targets)
    told: dict[str, str | None] = host.get_fact(WatcherReach, targets=nodes)
    refused = [
        f"{node.name}: {told.get(node.name, 'no answer')}" for node in targets if told.get(node.name, "no answer")
    ]
    if not refused:
        host.noop(f"it logs in to {', '.join(told)}")
        return
    hint = (
        f"next: on the node, see 'sudo sshd -T | grep -iE \"authorizedkeysfile|permitroot\"'; on {host.name}: {_SHOW}"
    )
    yield failure("\n".join([f"{host.name}: the watcher cannot log in to", *refused, hint]))


_SHOW = f"sudo journalctl -u {places.UNIT} -n 50"


@operation()
def one_leads(watchers: Sequence[Host]) -> Generator[StringCommand, None, None]:
    """Asked on a control plane: wait until every watcher's unit is active and one of them renews the Lease."""
    started = time.monotonic()
    first: tuple[str, str] | None = None
    while True:
        lease: tuple[str, str] | None = host.get_fact(LeaseHolder, namespace=places.NAMESPACE, lease=places.LEASE)
        if not state.is_executing:
            host.noop(f"held by {lease[0] if lease else 'nobody'} now")
            return
        first = first or lease
        down = [one.name for one in watchers if not _active(one)]
        # It was renewed while we looked: whoever holds it is alive.
        if lease and lease != first and not down:
            logger.info(f"{host.print_prefix}{lease[0]} leads; running on {', '.join(one.name for one in watchers)}")
            host.noop("watched")
            return
        if time.monotonic() - started > WITHIN_SECONDS:
            break
        time.sleep(1)  # between two looks
    what = f"{places.UNIT} is not active on {', '.join(down)}" if down else "nobody renews the watchers' Lease"
    yield failure(f"{what}, {WITHIN_SECONDS} s after the start; next: {_SHOW}")


def _active(one: Host) -> bool:
    unit = one.get_fact(UnitStates, units=(places.UNIT,)).get(places.UNIT)
    return unit is not None and unit.active == "active"
