"""Which view a run has. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

from kubestead.errors import KubesteadError
from kubestead.invocation import Invocation

Kind = Literal["pyinfra", "plain", "rich"]
VARIABLE = "KUBESTEAD_OUTPUT"
# With these the person wants pyinfra's own words, or its operations come in an order the view does not know.
_PYINFRAS_OWN = ("verbosity", "debug", "debug_all", "json_output", "serial", "no_wait")


def choose(environment: Mapping[str, str], command: Invocation, terminal: bool) -> Kind:
    """The view: what ``KUBESTEAD_OUTPUT`` says, else rich on a terminal and plain lines elsewhere.

    pyinfra's own output stays with ``-v`` and ``--json``, and in everything that is not a run of a deploy.

    Args:
        environment: the process's.
        command: what was asked of pyinfra.
        terminal: whether stderr, where pyinfra prints, is one.

    Raises:
        KubesteadError: the variable is none of these.
    """
    wanted = environment.get(VARIABLE, "")
    if wanted and wanted not in get_args(Kind):
        raise KubesteadError(f"{VARIABLE} = {wanted!r}: is no view; write one of {', '.join(get_args(Kind))}")
    options = command.options
    if not command.deploys or command.only_plans or any(options.get(one) for one in _PYINFRAS_OWN):
        return "pyinfra"
    if wanted == "pyinfra":
        return "pyinfra"
    if wanted == "plain" or not terminal or environment.get("TERM", "dumb") == "dumb" or environment.get("CI"):
        return "plain"
    return "rich"
