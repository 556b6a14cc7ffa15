"""Kernel modules, settings, swap; the network manager's manners; the clock's keeper."""

from __future__ import annotations

import hashlib

import pytest

from kubestead.facts.files import FileState, FileStates, FileTexts
from kubestead.facts.kernel import ActiveSwap, KernelSettings, MissingModules
from kubestead.facts.systemd import UnitState, UnitStates, WrittenSinceStart
from kubestead.facts.timesync import ActiveTimeKeeper
from kubestead.operations import kernel
from kubestead.operations.files import TextFile
from kubestead.operations.network import leave_foreign_routes_alone
from kubestead.operations.timesync import time_synchronised
from kubestead.render import render
from tests.operations.harness import run


def written(path: str, text: str) -> dict[str, FileState]:
    """The state of ``path`` as the operations write it."""
    return {path: FileState(hashlib.sha256(TextFile(path, text).content).hexdigest(), "644", "root:root")}


MODULES = written("/etc/modules-load.d/kubestead.conf", render("modules-load.conf.j2", modules=["overlay", "x"]))
SYSCTL = written("/etc/sysctl.d/90-kubestead.conf", render("sysctl.conf.j2", settings={"a.b": "1", "c.d": "x y"}))
NETWORKD = written("/etc/systemd/networkd.conf.d/10-kubestead.conf", render("networkd.conf.j2"))


def test_missing_modules_are_loaded_and_all_are_written_down():
    outcome = run(kernel.modules, {FileStates: {}, MissingModules: ["x"]}, names=["overlay", "x"])
    assert outcome.shell[-1] == "modprobe --all x"
    assert outcome.uploads["/etc/modules-load.d/kubestead.conf"].endswith(b"\noverlay\nx\n")


def test_loaded_modules_that_are_written_down_are_left():
    outcome = run(kernel.modules, {FileStates: MODULES, MissingModules: []}, names=["overlay", "x"])
    assert outcome.commands == []
    assert outcome.noop


VALUES = {"a.b": "1", "c.d": "x y"}


def test_only_differing_settings_are_set():
    outcome = run(kernel.settings, {FileStates: SYSCTL, KernelSettings: {"a.b": "1", "c.d": "z"}}, values=VALUES)
    assert outcome.commands == ["sysctl --write 'c.d=x y'"]


def test_a_setting_the_kernel_does_not_show_is_set_all_the_same():
    outcome = run(kernel.settings, {FileStates: {}, KernelSettings: {}}, values=VALUES)
    assert outcome.shell[-1] == "sysctl --write a.b=1 'c.d=x y'"
    assert b"\na.b = 1\nc.d = x y\n" in outcome.uploads["/etc/sysctl.d/90-kubestead.conf"]


def test_settings_that_hold_and_are_written_down_are_left():
    assert run(kernel.settings, {FileStates: SYSCTL, KernelSettings: VALUES}, values=VALUES).commands == []


FSTAB = "UUID=1 / ext4 defaults 0 1\n"
SWAP = "/swap.img none swap sw 0 0\n"


def test_active_swap_is_turned_off_and_commented_out():
    facts = {ActiveSwap: ["/swap.img"], FileTexts: {"/etc/fstab": FSTAB + SWAP}, FileStates: {}}
    outcome = run(kernel.no_swap, facts)
    assert outcome.uploads == {"/etc/fstab": f"{FSTAB}# kubestead turned swap off: {SWAP}".encode()}
    assert outcome.shell[-1] == "swapoff --all"


def test_swap_that_is_off_but_would_come_back_is_commented_out():
    outcome = run(kernel.no_swap, {ActiveSwap: [], FileTexts: {"/etc/fstab": SWAP}, FileStates: {}})
    assert "/etc/fstab" in outcome.uploads
    assert "swapoff --all" not in outcome.shell


@pytest.mark.parametrize("texts", [{"/etc/fstab": FSTAB}, {}], ids=["no swap in it", "no fstab"])
def test_active_swap_alone_is_turned_off(texts):
    assert run(kernel.no_swap, {ActiveSwap: ["/dev/zram0"], FileTexts: texts}).commands == ["swapoff --all"]


def test_no_swap_is_left():
    outcome = run(kernel.no_swap, {ActiveSwap: [], FileTexts: {"/etc/fstab": FSTAB}})
    assert (outcome.commands, outcome.noop) == ([], "no swap")


@pytest.mark.parametrize(
    "table",
    ["", "\n", "no newline", f"# {SWAP}", f"#{SWAP}", "/dev/sdb /swap ext4", "swap b\tswapfs", "x\x0cy z swap\n"],
    ids=repr,
)
def test_commenting_swap_out_keeps_every_other_line_and_is_done_once(table):
    once = kernel.without_swap(table + "\n" + SWAP)
    assert once.endswith(f"\n# kubestead turned swap off: {SWAP}")
    assert kernel.without_swap(once) == once
    assert once.count("kubestead turned swap off") == 1
    without_mark = once.replace("# kubestead turned swap off: ", "")
    assert without_mark == table + "\n" + SWAP


NETWORKD_RUNS = UnitState("loaded", "active", "enabled", False)


def test_networkd_is_restarted_only_where_it_runs_and_its_file_changed():
    unit = "systemd-networkd.service"
    restart = "systemctl restart systemd-networkd.service"
    assert run(leave_foreign_routes_alone, {UnitStates: {unit: NETWORKD_RUNS}, FileStates: {}}).shell[-1] == restart
    stopped = UnitState("loaded", "inactive", "disabled", False)
    outcome = run(leave_foreign_routes_alone, {UnitStates: {unit: stopped}, FileStates: {}})
    assert outcome.uploads
    assert restart not in outcome.shell
    there = {UnitStates: {unit: NETWORKD_RUNS}, FileStates: NETWORKD}
    outcome = run(leave_foreign_routes_alone, {**there, WrittenSinceStart: []})
    assert outcome.commands == []
    assert outcome.noop
    assert run(leave_foreign_routes_alone, {**there, WrittenSinceStart: ["10-kubestead.conf"]}).shell == [restart]


def test_whoever_keeps_the_clock_may():
    outcome = run(time_synchronised, {ActiveTimeKeeper: "chrony.service"})
    assert (outcome.commands, outcome.noop) == ([], "chrony.service keeps the clock")


def test_timesyncd_keeps_a_clock_nobody_keeps():
    install, enable = run(time_synchronised, {ActiveTimeKeeper: None}).shell
    assert install.startswith("systemctl cat --no-pager systemd-timesyncd.service >/dev/null 2>&1 ||")
    assert install.endswith("install --yes --no-install-recommends systemd-timesyncd")
    assert enable == "systemctl enable --now systemd-timesyncd.service"
