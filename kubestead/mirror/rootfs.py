"""The Debian layers of the images that need more than one binary, built once by debootstrap.

``base`` has a shell and the network tools kube-proxy and the Cilium agent run (iptables in its nft form, which every
supported host has, ipset, conntrack, nft, ip, kmod, nsenter); ``clang`` has the compiler the agent builds its BPF
programs with, and nothing of the C library or headers around it: the agent compiles with ``-nostdinc``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from kubestead import cache
from kubestead.errors import KubesteadError
from kubestead.mirror import layers
from kubestead.mirror.commands import run
from kubestead.mirror.layers import Layer
from kubestead.mirror.progress import step

SUITE = "bookworm"
PACKAGES = ("bash", "ca-certificates", "conntrack", "iproute2", "ipset", "iptables", "kmod", "nftables")
CLANG = "clang-19"
# What no container here runs: documentation, translations, package management and its data, time zones, caches.
PRUNED = (
    "dev/**", "proc/**", "sys/**", "boot/**", "tmp/**", "run/**",
    "usr/share/doc/**", "usr/share/man/**", "usr/share/locale/**", "usr/share/info/**", "usr/share/lintian/**",
    "usr/share/zoneinfo/**", "usr/share/bash-completion/**", "usr/share/perl5/**", "usr/share/keyrings/**",
    "usr/share/gcc/**", "usr/share/gdb/**", "usr/share/common-licenses/**", "usr/share/ca-certificates/**",
    "usr/lib/locale/**", "usr/lib/apt/**", "usr/lib/*/gconv/**", "usr/lib/*/perl-base/**", "usr/lib/*/libapt*",
    "usr/bin/perl*", "usr/bin/apt*", "etc/apt/**",
    "var/cache/**", "var/lib/apt/**", "var/lib/dpkg/info/**", "var/log/**",
)  # fmt: skip
PROBE = "int probe(void *context) { return context != 0; }\n"


def build() -> Path:
    """The cache entry with ``blobs/``, ``layers.json`` (base, clang) and ``ca-certificates.crt``; built once."""
    key = cache.content_key(Path(__file__), Path(layers.__file__), os.uname().machine)
    final = cache.root() / "components" / f"rootfs-{key}"
    if final.is_dir():
        return final
    if os.geteuid() != 0:
        raise KubesteadError("the images' Debian layer needs root (debootstrap); run 'sudo kubestead mirror build'")
    with cache.lock("component-rootfs"):
        if not final.is_dir():
            with cache.new_entry(final) as work, step("build the images' Debian layers"):
                _build_into(work)
    return final


def load(entry: Path, name: str) -> Layer:
    """The layer ``base`` or ``clang`` of a cache entry."""
    return Layer(**json.loads((entry / "layers.json").read_text())[name])


def _build_into(work: Path) -> None:
    root, blobs = work / "root", work / "blobs"
    command = ["debootstrap", "--variant=minbase", "--force-check-gpg", f"--include={','.join(PACKAGES)}", SUITE, root]
    run(command, "building the images' Debian layer")
    shutil.copy2(root / "etc/ssl/certs/ca-certificates.crt", work / "ca-certificates.crt")
    base = [path for path in root.rglob("*") if not matches(str(path.relative_to(root)))]
    built = {"base": layers.write(blobs, layers.of_tree(root, base))}
    clang = work / "clang"
    _extract_clang(root, clang)
    built["clang"] = layers.write(blobs, layers.of_tree(clang, set(_clang_members(root, clang))))
    _check_clang(root, clang)
    (work / "layers.json").write_text(json.dumps({name: asdict(layer) for name, layer in built.items()}, indent=1))
    shutil.rmtree(root)
    shutil.rmtree(clang)


def matches(path: str) -> bool:
    """Whether a path inside the root is one that images leave out."""
    return any(re.fullmatch(_regex(pattern), path) for pattern in PRUNED)


def _regex(pattern: str) -> str:
    return re.escape(pattern).replace(r"\*\*", ".+").replace(r"\*", "[^/]*")


def _extract_clang(root: Path, target: Path) -> None:
    """Unpack the compiler's packages, verified by the root's own apt, without configuring them."""
    if Path("/etc/resolv.conf").exists():
        shutil.copy2("/etc/resolv.conf", root / "etc/resolv.conf")
    run(["chroot", root, "apt-get", "-qq", "update"], "reading Debian's package lists")
    command = ["chroot", root, "apt-get", "-qq", "--download-only", "--no-install-recommends", "install", CLANG]
    run(command, "downloading clang", env={"DEBIAN_FRONTEND": "noninteractive"})
    target.mkdir()
    for package in sorted((root / "var/cache/apt/archives").glob("*.deb")):
        run(["dpkg-deb", "--extract", package, target], f"unpacking {package.name}")
    for old, new in (("lib", "usr/lib"), ("lib64", "usr/lib64")):
        if (target / old).is_dir():
            shutil.copytree(target / old, target / new, symlinks=True, dirs_exist_ok=True)
            shutil.rmtree(target / old)
    (target / "usr/bin").mkdir(exist_ok=True)
    (target / "usr/bin/clang").unlink(missing_ok=True)
    (target / "usr/bin/clang").symlink_to("../lib/llvm-19/bin/clang")


def _clang_members(root: Path, clang: Path) -> Iterator[Path]:
    """The compiler and the libraries it is linked with, as far as the base layer lacks them."""
    wanted = {clang / "usr/lib/llvm-19/bin/clang", clang / "usr/bin/clang", *_libraries(clang)}
    for path in wanted:
        if path.exists() and not (root / path.relative_to(clang)).exists():
            yield path
            if path.is_symlink():
                yield path.resolve()


def _libraries(clang: Path) -> Iterator[Path]:
    folders = [
        path for path in (clang / "usr/lib/llvm-19/lib", *(clang / "usr/lib").glob("*-linux-gnu")) if path.is_dir()
    ]
    listed = run(
        ["ldd", clang / "usr/lib/llvm-19/bin/clang"], "reading clang's libraries",
        env={"LD_LIBRARY_PATH": ":".join(map(str, folders))},
    )  # fmt: skip
    for name in re.findall(r"^\s*(\S+\.so\S*) =>", listed, re.MULTILINE):
        yield from (folder / name for folder in folders if (folder / name).exists())


def _check_clang(root: Path, clang: Path) -> None:
    """Compile a small BPF program in the two layers laid over each other, as the agent will."""
    for path in _clang_members(root, clang):
        target = root / path.relative_to(clang)
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.exists():
            shutil.copy2(path, target, follow_symlinks=False)
    (root / "probe.c").write_text(PROBE)
    command = ["chroot", root, "clang", "--target=bpf", "-nostdinc", "-O2", "-g", "-c", "/probe.c", "-o", "/probe.o"]
    run(command, "compiling a BPF program in the images' layers")
