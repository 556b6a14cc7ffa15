"""Operations on the kernel's settings: now and at every later boot."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence

from pyinfra import host
from pyinfra.api import QuoteString, StringCommand, operation

from kubestead.facts.files import FileTexts
from kubestead.facts.kernel import ActiveSwap, KernelSettings, MissingModules
from kubestead.operations import shown
from kubestead.operations.files import TextFile, install_files
from kubestead.render import render

Commands = Generator[StringCommand, None, None]


@operation()
def modules(names: Sequence[str]) -> Commands:
    """Load the kernel modules ``names`` now and at boot."""
    path = "/etc/modules-load.d/kubestead.conf"
    missing = host.get_fact(MissingModules, modules=tuple(names))
    for module in missing:
        shown.show(f"kernel module {module}: not loaded -> loaded")
    yield from install_files._inner([TextFile(path, render("modules-load.conf.j2", modules=names))])
    if missing:
        yield StringCommand("modprobe", "--all", *[QuoteString(module) for module in missing])


@operation()
def settings(values: Mapping[str, str]) -> Commands:
    """Set each sysctl key of ``values`` now and at boot."""
    path = "/etc/sysctl.d/90-kubestead.conf"
    present = host.get_fact(KernelSettings, keys=tuple(values))
    differing = [key for key, value in values.items() if present.get(key) != value]
    for key in differing:
        shown.show(f"{key}: {present.get(key, 'not there')} -> {values[key]}")
    yield from install_files._inner([TextFile(path, render("sysctl.conf.j2", settings=values))])
    if differing:
        yield StringCommand("sysctl", "--write", *[QuoteString(f"{key}={values[key]}") for key in differing])


@operation()
def no_swap() -> Commands:
    """Turn swap off now, and comment its lines out of ``/etc/fstab`` so that it stays off."""
    active = host.get_fact(ActiveSwap)
    text = host.get_fact(FileTexts, paths=("/etc/fstab",)).get("/etc/fstab", "")
    wanted = without_swap(text)
    for swap in active:
        shown.show(f"swap {swap}: on -> off")
    if wanted != text:
        yield from install_files._inner([TextFile("/etc/fstab", wanted)])
    if active:
        yield StringCommand("swapoff", "--all")
    if not active and wanted == text:
        host.noop("no swap")


def without_swap(fstab: str) -> str:
    """The table ``fstab`` with every swap entry commented out and every other line unchanged."""

    def is_swap(line: str) -> bool:
        fields = line.split()
        return len(fields) > 2 and not line.lstrip().startswith("#") and fields[2] == "swap"

    return "\n".join(f"# kubestead turned swap off: {line}" if is_swap(line) else line for line in fstab.split("\n"))
