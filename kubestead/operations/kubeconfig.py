"""Operations on the operator's machine: the kubeconfig, readable by its owner alone."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

from pyinfra import host, logger
from pyinfra.api import FunctionCommand, StringCommand, operation
from pyinfra.api.host import Host
from pyinfra.api.state import State

from kubestead.facts.files import FileTexts
from kubestead.kubeconfig import for_operator, secrets_in
from kubestead.operations import shown
from kubestead.operations.flow import failure
from kubestead.site.private import write_private

ADMIN_CONF = "/etc/kubernetes/admin.conf"


@operation()
def fetch_kubeconfig(destination: str, server: str) -> Generator[FunctionCommand | StringCommand, None, None]:
    """Have the administrator's kubeconfig at ``destination`` on this machine, mode 0600, pointing at ``server``."""
    admin_conf = host.get_fact(FileTexts, paths=(ADMIN_CONF,)).get(ADMIN_CONF)
    path = Path(destination)
    if admin_conf is None:
        yield failure(f"{host.name}: {ADMIN_CONF} cannot be read; is this a control plane, and do we have sudo?")
        return
    wanted = for_operator(admin_conf, server)
    present = path.read_text(errors="replace") if path.is_file() else None
    if present == wanted and path.stat().st_mode & 0o777 == 0o600:
        host.noop(f"{destination} is this cluster's")
        return
    shown.show_text(destination, present, wanted, [*secrets_in(present or ""), *secrets_in(wanted)])
    yield FunctionCommand(_write, (path, wanted), {})


def _write(state: State, host: Host, path: Path, text: str) -> bool:
    try:
        write_private(path, text)
    except OSError as error:
        logger.error(f"{host.print_prefix}{path} cannot be written on this machine: {error.strerror or error}")
        return False
    return True
