"""Facts about containerd: the configuration it really uses, the images it holds."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pyinfra.api import FactBase


@dataclass(frozen=True)
class EffectiveConfiguration:
    """What containerd makes of its configuration file, as ``containerd config dump`` tells it; None where it is silent.

    An unknown key in the file only warns, and version 1 keys in a version 3 file are ignored: so ask containerd.
    """

    sandbox_image: str | None = None
    systemd_cgroup: str | None = None
    registry_config_path: str | None = None
    restrict_oom_score_adj: str | None = None


class ContainerdConfiguration(FactBase[EffectiveConfiguration]):
    """The configuration containerd would start with now."""

    default = EffectiveConfiguration
    _keys = (
        ("sandbox", "sandbox_image"),
        ("SystemdCgroup", "systemd_cgroup"),
        ("config_path", "registry_config_path"),
        ("restrict_oom_score_adj", "restrict_oom_score_adj"),
    )

    def requires_command(self) -> str:
        return "/usr/local/bin/containerd"

    def command(self) -> str:
        names = "|".join(key for key, _ in self._keys)
        return f"/usr/local/bin/containerd config dump | grep -E '^ *({names}) = '"

    def process(self, output: list[str]) -> EffectiveConfiguration:
        found: dict[str, str] = {}
        for line in output:
            key, _, value = re.sub(r"^\s+", "", line).partition(" = ")
            found[key] = value.strip("'\"")
        return EffectiveConfiguration(**{field: found.get(key) for key, field in self._keys})


class Images(FactBase[frozenset[str]]):
    """The references of all images containerd holds for Kubernetes."""

    default = frozenset

    def requires_command(self) -> str:
        return "/usr/local/bin/ctr"

    def command(self) -> str:
        return "/usr/local/bin/ctr --namespace k8s.io images list --quiet 2>/dev/null || true"

    def process(self, output: list[str]) -> frozenset[str]:
        return frozenset(output)
