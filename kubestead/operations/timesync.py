"""Operations on the clock's keeper: etcd and certificates need clocks that agree."""

from __future__ import annotations

from collections.abc import Generator

from pyinfra import host
from pyinfra.api import StringCommand, operation

from kubestead.facts.timesync import ActiveTimeKeeper


@operation()
def time_synchronised() -> Generator[StringCommand, None, None]:
    """Have some service keep the clock: whichever runs already, else systemd-timesyncd."""
    keeper = host.get_fact(ActiveTimeKeeper)
    if keeper:
        host.noop(f"{keeper} keeps the clock")
        return
    yield StringCommand(
        "systemctl cat --no-pager systemd-timesyncd.service >/dev/null 2>&1 ||",
        "DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1",
        "apt-get -o DPkg::Lock::Timeout=600 install --yes --no-install-recommends systemd-timesyncd",
    )
    yield StringCommand("systemctl", "enable", "--now", "systemd-timesyncd.service")
