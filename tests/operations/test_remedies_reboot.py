"""The reboot: a node is emptied first, PodDisruptionBudgets are kept, a person's cordon stays."""

from __future__ import annotations

import json

import pytest
from pyinfra.connectors.util import CommandOutput, OutputLine

from kubestead.facts.boot import BootId
from kubestead.facts.cilium import Agent, CiliumAgents, MissingNetworkFiles
from kubestead.facts.etcd import EtcdMembers
from kubestead.facts.node import ApiNode, Clock
from kubestead.facts.service import Services
from kubestead.operations.remedies import reboot
from kubestead.operations.remedies.drain import uncordon_ours
from tests.operations.harness import Outcome, run
from tests.operations.patient import AGENT, NOW, RUNS, SILENT, WELL, Again, Played, control_plane, node, view

pytestmark = pytest.mark.usefixtures("no_wait")
ILL = view("Unknown", age=100)
BOOTED = view(age=-2, boot_id="boot-2")
DENIED = "Cannot evict pod as it would violate the pod's disruption budget."


class Machine(Played):
    """A node that is away for some connections after it was told to reboot."""

    def __init__(self, away: int = 2, boots: bool = True, **answers: object) -> None:
        services = {"containerd.service": RUNS, "kubelet.service": RUNS}
        facts = {Services: services, Clock: NOW, MissingNetworkFiles: [], BootId: "boot-1"}
        super().__init__(facts, "node1", answers)
        self.away, self.boots, self.told = away, boots, False

    def connect(self, **arguments: object) -> None:
        self.away -= self.told
        self.connected = not self.told or self.away < 0 or not self.boots

    def run_shell_command(self, command, **arguments):
        if "boot_id" in command.get_raw_value():
            return True, CommandOutput([OutputLine("stdout", "boot-2" if self.told and self.boots else "boot-1")])
        self.told = self.told or "systemctl --no-block reboot" in command.get_raw_value()
        return super().run_shell_command(command, **arguments)


def restart(*views, machine: Machine | None = None, agents=((AGENT,),), answers=None, **arguments):
    host = machine or Machine()
    api = control_plane(*views, facts={CiliumAgents: Again(agents)}, answers=answers)
    outcome = run(reboot, host, control_plane=api, **arguments)
    return outcome, host, api


def orders(api: Played) -> list[str]:
    """What was ordered of the API; a cordon and its mark come and go in one request."""
    mark = '{"metadata": {"annotations": {"kubestead.dev/cordoned-for": %s}}, "spec": {"unschedulable": %s}}'
    words = {"cordon": mark % ('"reboot"', "true"), "uncordon": mark % ("null", "null"), "drain": " drain "}
    return [order for command in api.sent for order, word in words.items() if word in command]


def test_a_healthy_node_is_left_alone():
    outcome, host, api = restart(WELL)
    assert "--data force=true" in str(outcome.noop)
    assert (host.sent, api.sent) == ([], [])


@pytest.mark.parametrize("agent", [Agent("cilium-abcde", "uid-1", False)])
def test_a_node_whose_agent_is_ill_is_not_healthy(agent):
    assert restart(WELL, agents=((agent,),))[0].noop is None


def ordered(outcome: Outcome) -> bool:
    done: bool = outcome.call()
    return done


def test_it_is_emptied_rebooted_and_given_back_once_well(caplog):
    caplog.set_level("INFO")
    outcome, host, api = restart(ILL, ILL, ILL, BOOTED)
    assert ordered(outcome) is True
    assert orders(api) == ["cordon", "drain", "uncordon"]
    assert host.sent == ["systemctl --no-block reboot"]
    assert "booted anew" in caplog.text
    drain = next(line for line in api.sent if " drain " in line)
    assert "--timeout=120s" in drain
    assert "--skip-wait-for-delete-timeout=1" in drain, "a dead kubelet ends no pod"
    assert "--force" not in drain
    assert "--disable-eviction" not in drain


