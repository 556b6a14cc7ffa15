"""Bringing a twin up and taking it down."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from kubestead.errors import InvalidInput, KubesteadError
from kubestead.twin import (
    cgroups,
    checks,
    control,
    disk,
    host,
    image,
    kernelsettings,
    keys,
    machine,
    network,
    plan,
    site,
    sources,
    state,
)
from kubestead.twin.plan import Plan
from kubestead.twin.process import progress

# systemd-nspawn leaves a folder of each host's there when it is killed.
_PROPAGATE = Path("/run/systemd/nspawn/propagate")


def up(
    name: str,
    control_planes: int | None,
    workers: int | None,
    source: str | None,
    mirror_folder: Path | None = None,
    light: bool = False,
) -> None:
    """Bring a twin up: what is missing is made, what runs is left alone, what is off is switched on.

    Args:
        control_planes: how many; None keeps what the twin has, 1 for a new one.
        workers: how many; None keeps what the twin has, 2 for a new one.
        source: ``auto``, ``upstream`` or ``gomod``: where a mirror is filled from; None keeps what it has.
        mirror_folder: a mirror that is there already, instead of a source.
        light: simulate kubeadm; a twin that is there stays what it is.

    Raises:
        KubesteadError: the machine cannot carry it, or a host did not answer in time.
    """
    machine.require_root()
    paths = state.files(name)
    with state.changing(name):
        old = state.load_plan(paths)
        wanted = _wanted(name, old, control_planes, workers, light)
        alive = state.supervisor_alive(paths)
        _check(paths, wanted, [] if not alive or old is None else old.nodes)
        image_key = image.ensure()
        mirror_folder = mirror_folder or (sources.mirror(source, wanted.light) if source else _mirror_of(paths))
        if not alive:
            _clear_leftovers(name)
            kernelsettings.remember(state.KERNEL_SETTINGS)
        kernelsettings.make_room(len(wanted.nodes))
        keys.ensure(paths, wanted)
        _install(paths, wanted, image_key)
        site.write(wanted, paths, mirror_folder)
        mirror_data = str(mirror_folder) if mirror_folder else None
        state.write_json(paths.plan, wanted.as_data() | {"image": image_key, "mirror": mirror_data})
        if not alive:
            network.create_bridge(name)
            control.start(paths, name)
        control.order(paths, "apply")
        control.wait_ssh(paths, [node.name for node in wanted.nodes])
        _tell_if_simulated(wanted)
        if mirror_folder:
            sources.wait_served(name)
        progress(f"{name}: {len(wanted.nodes)} hosts are up; site file {paths.site}")


def down(name: str) -> None:
    """Take a twin down: every process, namespace, mount, loop device, interface and cgroup of it, and its disks.

    Works from names and files alone, so a supervisor that crashed does not matter.
    """
    machine.require_root()
    paths = state.files(name)
    with state.changing(name):
        # In order where possible: the supervisor reaps its hosts' processes.
        if state.supervisor_alive(paths):
            with suppress(KubesteadError):
                control.order(paths, "off")
        _clear_leftovers(name)
        host.wait_detached(paths.state)
        for folder in (paths.run, paths.state):
            shutil.rmtree(folder, ignore_errors=True)
        for folder in _PROPAGATE.glob(f"kubestead-{name}-k8s-*"):
            folder.rmdir()
        with suppress(OSError):
            paths.state.parent.rmdir()
            paths.state.parent.parent.rmdir()
        if not state.in_force() and (changed := kernelsettings.restore(state.KERNEL_SETTINGS)):
            progress(f"kernel settings put back: {', '.join(changed)}")
        progress(f"{name}: down, nothing is left")


def _tell_if_simulated(wanted: Plan) -> None:
    if wanted.light:
        progress(f"{wanted.name}: {plan.SIMULATED}")


def _wanted(name: str, old: Plan | None, control_planes: int | None, workers: int | None, light: bool) -> Plan:
    base = old or Plan(name, light=light)
    wanted = Plan(
        name,
        base.control_planes if control_planes is None else control_planes,
        base.workers if workers is None else workers,
        base.light,
    )
    if light and not base.light:
        raise KubesteadError(f"twin {name}: is a whole one; run 'kubestead twin down' first, or use another --name")
    if old and (wanted.control_planes < old.control_planes or wanted.workers < old.workers):
        raise KubesteadError(
            f"twin {name}: it has {old.control_planes} control planes and {old.workers} workers, and hosts are not "
            "taken away from a twin; run 'kubestead twin down' first, or start another one with --name"
        )
    return wanted


def _check(paths: state.Files, wanted: Plan, running: Sequence[plan.Node]) -> None:
    new = [node for node in wanted.nodes if node not in running]
    here = machine.look(paths.state)
    if found := checks.findings(here, new, image_cached=not here.missing and image.cached(), light=wanted.light):
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
        if left := network.processes(netns):
            progress(f"still running in {netns}, which they keep alive until they end: {', '.join(left)}")
        network.delete(netns)
    (state.files(name).run / "control.sock").unlink(missing_ok=True)


def _mirror_of(paths: state.Files) -> Path | None:
    folder = state.read_json(paths.plan).get("mirror")
    return Path(folder) if folder and Path(folder).is_dir() else None
