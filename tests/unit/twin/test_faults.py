"""The faults a twin can be given: their files, what is remembered of them, and what the commands refuse."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError
from typer.testing import CliRunner

from kubestead.cli.main import app
from kubestead.errors import InvalidInput, KubesteadError
from kubestead.twin import commands, state
from kubestead.twin.faults import catalogue, doing, records, steps
from kubestead.twin.faults.model import CAUSES, Fault, OnMachine
from kubestead.twin.plan import Plan
from tests.shell import SH

PLAN = Plan("t")
FAULTS = catalogue.faults()
LIBRARY = Path(steps.__file__).with_name("library.sh").read_text()


def scripts(fault):
    return [steps.preamble(PLAN, PLAN.nodes[1]) + LIBRARY + text for text in fault.scripts]


@pytest.mark.parametrize("name", FAULTS)
def test_its_scripts_parse(name):
    for text in scripts(FAULTS[name]):
        for shell in (SH, "bash"):
            done = subprocess.run([shell, "-n"], input=text, text=True, capture_output=True, check=False)
            assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", FAULTS)
def test_its_title_is_one_line_for_people(name):
    title = FAULTS[name].title
    assert len(title) <= 120
    assert not title.endswith(".")
    assert "\n" not in title


@pytest.mark.parametrize("name", FAULTS)
def test_what_it_saves_is_whole_paths_none_inside_another(name):
    saves = [Path(path) for path in FAULTS[name].saves]
    assert all((path.is_absolute() and len(path.parts) > 2) or path == Path("/swapfile") for path in saves)
    assert not [(one, other) for one in saves for other in saves if one != other and one.is_relative_to(other)]


@pytest.mark.parametrize("name", FAULTS)
def test_the_host_reads_nothing_of_its_name(name):
    """A long name in a script would end up in a file or a process list there."""
    for text in FAULTS[name].scripts:
        assert name not in text or name in {"cordoned"}
        assert not re.search(r"\b(faults?|kubestead|twin|broken)\b", text, re.IGNORECASE)


@pytest.mark.parametrize("name", FAULTS)
def test_it_keeps_to_the_twins_rules(name):
    for text in FAULTS[name].scripts:
        for forbidden in ("swapon", "date -s", "date --set", "hwclock", "sysrq", "route add", "nsenter", "timedatectl"):
            assert forbidden not in text


def test_the_names_are_there_once():
    names = [name for path in catalogue.FILES.glob("*.yaml") for name in yaml.safe_load(path.read_text())]
    assert sorted(names) == sorted(set(names)) == sorted(FAULTS)
    assert len(names) >= 30


def test_every_cause_but_health_has_a_fault():
    assert {fault.cause for fault in FAULTS.values()} == CAUSES - {"healthy"}


def test_what_changes_the_power_or_the_cable_puts_it_back():
    opposite = {"power-off": "power-on", "cable-out": "cable-in"}
    for fault in FAULTS.values():
        done = [step.machine for step in fault.break_ if isinstance(step, OnMachine)]
        undone = [step.machine for step in fault.heal if isinstance(step, OnMachine)]
        assert {opposite[action] for action in done} <= set(undone)


@pytest.mark.parametrize(
    "item",
    [
        {"heal": "true"},
        {"break": "true"},
        {"break": "true", "heal": []},
        {"break": "true", "heal": "true", "cause": "bad-luck"},
        {"break": "true", "heal": "true", "cure": "nobody"},
        {"break": [{"machine": "explode"}], "heal": "true"},
        {"break": "true", "heal": "true", "brake": "true"},
    ],
)
def test_an_item_that_is_not_whole_is_refused(item):
    base = {"name": "x-y", "title": "t", "cause": "unknown", "cure": "person"}
    Fault.model_validate(base | {"break": "true", "heal": "true"})
    with pytest.raises(ValidationError):
        Fault.model_validate(base | item)


@pytest.fixture
def paths(tmp_path, monkeypatch):
    monkeypatch.setattr(state, "TWINS", tmp_path / "run")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr("kubestead.twin.machine.require_root", lambda: None)
    return state.files("t")


@pytest.fixture
def up(paths, monkeypatch):
    """A twin that is up, whose hosts note every step and answer with what they were given, in capitals."""
    state.write_json(paths.plan, PLAN.as_data())
    monkeypatch.setattr(state, "supervisor_alive", lambda paths: True)
    notes = []

    def script(target, where, text, data=b""):
        notes.append((where.name, text, data))
        if "exit 3" in text:
            raise KubesteadError("a script ended with 3")
        return data.upper() or b"output"

    monkeypatch.setattr(steps.Target, "script", script)
    monkeypatch.setattr(commands, "power", lambda name, action, nodes: notes.append(("power", action, nodes)))
    return notes


def own(monkeypatch, **items):
    base = {"title": "t", "cause": "unknown", "cure": "person", "break": "damage", "heal": "undo"}
    found = {name: Fault.model_validate(base | {"name": name.replace("_", "-")} | item) for name, item in items.items()}
    monkeypatch.setattr(catalogue, "faults", lambda: {fault.name: fault for fault in found.values()})


def run(*arguments):
    return CliRunner().invoke(app, ["twin", *arguments, "--name", "t"])


def refusal(*arguments):
    """What kubestead itself says to a command it refuses."""
    result = run(*arguments)
    assert isinstance(result.exception, KubesteadError)
    return str(result.exception)


def test_breaking_and_healing_run_the_scripts_and_remember_in_between(up, paths, monkeypatch):
    own(monkeypatch, one={})
    assert run("break", "k8s-worker1", "one").exit_code == 0
    assert [(one.node, one.fault) for one in records.in_force(paths)] == [("k8s-worker1", "one")]
    assert run("heal", "k8s-worker1", "one").exit_code == 0
    assert records.in_force(paths) == []
    assert [(where, text) for where, text, _ in up] == [("k8s-worker1", "damage"), ("k8s-worker1", "undo")]


def test_a_steps_output_is_the_next_ones_input(up, monkeypatch):
    own(monkeypatch, one={"break": [{"control-plane": "mint"}, {"machine": "power-off"}, {"node": "use"}]})
    doing.break_host("t", "k8s-worker1", "one")
    assert up == [
        ("k8s-cp", "mint", b""),
        ("power", "off", ["k8s-worker1"]),
        ("k8s-worker1", "use", b""),
    ]


def test_what_was_kept_comes_back_to_the_first_step_of_healing(up, paths, monkeypatch):
    own(monkeypatch, one={"keep": {"control-plane": "read"}, "heal": [{"node": "first"}, {"node": "second"}]})
    doing.break_host("t", "k8s-worker1", "one")
    doing.heal_host("t", "k8s-worker1", "one")
    assert up[2:] == [("k8s-worker1", "first", b"output"), ("k8s-worker1", "second", b"OUTPUT")]


def test_saved_files_are_put_back_before_the_scripts_of_healing(up, paths, monkeypatch):
    own(monkeypatch, one={"saves": ["/etc/a file", "/etc/b"]})
    doing.break_host("t", "k8s-worker1", "one")
    kept = records.in_force(paths)[0].saved
    assert kept.read_bytes() == b"output"
    assert paths.state in kept.parents
    doing.heal_host("t", "k8s-worker1")
    assert "rm -rf -- '/etc/a file' /etc/b" in up[2][1]
    assert up[2][2] == b"output"
    assert up[3][1] == "undo"


def test_healing_without_a_fault_undoes_all_the_youngest_first(up, monkeypatch):
    own(monkeypatch, one={"heal": "undo one"}, two={"heal": "undo two"})
    for name in ("one", "two"):
        doing.break_host("t", "k8s-worker1", name)
    doing.break_host("t", "k8s-worker2", "one")
    del up[:]
    assert doing.heal_host("t", "k8s-worker1") == ["two", "one"]
    assert [text for _, text, _ in up] == ["undo two", "undo one"]
    assert [one.node for one in doing.in_force("t")] == ["k8s-worker2"]


def test_a_cured_fault_is_forgotten_without_touching_the_host(up, paths, monkeypatch):
    own(monkeypatch, one={})
    doing.break_host("t", "k8s-worker1", "one")
    del up[:]
    assert run("heal", "k8s-worker1", "--forget").exit_code == 0
    assert (up, records.in_force(paths)) == ([], [])


def test_a_fault_that_half_happened_can_be_healed(up, paths, monkeypatch):
    own(monkeypatch, one={"break": "exit 3"})
    assert "in part only: a script ended with 3; undo it: kubestead twin heal k8s-worker1 one" in refusal(
        "break", "k8s-worker1", "one"
    )
    assert doing.heal_host("t", "k8s-worker1") == ["one"]


def test_a_fault_whose_originals_cannot_be_kept_does_not_happen(up, paths, monkeypatch):
    own(monkeypatch, one={"keep": {"node": "exit 3"}})
    assert "ended with 3" in refusal("break", "k8s-worker1", "one")
    assert [text for _, text, _ in up] == ["exit 3"]
    assert records.in_force(paths) == []


def test_a_fault_that_cannot_be_undone_stays_in_force(up, paths, monkeypatch):
    own(monkeypatch, one={"heal": "exit 3"})
    doing.break_host("t", "k8s-worker1", "one")
    assert "ended with 3" in refusal("heal", "k8s-worker1")
    assert len(records.in_force(paths)) == 1


def test_a_second_time_is_refused(up):
    run("break", "k8s-worker1", "kubelet-stopped")
    assert "kubelet-stopped is in force already; undo it: kubestead twin heal k8s-worker1 kubelet-stopped" in refusal(
        "break", "k8s-worker1", "kubelet-stopped"
    )


def test_two_that_change_the_same_file_are_refused_together(up):
    run("break", "k8s-worker1", "kubelet-config-empty")
    said = refusal("break", "k8s-worker1", "kubelet-config-bad-value")
    assert "/var/lib/kubelet/config.yaml" in said
    assert "kubestead twin heal k8s-worker1 kubelet-config-empty" in said
    assert run("break", "k8s-worker2", "kubelet-config-bad-value").exit_code == 0


def test_an_unknown_fault_is_refused_with_the_nearest_names(up):
    assert "did you mean kubelet-stopped?" in refusal("break", "k8s-worker1", "kubelet-stoped")
    assert "'kubestead twin faults' lists them" in refusal("break", "k8s-worker1", "zzz")
    assert "no such fault" in refusal("heal", "k8s-worker1", "zzz")


def test_a_fault_for_another_role_is_refused(up):
    assert "k8s-worker1: is a worker, and etcd-manifest-moved is for a control plane" in refusal(
        "break", "k8s-worker1", "etcd-manifest-moved"
    )
    assert "k8s-cp: is a control plane, and node-deleted is for a worker" in refusal("break", "k8s-cp", "node-deleted")
    assert run("break", "k8s-cp", "cilium-operator-pending").exit_code == 0


def test_an_unknown_host_is_refused_with_those_there_are(up):
    assert "use one of k8s-cp, k8s-worker1, k8s-worker2" in refusal("break", "k8s-worker7", "kubelet-stopped")


def test_a_twin_that_is_not_there_or_not_up_is_refused(paths):
    assert "there is no twin 't'" in refusal("break", "k8s-worker1", "kubelet-stopped")
    state.write_json(paths.plan, PLAN.as_data())
    assert "its supervisor is not running; run 'kubestead twin up'" in refusal("heal", "k8s-worker1")


def test_healing_what_is_not_in_force_says_what_is(up):
    assert "kubelet-stopped is not in force; in force there: none is" in refusal(
        "heal", "k8s-worker1", "kubelet-stopped"
    )
    run("break", "k8s-worker1", "kubelet-masked")
    assert "in force there: kubelet-masked" in refusal("heal", "k8s-worker1", "kubelet-stopped")


def test_healing_a_host_that_is_well_says_so(up):
    result = run("heal", "k8s-worker1")
    assert (result.exit_code, result.stdout) == (0, "k8s-worker1: no fault is in force\n")


def test_the_list_says_what_is_in_force_and_where(up):
    run("break", "k8s-worker1", "kubelet-stopped")
    lines = run("faults").stdout.splitlines()
    assert len(lines) == len(FAULTS) + 1
    assert next(line for line in lines if " kubelet-stopped " in line).split()[:2] == ["kubelet-stopped", "k8s-worker1"]
    data = {one["name"]: one for one in json.loads(run("faults", "--json").stdout)}
    assert data["kubelet-stopped"]["in_force"] == ["k8s-worker1"]
    assert data["cordoned"]["in_force"] == []


def test_a_reset_forgets_the_faults_of_those_hosts_alone(up, paths, monkeypatch):
    monkeypatch.setattr(commands.control, "order", lambda *_: {})
    monkeypatch.setattr(commands.control, "wait_ssh", lambda *_: None)
    for node in ("k8s-worker1", "k8s-worker2"):
        doing.break_host("t", node, "kubelet-stopped")
    commands.reset("t", ["k8s-worker1"])
    assert [one.node for one in records.in_force(paths)] == ["k8s-worker2"]
    commands.reset("t", [])
    assert records.in_force(paths) == []


def test_a_script_goes_to_the_host_as_one_word_with_its_surroundings(up, monkeypatch):
    monkeypatch.undo()
    seen = {}
    monkeypatch.setattr(commands, "ssh_command", lambda name, node, user, argv: ["ssh", f"{user}@{node}", *argv])

    def ran(argv, **options):
        seen.update(options, argv=argv)
        return subprocess.CompletedProcess(argv, 255, b"", b"No route to host")

    monkeypatch.setattr(subprocess, "run", ran)
    with pytest.raises(KubesteadError, match="k8s-cp: SSH does not let us in: No route to host"):
        steps.Target(PLAN, PLAN.nodes[1]).script(PLAN.nodes[0], "echo 'a b'", b"data")
    assert seen["input"] == b"data"
    assert seen["argv"][:3] == ["nsenter", "--net=/run/netns/kubestead-t", "--"]
    assert seen["argv"][-1].startswith("sh -c 'set -eu\nexport NODE=k8s-worker1\n")


@pytest.mark.parametrize("there", [True, False])
def test_saving_and_restoring_bring_back_what_was_there_and_nothing_else(tmp_path, there):
    """The scripts themselves, on this machine's files."""
    folder = tmp_path / "a folder"
    if there:
        folder.mkdir()
        (folder / "x").write_text("before")
        (folder / "x").chmod(0o640)
        (folder / "link").symlink_to("nowhere")
    quoted = f"'{folder}'"
    tar = subprocess.run([SH, "-euc", steps.SAVE.format(paths=quoted)], capture_output=True, check=True).stdout
    folder.mkdir(exist_ok=True)
    (folder / "x").write_text("after")
    (folder / "new").touch()
    subprocess.run([SH, "-euc", steps.RESTORE.format(paths=quoted)], input=tar, check=True)
    assert folder.exists() == there
    if there:
        assert sorted(path.name for path in folder.iterdir()) == ["link", "x"]
        assert ((folder / "x").read_text(), (folder / "x").stat().st_mode & 0o777) == ("before", 0o640)


def test_an_item_that_is_there_twice_is_refused(tmp_path, monkeypatch):
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text("same: {title: t, cause: unknown, cure: person, break: 'true', heal: 'true'}")
    monkeypatch.setattr(catalogue, "FILES", tmp_path)
    with pytest.raises(InvalidInput, match="is there twice"):
        catalogue.faults.__wrapped__()