def test_pods_of_a_node_that_runs_are_waited_for():
    _, _, api = (done := restart(WELL, WELL, BOOTED, BOOTED, force=True))
    assert ordered(done[0]) is True
    assert not [line for line in api.sent if "skip-wait" in line]


def test_a_persons_cordon_stays():
    cordoned = view("Unknown", age=100, cordoned=True)
    outcome, _, api = restart(cordoned, cordoned, BOOTED)
    assert ordered(outcome) is True
    assert orders(api) == ["drain"]


def test_the_cordon_of_a_remedy_that_was_killed_is_lifted():
    cordoned = view("Unknown", age=100, cordoned=True)
    outcome, _, api = restart(cordoned, cordoned, BOOTED, answers={"jsonpath={.metadata.annotations": ["reboot"]})
    assert ordered(outcome) is True
    assert orders(api) == ["cordon", "drain", "uncordon"]


def test_a_budget_that_keeps_a_pod_past_the_deadline_stops_it_and_the_node_is_given_back(caplog):
    outcome, host, api = restart(ILL, answers={" drain ": DENIED}, drain_seconds=5)
    assert ordered(outcome) is False
    assert host.sent == []
    assert orders(api) == ["cordon", "drain", "uncordon"]
    assert "cp: draining node1: Cannot evict pod" in caplog.text
    assert "get pdb -A; --data over_budgets=true" in caplog.text
    assert "--timeout=5s" in next(line for line in api.sent if " drain " in line)


def test_by_force_it_goes_on_with_the_pod_on_it():
    outcome, host, api = restart(ILL, ILL, BOOTED, answers={" drain ": DENIED}, over_budgets=True)
    assert ordered(outcome) is True
    assert host.sent == ["systemctl --no-block reboot"]
    assert orders(api)[-1] == "uncordon"
    assert "--force" in next(line for line in api.sent if " drain " in line)


def test_a_node_nobody_can_drain_is_rebooted_only_by_force(caplog):
    outcome, host, _ = restart(SILENT)
    assert ordered(outcome) is False
    assert host.sent == []
    assert "node1: cannot be drained: the API does not answer" in caplog.text
    outcome, host, api = restart(SILENT, SILENT, BOOTED, over_budgets=True)
    assert ordered(outcome) is True
    assert orders(api) == []


def test_the_same_boot_is_no_reboot(caplog, no_wait):
    outcome, _, api = restart(ILL, machine=Machine(boots=False))
    assert ordered(outcome) is False
    assert "has not booted anew after 600 s; it is left cordoned" in caplog.text
    assert orders(api)[-1] == "drain"


def test_a_refused_order_is_told_as_it_is(caplog, no_wait):
    outcome, _, _ = restart(ILL, machine=Machine(boots=False, **{"no-block reboot": "Access denied"}))
    assert ordered(outcome) is False
    assert "node1: rebooting: Access denied" in caplog.text
    assert no_wait.now < 60


def test_an_order_cut_off_by_the_reboot_itself_is_none_refused():
    outcome, _, _ = restart(ILL, ILL, BOOTED, machine=Machine(**{"no-block reboot": OSError("closed")}))
    assert ordered(outcome) is True


def test_an_agent_of_before_the_reboot_is_not_believed_ready(caplog):
    """The API goes on saying so until the new boot's kubelet has told of its pods."""
    outcome, _, api = restart(ILL, ILL, BOOTED, agents=((Agent("cilium-abcde", "uid-1", True, started=NOW),),))
    assert ordered(outcome) is False
    assert "no new agent" in caplog.text
    assert "uncordon" not in orders(api)


def test_the_kubelet_must_tell_of_the_new_boot(caplog):
    """Before it does, the API shows what the old one said."""
    old = view(age=-2, boot_id="boot-1")
    outcome, _, api = restart(ILL, ILL, old)
    assert ordered(outcome) is False
    assert "it is left cordoned" in caplog.text
    assert "uncordon" not in orders(api)
    assert len([fact for fact, _ in api.asked if fact is ApiNode]) > 3


