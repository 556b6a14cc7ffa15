"""The lab as Vagrant's machines: `vagrant up`, then `uv run pyinfra inventory/vagrant.py deploys/cluster.py`.

Names and addresses are the Vagrantfile's. Of a site file only sources and overrides count: its hosts are others.
"""

from pathlib import Path

from kubestead.errors import Finding, InvalidInput
from kubestead.inventory import load
from kubestead.site import HostSettings

root = Path(__file__).resolve().parents[1]


def private_key(name):
    """The key Vagrant made for a machine: beside the machine's id, in a folder named after the provider."""
    for machine in sorted((root / ".vagrant" / "machines" / name).glob("*/id")):
        return machine.with_name("private_key")
    raise InvalidInput([Finding(f"host {name}", "Vagrant has made no such machine", "run 'vagrant up'")])


def settings(name, address):
    """node_address is said outright: a machine's first interface is the provider's NAT, the same for all of them."""
    known_hosts = root / ".kubestead" / "known_hosts"
    known_hosts.parent.mkdir(exist_ok=True)
    return HostSettings(
        address=address,
        node_address=address,
        user="vagrant",
        sudo=True,
        key=private_key(name),
        known_hosts=known_hosts,
        host_keys="accept-new",
    )


control_plane, workers = load(
    control_plane=[("k8s-cp", "192.168.56.187")],
    workers=[("k8s-worker1", "192.168.56.61"), ("k8s-worker2", "192.168.56.62")],
    settings=settings,
)
