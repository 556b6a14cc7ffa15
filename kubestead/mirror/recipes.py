"""What goes into each image of the gomod mirror, in the places upstream's images have it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from kubestead.mirror import layers, rootfs
from kubestead.mirror.commands import run
from kubestead.mirror.components import Component
from kubestead.mirror.images import Image, link_blob
from kubestead.mirror.layers import Entry, Layer

DATA = Path(__file__).parent / "data"
NOBODY = 65532  # the unprivileged user of upstream's distroless images
USERS = "root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n"
KUBERNETES = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")


@dataclass(frozen=True)
class Sources:
    """Where the recipes take things from: the component table, the cache entries by name, and the layout to fill."""

    table: dict[str, Component]
    entries: dict[str, Path]
    rootfs: Path
    layout: Path

    def binary(self, component: str, name: str) -> Path:
        return self.entries[component] / "bin" / name

    def file(self, component: str, path: str) -> Path:
        return self.entries[component] / "files" / path

    def version(self, component: str) -> str:
        return self.table[component].version

    def layer(self, entries: Iterable[Entry]) -> Layer:
        return layers.write(self.layout / "blobs/sha256", layers.of_entries(entries))

    def debian(self, name: str) -> Layer:
        layer = rootfs.load(self.rootfs, name)
        link_blob(self.layout, self.rootfs / "blobs" / layer.sha256)
        return layer

    def certificates(self) -> Entry:
        return Entry("/etc/ssl/certs/ca-certificates.crt", self.rootfs / "ca-certificates.crt")


def all_images(sources: Sources) -> list[Image]:
    """Every image of the gomod mirror."""
    return [
        *_control_plane(sources), _kube_proxy(sources), _etcd(sources), _coredns(sources), _pause(sources),
        _agnhost(sources), _cilium(sources), _operator(sources), _relay(sources), _clustermesh(sources),
    ]  # fmt: skip


def _control_plane(sources: Sources) -> Iterable[Image]:
    for name in KUBERNETES:
        layer = sources.layer(
            [Entry(f"/usr/local/bin/{name}", sources.binary("kubernetes", name)), sources.certificates()]
        )
        yield Image(f"registry.k8s.io/{name}", sources.version("kubernetes"), (layer,), (f"/usr/local/bin/{name}",))


def _kube_proxy(sources: Sources) -> Image:
    layer = sources.layer([Entry("/usr/local/bin/kube-proxy", sources.binary("kubernetes", "kube-proxy"))])
    tag = sources.version("kubernetes")
    return Image("registry.k8s.io/kube-proxy", tag, (sources.debian("base"), layer), ("/usr/local/bin/kube-proxy",))


def _etcd(sources: Sources) -> Image:
    names = ("etcd", "etcdctl", "etcdutl")
    layer = sources.layer([Entry(f"/usr/local/bin/{name}", sources.binary("etcd", name)) for name in names])
    tag = sources.version("etcd").removeprefix("v") + "-0"  # kubeadm's default tag carries the image's revision
    return Image("registry.k8s.io/etcd", tag, (layer,), command=("etcd",))


def _coredns(sources: Sources) -> Image:
    layer = sources.layer([Entry("/coredns", sources.binary("coredns", "coredns")), sources.certificates()])
    return Image("registry.k8s.io/coredns/coredns", sources.version("coredns"), (layer,), ("/coredns",))


def _compile(source: Path, binary: Path) -> None:
    run(["gcc", "-Os", "-Wall", "-static", "-s", "-o", binary, source], f"compiling {source.stem}")


def _pause(sources: Sources) -> Image:
    binary = sources.layout / "pause"
    _compile(DATA / "pause.c", binary)
    layer = sources.layer([Entry("/pause", binary)])
    return Image("registry.k8s.io/pause", "3.10", (layer,), ("/pause",), user="65535:65535")


def _agnhost(sources: Sources) -> Image:
    """Upstream's file layout on the shared Debian layer; the sources are those of Kubernetes 1.31.13, agnhost 2.52."""
    layer = sources.layer(
        [
            Entry("/agnhost", sources.binary("agnhost", "agnhost")),
            Entry("/agnhost-2", link="agnhost"),
            Entry("/uploads"),
        ]
    )
    return Image(
        "registry.k8s.io/e2e-test-images/agnhost", "2.53", (sources.debian("base"), layer), ("/agnhost",), ("pause",),
        labels={"org.opencontainers.image.version": sources.version("agnhost")},
    )  # fmt: skip


