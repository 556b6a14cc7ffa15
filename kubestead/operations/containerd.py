"""Operations on containerd."""

from __future__ import annotations

from collections.abc import Generator

from pyinfra import host, state
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
    if not state.is_executing:
        host.noop("asked when its configuration is in place")
        return
    # A file it cannot read makes it fail here, in its own words.
    yield StringCommand("/usr/local/bin/containerd config dump > /dev/null")
    yield failure(
        f"{host.name}: containerd makes {seen} of /etc/containerd/config.toml, not {expected}; "
        "see what it reads: containerd config dump"
    )
