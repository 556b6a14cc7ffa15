"""What a watcher is made of, put together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from kubestead.power import STATUS_SECONDS, SWITCH_SECONDS
from kubestead.recovery.settings import Settings
from kubestead.watch.api import NODES, connect, namespaced
from kubestead.watch.audit import Audit
from kubestead.watch.deploys import Deploys
from kubestead.watch.election import Election, identity
from kubestead.watch.elsewhere import Elsewhere
from kubestead.watch.etcd import Etcd
from kubestead.watch.events import Events
from kubestead.watch.inventory import Inventory
from kubestead.watch.jobs import Jobs, Looks
from kubestead.watch.ledger import Ledger
from kubestead.watch.metrics import Metrics
from kubestead.watch.note import Note, Told
from kubestead.watch.pause import Pause
from kubestead.watch.remedying import Remedying
from kubestead.watch.seen import SeenNodes
from kubestead.watch.stream import Stream
from kubestead.watch.teller import Teller, notifier
from kubestead.watch.view import View

NODE_LEASES = "kube-node-lease"
# A watcher that is told to stop waits so long for what it has just ended.
JOIN_SECONDS = 15
# And so long for a host whose power is being switched: both ways, each with its last look at the status, and some.
# The unit's TimeoutStopSec has to be longer.
POWER_SECONDS = 2 * (SWITCH_SECONDS + 2 * STATUS_SECONDS) + 20


class Parts:
    """Everything a watcher uses, and nothing it decides.

    Args:
        inventory: the hosts.
        kubeconfig: how the API is reached.
        folder: for the audit, the history's copy, and what the deploys say.
        settings: the limits.
        notify: Apprise URLs.
        dry_run: nothing is written to the cluster, and the Lease is left to others.
        echo: prints a line.
    """

    def __init__(
        self,
        inventory: Inventory,
        kubeconfig: Path,
        folder: Path,
        settings: Settings,
        notify: Sequence[str],
        dry_run: bool,
        echo: Callable[[str], None],
    ) -> None:
        self.name, self.inventory = identity(), inventory
        self.api, self.metrics, self.seen = connect(kubeconfig), Metrics(), SeenNodes()
        self.api.requests.on_request = self.metrics.request
        self.metrics.dry_run.set(dry_run)
        self.metrics.api_up.set(1)
        events = None if dry_run else Events(self.api)
        self._troubles: set[str] = set()
        self.teller = Teller(
            Audit(folder / "audit.jsonl", self.name), self.metrics, events, notifier(notify, self.trouble), echo
        )
        self.election = Election(self.api, self.name, compete=not dry_run)
        self.ledger = Ledger(self.api, folder / "history.json", self.trouble, self.election.leads, read_only=dry_run)
        self.pause = Pause(self.api, self.trouble)
        self.etcd = Etcd(self.api, self.trouble)
        self.elsewhere = Elsewhere(inventory.addresses)
        self.jobs, self.looks = Jobs(), Looks()
        self.deploys = Deploys(inventory, folder / "runs", self.name)
        self.remedying = Remedying(self.api, self.seen, self.deploys, settings, self.teller.tell)
        self.view = View(self.seen, inventory, self.looks, self.jobs, settings)
        seen, leases = self.seen, namespaced(NODE_LEASES, "leases")
        self.nodes = Stream(self.api, NODES, seen.list_nodes, seen.change_node, self.trouble)
        self.leases = Stream(self.api, leases, seen.list_leases, seen.change_lease, self.trouble)

    def start(self) -> None:
        """Begin to see, and to ask for the Lease."""
        self.nodes.start()
        self.leases.start()
        self.election.start()

    def end(self) -> None:
        """Let what is at work end, give the Lease back, send what is left to be sent."""
        self.nodes.stop()
        self.leases.stop()
        self.jobs.join(JOIN_SECONDS, POWER_SECONDS)
        self.election.stop()
        self.teller.tell(Note(Told.STOPPED, why=self.name))
        self.teller.close()

    def trouble(self, text: str) -> None:
        """Something of the watcher's own does not work; each such thing is told once."""
        kind = text.partition(":")[0] + text.partition(":")[2][:20]
        if kind not in self._troubles:
            self._troubles.add(kind)
            self.teller.tell(Note(Told.TROUBLE, why=text, warning=True))