def _cilium(sources: Sources) -> Image:
    """Three layers of one's own, so that the big, unchanging ones are shared and unpacked beside each other."""
    tools = ("cilium-dbg", "cilium-health", "cilium-health-responder", "cilium-mount", "cilium-sysctlfix", "hubble")
    files = [Entry(f"/usr/bin/{name}", sources.binary("cilium", name)) for name in tools]
    files += [
        Entry("/usr/bin/cilium", link="cilium-dbg"),
        Entry("/opt/cni/bin/cilium-cni", sources.binary("cilium", "cilium-cni")),
        Entry("/cni/loopback", sources.binary("cni-plugins", "loopback")),
        Entry("/init-container.sh", sources.file("cilium", "images/cilium/init-container.sh"), mode=0o755),
        Entry("/install-plugin.sh", sources.file("cilium", "plugins/cilium-cni/install-plugin.sh"), mode=0o755),
        Entry("/cni-uninstall.sh", sources.file("cilium", "plugins/cilium-cni/cni-uninstall.sh"), mode=0o755),
        Entry("/home/cilium"),
        *_bpf_sources(sources),
    ]
    agent = sources.layer([Entry("/usr/bin/cilium-agent", sources.binary("cilium", "cilium-agent"))])
    return Image(
        "quay.io/cilium/cilium", "v" + sources.version("cilium"),
        (sources.debian("base"), sources.debian("clang"), agent, sources.layer(files)),
        command=("/usr/bin/cilium-dbg",),
        env=("HUBBLE_SERVER=unix:///var/run/cilium/hubble.sock", "INITSYSTEM=SYSTEMD"),
    )  # fmt: skip


def _bpf_sources(sources: Sources) -> Iterable[Entry]:
    """What the agent compiles; Cilium's own tests of these sources stay out."""
    root = sources.file("cilium", "bpf")
    for path in sorted(root.iterdir()):
        if path.name not in ("tests", "complexity-tests", ".gitignore"):
            yield Entry(f"/var/lib/cilium/bpf/{path.name}", path)


def _operator(sources: Sources) -> Image:
    name = "cilium-operator-generic"
    entries = [Entry(f"/usr/bin/{name}", sources.binary("cilium", name)), sources.certificates()]
    layer = sources.layer([*entries, Entry("/home/gops", mode=0o777), Entry("/tmp", mode=0o1777)])  # noqa: S108
    tag = "v" + sources.version("cilium")
    env = ("GOPS_CONFIG_DIR=/home/gops",)
    return Image("quay.io/cilium/operator-generic", tag, (layer,), command=(f"/usr/bin/{name}",), env=env)


def _unprivileged(entries: Iterable[Entry], sources: Sources) -> Layer:
    home = (Entry("/home/nonroot", mode=0o700, owner=NOBODY), Entry("/home/gops", mode=0o777))
    shared = (Entry("/etc/passwd", text=USERS, mode=0o644), Entry("/tmp", mode=0o1777), sources.certificates())  # noqa: S108
    return sources.layer([*entries, *home, *shared])


def _relay(sources: Sources) -> Image:
    layer = _unprivileged([Entry("/usr/bin/hubble-relay", sources.binary("cilium", "hubble-relay"))], sources)
    return Image(
        "quay.io/cilium/hubble-relay", "v" + sources.version("cilium"), (layer,),
        ("/usr/bin/hubble-relay",), ("serve",),
        env=("GOPS_CONFIG_DIR=/home/gops", "HOME=/home/nonroot"), user=f"{NOBODY}:{NOBODY}",
    )  # fmt: skip


def _clustermesh(sources: Sources) -> Image:
    name, unbracketed = "clustermesh-apiserver", sources.layout / "etcd-unbracketed"
    _compile(DATA / "etcd-unbracketed.c", unbracketed)
    entries = [
        Entry(f"/usr/bin/{name}", sources.binary("cilium", name)),
        Entry("/usr/bin/etcd", unbracketed),
        Entry("/usr/libexec/etcd", sources.binary("etcd", "etcd")),
        Entry("/var/lib/cilium/etcd-config.yaml", sources.file("cilium", "clustermesh-apiserver/etcd-config.yaml")),
        Entry("/var/run/cilium", mode=0o777),
    ]
    return Image(
        f"quay.io/cilium/{name}", "v" + sources.version("cilium"), (_unprivileged(entries, sources),),
        (f"/usr/bin/{name}",),
        env=("GOPS_CONFIG_DIR=/tmp/gops", "HOME=/home/nonroot"), user=f"{NOBODY}:{NOBODY}",
    )  # fmt: skip
