"""The watcher, installed for good: on the hosts it runs on, on the nodes it logs in to, and in the cluster."""

from __future__ import annotations

from pathlib import Path

from pyinfra import host, inventory, state
from pyinfra.api import DeployError
from pyinfra.api.deploy import deploy

from kubestead.inventory import explained
from kubestead.operations import watcher, watcher_rights, watcher_works
from kubestead.operations.files import TextFile, install_files
from kubestead.operations.flow import changed
from kubestead.operations.systemd import service
from kubestead.phases.gather import once
from kubestead.phases.known import architecture
from kubestead.phases.sources import UPSTREAM
from kubestead.phases.topology import CONTROL_PLANE, first_control_plane, in_group, node_address
from kubestead.phases.watcherplan import plan, watcher_hosts
from kubestead.render import render
from kubestead.spec import ClusterSpec
from kubestead.textdiff import secrets_of
from kubestead.watchhost import files, places
from kubestead.watchhost.bundle import Bundle, bundle

# What the watcher's deploys said; the audit stays.
KEPT_DAYS = 30


def is_watcher_host() -> bool:
    """Whether the watcher is to run on the present host."""
    return host in watcher_hosts()


@deploy("Watcher")
def install_watcher(spec: ClusterSpec) -> None:
    """Have the watcher's software, user, key and configuration on the present host; it is started later."""
    software = watcher.install_software(name="Software", bundle=_bundle())
    watcher.own_user_and_key(name="User and SSH key")
    written = watcher.configuration(name="Configuration", contents=_configuration(spec), secrets=_secrets(spec))
    host.data.watcher_changed = [software, written]


@deploy("Watcher")
def let_watchers_in() -> None:
    """Have every node let in the watchers' keys, from the watchers' hosts alone, and no older ones."""
    watcher_rights.authorise(name="The watchers' SSH keys", watchers=plan().watchers)


@deploy("Watcher")
def grant_rights() -> None:
    """Have the watchers' rights in the cluster, or no trace of them where there is to be no watcher."""
    names = [one.host.name for one in plan().watchers]
    if names:
        watcher_rights.grant(name="Rights in the cluster", watchers=names)
    else:
        watcher_rights.revoke(name="No rights in the cluster")


@deploy("Watcher")
def start_watcher(spec: ClusterSpec) -> None:
    """Have the watcher run, with a token of its own, and see that it reaches every node."""
    own = f"https://{node_address(host)}:6443"
    # On a control plane the API server beside it: of two watchers one still has an API when the other's host dies.
    server = own if in_group(CONTROL_PLANE) else f"https://{spec.control_plane_endpoint}"
    kubeconfig = watcher.own_kubeconfig(name="Kubeconfig", control_plane=first_control_plane(), server=server)
    cleaning = render("kubestead-watch.tmpfiles.j2", folders=places.RUNS, days=KEPT_DAYS)
    unit = install_files(name="Unit", files=[TextFile(places.UNIT_FILE, _unit()), TextFile(places.CLEANING, cleaning)])
    # A node that was left out of this run is down, most likely, and has not been given the key either.
    here = [target for target in plan().targets if inventory.get_host(target.name) in state.active_hosts]
    watcher_works.reaches_every_node(name="Every node by its own key", targets=here)
    service(
        name="Service",
        unit=places.UNIT,
        restart_if=lambda: changed(*host.data.watcher_changed, kubeconfig, unit),
    )


@deploy("Watcher")
def look_whether_it_works() -> None:
    """See that the watchers run and one of them leads."""
    if plan().watchers:
        watcher_works.one_leads(name="One of them leads", watchers=[one.host for one in plan().watchers])


@deploy("Watcher")
def remove_watcher() -> None:
    """Have no watcher on the present host."""
    watcher.remove_watcher(name="No watcher here")


def _bundle() -> Bundle:
    python, machine = plan().hosts[host.name].python or "", architecture(host)
    with explained(DeployError):
        return once(f"watcher for {python} {machine}", lambda: bundle(python, machine))


def _configuration(spec: ClusterSpec) -> dict[str, str]:
    sources = host.data.get("kubestead_sources") or {}
    targets = plan().targets
    return {
        places.SITE: files.site(targets, {**sources, "catalog": places.CATALOG}),
        places.INVENTORY: files.inventory(),
        places.GROUP_DATA: files.group_data(spec),
        places.KNOWN_HOSTS: files.known_hosts(targets),
        places.CATALOG: Path(sources.get("catalog") or UPSTREAM).read_text(),
    }


def _secrets(spec: ClusterSpec) -> list[str]:
    """What of the configuration a diff must not show: power commands hold passwords."""
    powers = [target.own.get("power") or {} for target in plan().targets]
    return [*secrets_of(spec.cilium_extra_values), *(str(command) for power in powers for command in power.values())]


def _unit() -> str:
    return render(
        "kubestead-watch.service.j2",
        name=places.NAME, user=places.USER, software=places.CURRENT, state=places.STATE, site=places.SITE,
        inventory=places.INVENTORY, kubeconfig=places.KUBECONFIG, environment=places.ENVIRONMENT,
        metrics_address=node_address(host), metrics_port=places.METRICS_PORT, memory_max=places.MEMORY_MAX,
        stop_seconds=places.STOP_SECONDS,
    )  # fmt: skip
