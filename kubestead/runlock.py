"""The edge of the run lock to pyinfra: taken before a run's first change, given back as pyinfra's command ends."""

from __future__ import annotations

import re
from collections.abc import Collection

import click
from pyinfra import logger
from pyinfra.api import DeployError

from kubestead.clock import now
from kubestead.invocation import Invocation
from kubestead.lock import FOLDER, Held, Holder, Lock
from kubestead.owner import Owner
from kubestead.site.network import own_network

# The name was not checked yet: the spec is read after this.
_NOT_IN_NAMES = re.compile(r"[^\w.-]")


class RunLock:
    """The lock of this run, if it takes one."""

    def __init__(self) -> None:
        self.command = Invocation()
        self._lock: Lock | None = None

    def take(self, cluster: str, hosts: Collection[str]) -> None:
        """Hold the hosts. A run that only looks or plans needs no lock.

        Raises:
            DeployError: another run is at work on one of them.
        """
        if not self.command.changes_hosts:
            return
        # The same addresses lead elsewhere in another network namespace: the twin is not the lab.
        folder = FOLDER / f"{_NOT_IN_NAMES.sub('_', cluster)[:64]}-{own_network() or 0}"
        try:
            self._lock = Lock.take(folder, Holder(Owner.present(), now(), self.command.words, frozenset(hosts)))
        except Held as error:
            raise DeployError(str(error)) from None
        except OSError as error:
            fix = "run from a folder you may write to; nothing was touched"
            raise DeployError(f"{folder}: no lock can be written there ({error.strerror}); {fix}") from None
        for one in self._lock.left_behind:
            logger.warning(f"a run ended without giving its lock back, and this one takes over: {one.told(now())}")

    def release(self) -> None:
        """Give it back."""
        if self._lock:
            self._lock.release()


_lock = RunLock()


def start_lock() -> None:
    """For ``config.py``: know the command, and give the lock back as it ends."""
    _lock.command = Invocation.present()
    if _lock.command.changes_hosts:
        click.get_current_context().call_on_close(_lock.release)


def take_lock(cluster: str, hosts: Collection[str]) -> None:
    """From a deploy: see :meth:`RunLock.take`."""
    _lock.take(cluster, hosts)
