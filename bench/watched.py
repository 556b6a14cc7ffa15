"""pyinfra as always, with a note of what it did when: ``python -m bench.watched FILE ARGUMENTS...``.

FILE gets JSON: ``stages`` (name, seconds since 1970 when it began) and ``commands`` (host, began, took, first words).
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

WORDS = 60


def main() -> None:
    """Run pyinfra with the rest of the arguments."""
    stages: list[tuple[str, float]] = [("Python is up", time.time())]
    commands: list[tuple[str, float, float, str]] = []
    file = Path(sys.argv.pop(1))
    sys.argv[0] = "pyinfra"

    from pyinfra.api.state import State  # noqa: PLC0415  (loading it is what is measured)
    from pyinfra.connectors.ssh import SSHConnector  # noqa: PLC0415
    from pyinfra_cli.main import main as pyinfra  # noqa: PLC0415

    stages.append(("pyinfra is loaded", time.time()))
    set_stage, run = State.set_stage, SSHConnector.run_shell_command

    def staged(state: State, stage: Any) -> None:
        stages.append((stage.name, time.time()))
        set_stage(state, stage)

    def timed(connector: Any, command: Any, *arguments: Any, **options: Any) -> Any:
        began = time.time()
        try:
            return run(connector, command, *arguments, **options)
        finally:
            first = " ".join(str(command).split())[:WORDS]
            commands.append((connector.host.name, began, time.time() - began, first))

    State.set_stage = staged  # type: ignore[method-assign, assignment]
    SSHConnector.run_shell_command = timed  # type: ignore[method-assign, assignment]
    try:
        pyinfra()
    finally:
        file.write_text(json.dumps({"stages": stages, "commands": commands}))


if __name__ == "__main__":
    main()
