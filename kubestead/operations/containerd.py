"""Operations on containerd."""

from __future__ import annotations

from collections.abc import Generator

from pyinfra import host
from pyinfra.api import StringCommand, operation

from kubestead.facts.containerd import ContainerdConfiguration, EffectiveConfiguration
from kubestead.operations.flow import failure


@operation()
def understands_configuration(expected: EffectiveConfiguration) -> Generator[StringCommand, None, None]:
    """Ask containerd what it makes of its configuration file before it is restarted with it."""
    seen = host.get_fact(ContainerdConfiguration)
    if seen == expected:
        host.noop("containerd reads its configuration as meant")
        return
    if seen == EffectiveConfiguration():
        # Planned, but not yet installed.
        yield StringCommand("/usr/local/bin/containerd config dump > /dev/null")
        return
    yield failure(
        f"{host.name}: containerd makes {seen} of /etc/containerd/config.toml, not {expected}; "
        "see what it reads: containerd config dump"
    )
