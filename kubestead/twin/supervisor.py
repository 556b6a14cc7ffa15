"""The process that holds a twin up: inside the bridge's namespace it starts the hosts, watches them and takes orders.

Orders come one JSON object per line on a unix socket (:mod:`kubestead.twin.control`). Everything it starts, and it
itself, lies below one cgroup, so that ``down`` ends all of it without its help.
"""

from __future__ import annotations

import fcntl
import json
import os
import socketserver
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import IO, Any

from kubestead import cache
from kubestead.errors import KubesteadError
from kubestead.twin import binds, cgroups, disk, host, image, keys, mirror, network, plan, state


class Supervisor:
    """One twin's hosts and mirror.

    Args:
        name: the twin's name; everything else is read from its files.
    """

    def __init__(self, name: str) -> None:
        self.paths = state.files(name)
        self._tree = own_cgroups(name)
        self._mirror = mirror.Mirror(self._tree.unified, self.paths.mirror_log)
        self._hosts: dict[str, host.Host] = {}
        self._binds = binds.of_machine(self.paths.state)

    def apply(self) -> dict[str, Any]:
        """Read the twin's plan anew: further hosts are added, all are switched on, the mirror it names is served."""
        data = state.read_json(self.paths.plan)
        the_plan = plan.Plan.from_data(data)
        for node in the_plan.nodes:
            if node.name not in self._hosts:
                self._hosts[node.name] = host.Host(node, self.paths.node(node), self._tree, self._binds)
            self._hosts[node.name].on()
        self._mirror.serve(Path(data["mirror"]) if data.get("mirror") else None)
        self._write_record(the_plan)
        return self.status()

    def status(self, names: Sequence[str] = ()) -> dict[str, Any]:
        """The state of these hosts, or of every one, and the mirror's."""
        chosen = [self._hosts[name] for name in names] or self._hosts.values()
        with ThreadPoolExecutor(max_workers=16) as pool:
            hosts = list(pool.map(lambda one: one.status(), chosen))
        return {"hosts": hosts, "mirror": self._mirror.status(), "cgroup": self._tree.version}

    def power(self, action: str, names: list[str]) -> dict[str, Any]:
        """Switch hosts ``on``, ``off`` or through a ``cycle`` of both."""
        steps = {"on": [host.Host.on], "off": [host.Host.off], "cycle": [host.Host.off, host.Host.on]}[action]
        self._each(names, lambda one: [step(one) for step in steps])
        return self.status()

    def reset(self, names: list[str]) -> dict[str, Any]:
        """Cut the power, write the disks anew, switch on."""
        image_key = str(state.read_json(self.paths.plan)["image"])
        operator_key = keys.public(self.paths.key)

        def reinstall(one: host.Host) -> None:
            one.off()
            (one.folder / network.CABLE_OUT).unlink(missing_ok=True)
            disk.provision(one.folder, one.node, image_key, operator_key)
            one.on()

        self._each(names, reinstall)
        return self.status()

    def _each(self, names: list[str], action: Callable[[host.Host], object]) -> None:
        chosen: Iterable[host.Host] = [self._hosts[name] for name in names] if names else self._hosts.values()
        with ThreadPoolExecutor(max_workers=8) as pool:
            list(pool.map(action, chosen))

    def _write_record(self, the_plan: plan.Plan) -> None:
        record = {
            "name": the_plan.name,
            "netns_inode": network.path(plan.bridge_netns(the_plan.name)).stat().st_ino,
            "addresses": {node.name: node.address for node in the_plan.nodes},
            "pid": os.getpid(),
            "state": str(self.paths.state),
        }
        state.write_json(self.paths.record, record)


def own_cgroups(name: str) -> cgroups.Hierarchies:
    """Make the twin's cgroups below those this process is in, and move this process into a leaf of them."""
    parents = cgroups.current()
    tree = cgroups.create(parents, plan.cgroup(name))
    leaf = tree.unified / "supervisor"
    leaf.mkdir(exist_ok=True)
    cgroups.enter([leaf])
    if tree.version == "v2":
        cgroups.delegate(parents.unified)
        cgroups.delegate(tree.unified)
    return tree


def answer(supervisor: Supervisor, line: str) -> dict[str, Any]:
    """Carry out one order; an error becomes its ``error``."""
    try:
        order = json.loads(line)
        names = [str(name) for name in order.get("nodes", [])]
        orders: dict[str, Callable[[], dict[str, Any]]] = {
            "apply": supervisor.apply,
            "status": lambda: supervisor.status(names),
            "reset": lambda: supervisor.reset(names),
            **{action: partial(supervisor.power, action, names) for action in ("on", "off", "cycle")},
        }
        return orders[order["op"]]()
    except (KubesteadError, OSError, KeyError, ValueError) as error:
        return {"error": f"{type(error).__name__}: {error}" if not isinstance(error, KubesteadError) else str(error)}


def _serve(supervisor: Supervisor) -> None:
    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            for line in self.rfile:
                self.wfile.write(json.dumps(answer(supervisor, line.decode())).encode() + b"\n")

    socketserver.ThreadingUnixStreamServer.daemon_threads = True
    supervisor.paths.socket.unlink(missing_ok=True)
    with socketserver.ThreadingUnixStreamServer(str(supervisor.paths.socket), Handler) as server:
        supervisor.paths.socket.chmod(0o600)
        server.serve_forever()


def _hold(lock: Path) -> IO[bytes]:
    """Take the twin's lock for the life of this process."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    handle = lock.open("wb")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise KubesteadError(f"{lock}: another supervisor of this twin is running") from None
    return handle


def main(name: str) -> None:
    """Hold the twin ``name`` up until this process is killed."""
    paths = state.files(name)
    with _hold(paths.lock), cache.hold(image.folder(str(state.read_json(paths.plan)["image"]))):
        supervisor = Supervisor(name)
        supervisor.apply()
        _serve(supervisor)


if __name__ == "__main__":
    main(sys.argv[1])
