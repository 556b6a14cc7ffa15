"""What the phases of cluster.py take for granted on a node that was once well, and put back here."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from pathlib import PurePosixPath

import yaml
from pyinfra import host, state
from pyinfra.api import FunctionCommand, QuoteString, StringCommand, operation
from pyinfra.api.host import Host

from kubestead.catalog import Catalog
from kubestead.facts.containerd import CompleteImages
from kubestead.facts.damage import Damage, DamagedFiles
from kubestead.facts.files import FileTexts
from kubestead.facts.kubeletconfig import ClusterKubeletConfig
from kubestead.facts.service import Service, Services
from kubestead.operations.files import TextFile, install_files
from kubestead.operations.flow import failure
from kubestead.operations.packages import APT
from kubestead.operations.remedies.services import restart_script
from kubestead.operations.remedies.watch import CONTAINERD, KUBELET
from kubestead.operations.steps import told

Commands = Generator[StringCommand | FunctionCommand, None, None]
CONFIG = "/var/lib/kubelet/config.yaml"
FLAGS = "/var/lib/kubelet/kubeadm-flags.env"


@operation()
def startable() -> Commands:
    """Neither containerd nor the kubelet masked, out of tries, stopped by a signal or frozen; nothing is started."""
    services = host.get_fact(Services, units=(CONTAINERD, KUBELET))
    held = {unit: service for unit, service in services.items() if _held(service)}
    if not held:
        host.noop("both services can be started")
    for unit, service in held.items():
        yield StringCommand(restart_script(unit, service, start=False), _timeout=60)


def _held(service: Service) -> bool:
    masked = service.load == "masked" or service.enabled.startswith("masked")
    return masked or service.active in ("failed", "activating") or (service.active == "active" and not service.runs)


@operation()
def image_present(image_name: str, catalog: Catalog) -> Commands:
    """Have an image under its tag, by the catalog's digest.

    Args:
        image_name: as the catalog has it: ``registry.k8s.io/pause``.
        catalog: gives tag and digest.
    """
    tagged, reference = f"{image_name}:{catalog.images[image_name].tag}", catalog.image(image_name)
    if {tagged, reference} <= host.get_fact(CompleteImages, references=(tagged, reference)):
        host.noop(f"{tagged} is there")
        return
    ctr = "/usr/local/bin/ctr --namespace k8s.io images"
    # Without --local a layer is left out whose snapshot is there, and at its next start containerd drops the image.
    yield StringCommand(
        ctr, "pull --local --hosts-dir /etc/containerd/certs.d", QuoteString(reference), "> /dev/null &&",
        ctr, "tag --force", QuoteString(reference), QuoteString(tagged), "> /dev/null",
        _timeout=300,
    )  # fmt: skip


@operation()
def packages_whole(packages: Mapping[str, str], source_name: str) -> Commands:
    """Reinstall each package whose files are missing or altered, though dpkg knows it as installed.

    A configuration file of a package is the administrator's: it is put back where it is gone, and where it differs only
    while the kubelet does not run; dpkg then keeps theirs beside it as ``.dpkg-old``.

    Args:
        packages: version by package name.
        source_name: the repository they come from (see ``packages.repository``).
    """
    kubelet = host.get_fact(Services, units=(KUBELET,)).get(KUBELET, Service())
    damaged = [item for item in host.get_fact(DamagedFiles, packages=tuple(packages)) if _counts(item, kubelet)]
    if not damaged:
        host.noop(f"{', '.join(packages)} are whole")
        return
    if state.is_executing:
        told(host, f"damaged: {', '.join(item.path for item in damaged[:5])}{' ...' if len(damaged) > 5 else ''}")
    names = dict.fromkeys(item.package for item in damaged)
    source = f"-o Dir::Etc::sourcelist=sources.list.d/{source_name}.sources -o Dir::Etc::sourceparts=-"
    options = ["confmiss"]
    options += ["confask", "confnew"] if any(item.configuration for item in damaged) else []
    yield StringCommand(
        APT, "update -qq", source, "-o APT::Get::List-Cleanup=0 &&",
        APT, "install --yes --reinstall --no-install-recommends --allow-change-held-packages --allow-downgrades",
        *[f"-o Dpkg::Options::=--force-{option}" for option in options],
        *[QuoteString(f"{name}={packages[name]}") for name in names],
        # apt forgets the hold of what it may change.
        "&& apt-mark hold", *[QuoteString(name) for name in names], "> /dev/null",
        _timeout=600,
    )  # fmt: skip


def _counts(damage: Damage, kubelet: Service) -> bool:
    # Files that only keep a folder go with every reset of the node.
    if PurePosixPath(damage.path).name.startswith("."):
        return False
    return not damage.configuration or not kubelet.runs


@operation()
def kubelet_files(control_plane: Host, flags: str, keep_flags: bool) -> Commands:
    """The kubelet's configuration as the cluster has it for all nodes, and its flags as kubeadm writes them.

    Args:
        control_plane: the host whose API is asked.
        flags: the file of flags, whole.
        keep_flags: leave flags alone that are there: somebody else chose them.
    """
    wanted = control_plane.get_fact(ClusterKubeletConfig)
    if wanted is None:
        yield failure(
            f"{control_plane.name}: its API does not say how kubelets are configured; "
            "try: kubectl --namespace kube-system get configmap kubelet-config"
        )
        return
    present = host.get_fact(FileTexts, paths=(CONFIG, FLAGS))
    files = []
    differing = _differing(present.get(CONFIG), wanted)
    if differing:
        files.append(TextFile(CONFIG, wanted))
    own = present.get(FLAGS, "")
    if own != flags and not (keep_flags and own.startswith("KUBELET_KUBEADM_ARGS=")):
        files.append(TextFile(FLAGS, flags))
    if not files:
        host.noop("the kubelet's configuration and flags are the cluster's")
        return
    if state.is_executing:
        told(host, f"differing: {', '.join([*differing, *([FLAGS] if files[-1].path == FLAGS else [])])}")
    yield from install_files._inner(files)


def _differing(present: str | None, wanted: str) -> list[str]:
    """The keys of the configuration that are not as wanted; comments and their order do not matter."""
    if present is None:
        return [CONFIG]
    try:
        own = yaml.safe_load(present)
    except yaml.YAMLError:
        return [CONFIG]
    if not isinstance(own, dict):
        return [CONFIG]
    meant = yaml.safe_load(wanted)
    return sorted(key for key in {*own, *meant} if own.get(key) != meant.get(key))
