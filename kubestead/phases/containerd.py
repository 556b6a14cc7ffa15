"""containerd, runc and where images come from."""

from __future__ import annotations

from pyinfra import host
from pyinfra.api.deploy import deploy

from kubestead.facts.containerd import EffectiveConfiguration
from kubestead.images import all_images
from kubestead.operations.artifacts import Installation, install_artifacts
from kubestead.operations.containerd import understands_configuration
from kubestead.operations.files import TextFile, install_files
from kubestead.operations.flow import changed
from kubestead.operations.systemd import service
from kubestead.phases.known import architecture
from kubestead.phases.sources import Sources
from kubestead.render import render
from kubestead.spec import ClusterSpec

SERVICE = "containerd.service"
# The registries the cluster's own images come from.
REGISTRIES = ("registry.k8s.io", "quay.io")


def registries(spec: ClusterSpec) -> list[str]:
    """Where the cluster's images come from; SPIRE's are elsewhere than all others."""
    return list(dict.fromkeys([*REGISTRIES, *(name.partition("/")[0] for name in all_images(spec))]))


@deploy("containerd")
def install_containerd(spec: ClusterSpec) -> None:
    """containerd and runc from the catalog, their configuration whole, the service running with it."""
    sources = Sources.of(host)
    processor = architecture(host)
    binaries = install_artifacts(
        name=f"containerd {spec.containerd_version} and runc {spec.runc_version}",
        installations=[
            Installation(
                "containerd",
                sources.catalog.file("containerd", processor),
                tuple(
                    (f"bin/{name}", f"/usr/local/bin/{name}")
                    for name in ("containerd", "ctr", "containerd-shim-runc-v2")
                ),
            ),
            Installation("runc", sources.catalog.file("runc", processor), (("", "/usr/local/sbin/runc"),)),
        ],
    )
    files = configuration_files(spec, sources)
    configuration = install_files(name="containerd's configuration", files=files)
    understands_configuration(
        name="containerd understands it",
        expected=EffectiveConfiguration(
            sandbox_image=sandbox_image(spec),
            systemd_cgroup="true",
            registry_config_path="/etc/containerd/certs.d",
            restrict_oom_score_adj=str(spec.containerd_restrict_oom_score_adj).lower(),
        ),
    )
    service(
        name="containerd runs",
        unit=SERVICE,
        restart_if=lambda: changed(binaries, configuration),
        files=tuple(file.path for file in files),
    )


def sandbox_image(spec: ClusterSpec) -> str:
    """The image every pod's sandbox runs."""
    return f"registry.k8s.io/pause:{spec.pause_version}"


def configuration_files(spec: ClusterSpec, sources: Sources) -> list[TextFile]:
    """The unit, config.toml and one hosts.toml per registry."""
    config = render(
        "containerd-config.toml.j2",
        sandbox_image=sandbox_image(spec),
        restrict_oom_score_adj=spec.containerd_restrict_oom_score_adj,
    )
    return [
        TextFile("/etc/systemd/system/containerd.service", render("containerd.service.j2")),
        TextFile("/etc/containerd/config.toml", config),
        *(
            TextFile(
                f"/etc/containerd/certs.d/{registry}/hosts.toml",
                render("hosts.toml.j2", registry=registry, mirror=sources.registry),
            )
            for registry in registries(spec)
        ),
    ]
