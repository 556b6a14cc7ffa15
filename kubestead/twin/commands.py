"""What ``kubestead twin`` does: up, down, status, power, reset, and commands inside the twin's network."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from kubestead.errors import InvalidInput, KubesteadError
from kubestead.twin import cgroups, checks, control, disk, host, image, keys, network, plan, site, sources, state
from kubestead.twin.plan import Plan
from kubestead.twin.process import progress

_SSH_SECONDS = 120


def up(name: str, control_planes: int | None, workers: int | None, source: str | None) -> None:
    """Bring a twin up: what is missing is made, what runs is left alone, what is off is switched on.

    Args:
        control_planes: how many; None keeps what the twin has, 1 for a new one.
        workers: how many; None keeps what the twin has, 2 for a new one.
        source: ``auto``, ``upstream`` or ``gomod``: where a mirror is filled from; None fills none, and keeps one it has.

    Raises:
        KubesteadError: the machine cannot carry it, or a host did not answer in time.
    """
    with state.changing(name):
        paths = state.files(name)
        old = state.load_plan(paths)
        wanted = _wanted(name, old, control_planes, workers)
        alive = state.supervisor_alive(paths)
        _check(paths, wanted, [] if not alive or old is None else old.nodes)
        if not alive:
            _clear_leftovers(name)
        image_key = image.ensure()
        mirror_folder = sources.mirror(source) if source else _mirror_of(paths)
        keys.ensure(paths, wanted)
        _install(paths, wanted, image_key)
        site.write(wanted, paths, mirror_folder)
        mirror_data = str(mirror_folder) if mirror_folder else None
        state.write_json(paths.plan, wanted.as_data() | {"image": image_key, "mirror": mirror_data})
        network.create_bridge(name)
        if not alive:
            control.start(paths, name)
        control.order(paths, "apply")
        wait_ssh(paths, [node.name for node in wanted.nodes])
        if mirror_folder:
            sources.wait_served(name)
        progress(f"{name}: {len(wanted.nodes)} hosts are up; site file {paths.site}")


def down(name: str) -> None:
    """Take a twin down: every process, namespace, mount, loop device, interface and cgroup of it, and its disks.

    Works from names and files alone, so a supervisor that crashed does not matter.
    """
    with state.changing(name):
        paths = state.files(name)
        _clear_leftovers(name)
        host.wait_detached(paths.state)
        shutil.rmtree(paths.state, ignore_errors=True)
        shutil.rmtree(paths.run, ignore_errors=True)
        for folder in Path("/run/systemd/nspawn/propagate").glob(f"kubestead-{name}-k8s-*"):
            folder.rmdir()
        progress(f"{name}: down, nothing is left")


def status(name: str) -> dict[str, Any]:
    """The twin's hosts and mirror: the supervisor's answer, or what the files and cgroups tell when it is gone.

    Raises:
        KubesteadError: there is no such twin.
    """
    paths = state.files(name)
    if state.supervisor_alive(paths):
        return {"name": name, "supervisor": "running", **control.order(paths, "status")}
    known = state.load_plan(paths)
    if known is None:
        raise KubesteadError(f"there is no twin {name!r}; run 'kubestead twin up'")
    running = {
        path.name for top in cgroups.find(plan.cgroup(name)) for path in top.iterdir() if cgroups.populated(path)
    }
    hosts = [
        {
            "node": n.name,
            "address": n.address,
            "power": "on" if n.name in running else "off",
            "ssh": None,
            "since": "",
            "last": "",
        }
        for n in known.nodes
    ]
    return {"name": name, "supervisor": "gone", "hosts": hosts}


def power(name: str, action: str, nodes: Sequence[str]) -> None:
    """Switch hosts ``on`` or ``off``, or ``cycle`` them; ``on`` and ``cycle`` return when SSH answers."""
    paths = _running(name, nodes)
    control.order(paths, action, list(nodes))
    if action != "off":
        wait_ssh(paths, nodes)


def reset(name: str, nodes: Sequence[str]) -> None:
    """Hosts back to bare: power cut, disks written anew, on again. Without names, all of them."""
    paths = _running(name, nodes)
    control.order(paths, "reset", list(nodes))
    wait_ssh(paths, nodes)


def execute(name: str, argv: Sequence[str]) -> NoReturn:
    """Become a command inside the twin's network, with ``KUBESTEAD_SITE`` set to its site file; never returns."""
    paths = _running(name, ())
    inside = ["nsenter", f"--net={network.path(plan.bridge_netns(name))}", "--", *argv]
    os.execvpe(inside[0], inside, os.environ | {"KUBESTEAD_SITE": str(paths.site)})  # noqa: S606


