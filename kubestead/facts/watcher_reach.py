"""Whether the watcher reaches the nodes from its host, by its own key and the host keys it was given."""

from __future__ import annotations

from pyinfra.api import FactBase, QuoteString, StringCommand

from kubestead.watchhost import places

_AT_ONCE = 16
_SSH = (
    f"ssh -F /dev/null -i {places.KEY} -o UserKnownHostsFile={places.KNOWN_HOSTS} -o GlobalKnownHostsFile=/dev/null "
    "-o StrictHostKeyChecking=yes -o IdentitiesOnly=yes -o BatchMode=yes -o ConnectTimeout=10"
)
# Arguments: name, user, address, port.
_ASK = f'if said=$({_SSH} -p "$4" "$2@$3" true 2>&1 </dev/null); then echo "$1 yes"; '
_ASK += 'else echo "$1 no $(echo "$said" | tail -n 1)"; fi'


class WatcherReach(FactBase[dict[str, str | None]]):
    """For each of ``targets`` (name, user, address, port) None where a session opened, else ssh's last words."""

    default = dict

    def command(self, targets: tuple[tuple[str, str, str, int], ...]) -> StringCommand:
        words = [QuoteString(str(word)) for target in targets for word in target]
        return StringCommand(
            "printf '%s\\n'", *words, f"| runuser -u {places.USER} -- xargs -P {_AT_ONCE} -n 4",
            "sh -c", QuoteString(_ASK), "ssh",
        )  # fmt: skip

    def process(self, output: list[str]) -> dict[str, str | None]:
        told = (line.split(" ", 2) for line in output)
        return {name: None if rest[0] == "yes" else " ".join(rest[1:]) for name, *rest in told}
