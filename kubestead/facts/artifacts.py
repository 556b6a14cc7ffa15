"""Facts about what was installed from downloaded artifacts."""

from __future__ import annotations

from pyinfra.api import FactBase

STAMPS = "/var/lib/kubestead/artifacts"


class InstalledArtifacts(FactBase[dict[str, str]]):
    """The sha256 of each artifact whose installed files are still as they were put, by name.

    A stamp is ``<sha256>`` on its first line, then ``<path> <size> <modified> <changed>`` of each file as stat prints
    them. An artifact one of whose files was changed, replaced, removed or made unusable since is not in the result: the
    last of the times goes on with every write and every change of mode or owner, and nobody can set it back.
    """

    default = dict

    def command(self) -> str:
        return f"""for s in {STAMPS}/*; do [ -f "$s" ] || continue
files=$(tail -n +2 "$s")
now=$(printf '%s\\n' "$files" | cut -d' ' -f1 | xargs -r stat -c '%n %s %Y %.Z' 2>/dev/null)
[ -n "$files" ] && [ "$files" = "$now" ] && printf '%s %s\\n' "${{s##*/}}" "$(head -n 1 "$s")"
done; true"""

    def process(self, output: list[str]) -> dict[str, str]:
        return dict(line.split(maxsplit=1) for line in output)