def ssh_command(name: str, node: str, user: str, argv: Sequence[str]) -> list[str]:
    """The ssh command line for a host; run it with :func:`execute`."""
    paths = _running(name, [node])
    address = _plan(paths).node(node).address
    options = ("StrictHostKeyChecking=yes", f"UserKnownHostsFile={paths.known_hosts}", "IdentitiesOnly=yes")
    flags = [part for option in options for part in ("-o", option)]
    return ["ssh", "-F", "none", "-i", str(paths.key), *flags, f"{user}@{address}", *argv]


def wait_ssh(paths: state.Files, nodes: Sequence[str], deadline: float = _SSH_SECONDS) -> None:
    """Wait until the hosts answer on their SSH port; none means all. Says which ones are awaited.

    Raises:
        KubesteadError: a host went off, or did not answer within the deadline (seconds).
    """
    end, told = time.monotonic() + deadline, ""
    while True:
        hosts = [h for h in control.order(paths, "status")["hosts"] if not nodes or h["node"] in nodes]
        waiting = [h["node"] for h in hosts if not h["ssh"]]
        if not waiting:
            return
        if off := [h for h in hosts if h["power"] == "off"]:
            raise KubesteadError(
                f"{off[0]['node']}: is off: {off[0]['last']}; see {paths.state}/nodes/{off[0]['node']}/console.log"
            )
        if time.monotonic() > end:
            raise KubesteadError(
                f"{', '.join(waiting)}: no SSH after {deadline:.0f} s; see console.log below {paths.state}/nodes"
            )
        if (text := f"waiting for SSH on {', '.join(waiting)}") != told:
            progress(told := text)
        time.sleep(0.1)


def _wanted(name: str, old: Plan | None, control_planes: int | None, workers: int | None) -> Plan:
    base = old or Plan(name)
    wanted = Plan(name, control_planes or base.control_planes, base.workers if workers is None else workers)
    if old and (wanted.control_planes < old.control_planes or wanted.workers < old.workers):
        raise KubesteadError(
            f"twin {name}: it has {old.control_planes} control planes and {old.workers} workers, and hosts are not taken "
            "away from a running twin; run 'kubestead twin down' first, or start another one with --name"
        )
    return wanted


def _check(paths: state.Files, wanted: Plan, running: Sequence[plan.Node]) -> None:
    new = [node for node in wanted.nodes if node not in running]
    machine = checks.machine(paths.state)
    cached = machine.root and not machine.missing and image.folder(image.key(image.machine_source().suite)).is_dir()
    if found := checks.findings(machine, new, cached):
        raise InvalidInput(found)


def _install(paths: state.Files, wanted: Plan, image_key: str) -> None:
    for node in wanted.nodes:
        if not disk.exists(paths.node(node)):
            progress(f"{node.name}: writing its disks")
            disk.provision(paths.node(node), node, image_key, keys.public(paths.key))


def _clear_leftovers(name: str) -> None:
    """End and remove whatever carries the twin's name, whoever started it."""
    for unified in [folder for folder in cgroups.find(plan.cgroup(name)) if (folder / "cgroup.kill").exists()]:
        cgroups.kill(unified)
    for folder in list(cgroups.find(plan.cgroup(name))):
        cgroups.remove(folder)
    for netns in network.of_twin(name):
        network.delete(netns)
    (state.files(name).run / "control.sock").unlink(missing_ok=True)


def _mirror_of(paths: state.Files) -> Path | None:
    folder = state.read_json(paths.plan).get("mirror")
    return Path(folder) if folder and Path(folder).is_dir() else None


def _plan(paths: state.Files) -> Plan:
    found = state.load_plan(paths)
    if found is None:
        raise KubesteadError(f"there is no twin {paths.run.name!r}; run 'kubestead twin up'")
    return found


def _running(name: str, nodes: Sequence[str]) -> state.Files:
    """The files of a twin that is up and has these hosts."""
    paths = state.files(name)
    known = _plan(paths)
    for node in nodes:
        known.node(node)
    if not state.supervisor_alive(paths):
        raise KubesteadError(
            f"twin {name}: its supervisor is not running; run 'kubestead twin up', or 'kubestead twin down'"
        )
    return paths
