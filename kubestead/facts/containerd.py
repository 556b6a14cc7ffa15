"""Facts about containerd: the configuration it really uses, the images it holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from pyinfra.api import FactBase, QuoteString, StringCommand


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
    # The same key may stand in several tables: config_path is one of the transfer service too.
    _fields: ClassVar[dict[tuple[str, str], str]] = {
        ("io.containerd.cri.v1.images.pinned_images", "sandbox"): "sandbox_image",
        ("io.containerd.cri.v1.runtime.containerd.runtimes.runc.options", "SystemdCgroup"): "systemd_cgroup",
        ("io.containerd.cri.v1.images.registry", "config_path"): "registry_config_path",
        ("io.containerd.cri.v1.runtime", "restrict_oom_score_adj"): "restrict_oom_score_adj",
    }

    def requires_command(self) -> str:
        return "/usr/local/bin/containerd"

    def command(self) -> str:
        names = "|".join(key for _, key in self._fields)
        # A file it cannot read gives no output, which is no answer; the operation then shows what it complains of.
        return f"/usr/local/bin/containerd config dump 2>/dev/null | grep -E '^ *([[]|({names}) = )' || true"

    def process(self, output: list[str]) -> EffectiveConfiguration:
        found: dict[str, str] = {}
        table = ""
        for line in map(str.strip, output):
            if line.startswith("["):
                table = line.strip("[]").replace("'", "").replace('"', "").removeprefix("plugins.")
                continue
            key, _, value = line.partition(" = ")
            if field := self._fields.get((table, key)):
                found[field] = value.strip("'\"")
        return EffectiveConfiguration(**found)


class Images(FactBase[frozenset[str]]):
    """The references of all images containerd holds for Kubernetes; where it cannot be asked, ``sha256:`` digests.

    A run starts it before it looks, so its plan has to see past one that is stopped: by the content that is stored.
    """

    default = frozenset
    _stored = "/var/lib/containerd/io.containerd.content.v1.content/blobs/sha256"

    def command(self) -> str:
        images = "/usr/local/bin/ctr --namespace k8s.io images list --quiet 2>/dev/null"
        return f"{images} || ls {self._stored} 2>/dev/null | sed 's/^/sha256:/'"

    def process(self, output: list[str]) -> frozenset[str]:
        return frozenset(output)


class CompleteImages(FactBase[frozenset[str]]):
    """Those of some references whose image containerd holds with everything it names, not its name alone."""

    default = frozenset

    def requires_command(self, references: Sequence[str]) -> str:
        return "/usr/local/bin/ctr"

    def command(self, references: Sequence[str]) -> StringCommand:
        """Args: references: ``registry.k8s.io/pause:3.10``, or with ``@sha256:`` and a digest."""
        filters = [QuoteString(f"name=={reference}") for reference in references]
        return StringCommand("/usr/local/bin/ctr --namespace k8s.io images check", *filters, "2>/dev/null || true")

    def process(self, output: list[str]) -> frozenset[str]:
        # REF TYPE DIGEST STATUS SIZE UNPACKED; the status is "complete (2/2)" or "incomplete (1/2)".
        rows = [line.split() for line in output]
        return frozenset(row[0] for row in rows if row[3:4] == ["complete"])
