"""pyinfra's own command line, as the present run was given it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from kubestead.record.redact import command_line
from kubestead.spec.loading import NODE_KEYS, RUN_KEYS

# Deploys that change no host: they need no lock. Looking for what is wrong is not even a run to be recorded.
READ_ONLY = frozenset({"verify", "diagnose", "cilium_status"})
UNRECORDED = frozenset({"diagnose", "cilium_status"})
# Deploys that begin with a preflight, which names hosts that do not answer beside everything else that is wrong.
PREFLIGHTED = frozenset({"cluster"})


@dataclass(frozen=True)
class Invocation:
    """What was asked of pyinfra; everything is empty where it is not its command that runs (its API, a test).

    Args:
        words: the command line, without secrets.
        deploys: the deploy files' names without their ends: ``cluster``.
        options: pyinfra's options by name.
    """

    words: str = ""
    deploys: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def present(cls) -> Invocation:
        """The one in force; it is known in ``config.py`` and in inventories, not in deploys (other greenlets)."""
        context = click.get_current_context(silent=True)
        options = dict(context.params) if context else {}
        files = [str(one) for one in options.get("operations") or ()]
        deploys = tuple(Path(one).stem for one in files) if all(one.endswith(".py") for one in files) else ()
        return cls(_words() if context else "", deploys, options)

    @property
    def only_plans(self) -> bool:
        """It ends before anything is executed, whatever the person answers."""
        planned = ("dry", "debug_operations", "debug_facts")
        unconfirmed = self.options.get("json_output") and not self.options.get("yes")
        return bool(unconfirmed or any(self.options.get(option) for option in planned))

    @property
    def changes_hosts(self) -> bool:
        """It may change something on a host."""
        return not self.only_plans and not set(self.deploys) <= READ_ONLY

    @property
    def is_recorded(self) -> bool:
        """It leaves a run record."""
        return not self.only_plans and not set(self.deploys) <= UNRECORDED


def _words() -> str:
    name = Path(sys.argv[0]).name
    return command_line(["pyinfra" if name == "__main__.py" else name, *sys.argv[1:]], RUN_KEYS | NODE_KEYS)