@pytest.mark.parametrize(("annotation", "lifted"), [(["reboot"], True), ([""], False)], ids=["ours", "a person's"])
def test_only_a_remedys_cordon_is_lifted_afterwards(annotation, lifted):
    api = control_plane(answers={"jsonpath={.metadata.annotations": annotation})
    assert uncordon_ours(node(), api) is lifted
    assert ("uncordon" in orders(api)) is lifted


def watched(*, marked: str):
    """A watcher's reboot of a node that is cordoned already."""
    cordoned = view("Unknown", age=100, cordoned=True)
    machine = Machine()
    machine.data["watcher"] = "host_1_ab"
    return restart(cordoned, cordoned, BOOTED, machine=machine, answers={"jsonpath={.metadata.annotations": [marked]})


def marks(api: Played) -> list[object]:
    """What was written beside the cordon, one after the other."""
    patches = [json.loads(command.split("--patch '")[1].split("'")[0]) for command in api.sent if "--patch" in command]
    return [patch["metadata"]["annotations"]["kubestead.dev/cordoned-for"] for patch in patches]


def test_the_mark_says_whether_a_watcher_did_it():
    machine = Machine()
    machine.data["watcher"] = "host_1_ab"
    outcome, _, api = restart(ILL, ILL, BOOTED, machine=machine)
    assert ordered(outcome) is True
    assert marks(api) == ["reboot by host_1_ab", None]
    outcome, _, api = restart(ILL, ILL, BOOTED)
    assert ordered(outcome) is True
    assert marks(api) == ["reboot", None]


@pytest.mark.parametrize("marked", ["", "reboot", "rejoin"], ids=["by hand", "reboot by hand", "rejoin by hand"])
def test_a_watcher_never_takes_over_what_a_person_cordoned_meanwhile(marked, caplog):
    outcome, host, api = watched(marked=marked)
    assert ordered(outcome) is False
    assert host.sent == []
    assert orders(api) == []
    assert "somebody has cordoned it meanwhile" in caplog.text


def test_a_cordon_of_an_earlier_remedy_becomes_this_ones():
    outcome, _, api = watched(marked="reboot by host_9_zz")
    assert ordered(outcome) is True
    assert marks(api) == ["reboot by host_1_ab", None]


def of_control_plane(members, **arguments):
    """A reboot of a control plane, with etcd's members as given."""
    machine = Machine()
    machine.groups = ["control_plane"]
    api = control_plane(ILL, ILL, BOOTED, facts={CiliumAgents: (AGENT,), EtcdMembers: members})
    return run(reboot, machine, control_plane=api, **arguments), machine, api


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"node1": True, "cp": True, "cp3": False}, "1 other etcd members are ready, its majority is 2 of 3"),
        ({"node1": True, "cp": True}, "its majority is 2 of 2"),
        (None, "is not known"),
    ],
)
def test_etcd_keeps_its_majority_or_the_control_plane_its_boot(members, reason, caplog):
    outcome, host, api = of_control_plane(members)
    assert ordered(outcome) is False
    assert (host.sent, api.sent) == ([], [])
    assert reason in caplog.text
    assert "--data over_quorum=true" in caplog.text
    outcome, host, _ = of_control_plane(members, over_quorum=True)
    assert ordered(outcome) is True
    assert host.sent == ["systemctl --no-block reboot"]


@pytest.mark.parametrize("members", [{"node1": False, "cp": True, "cp3": True}, {"node1": True}])
def test_a_control_plane_etcd_can_spare_or_the_only_one_is_rebooted(members):
    outcome, host, _ = of_control_plane(members)
    assert ordered(outcome) is True
    assert host.sent == ["systemctl --no-block reboot"]
