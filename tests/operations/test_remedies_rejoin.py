"""The rejoin: never a control plane, never without an API, and never a token left behind."""

from __future__ import annotations

import pytest
import yaml

from kubestead.facts.files import FileTexts
from kubestead.facts.leftovers import Leftovers
from kubestead.facts.membership import NodeMembership
from kubestead.facts.nodemarks import NodeMarks
from kubestead.membership import Membership
from kubestead.operations.kubeadm import CA_CERTIFICATE
from kubestead.operations.remedies import rejoin
from kubestead.spec import ClusterSpec, NodeSpec
from tests.deploys.lab import CERTIFICATE
from tests.operations.harness import run
from tests.operations.patient import GONE, SILENT, WELL, control_plane, node, view
from tests.shell import sh

pytestmark = pytest.mark.usefixtures("no_wait")
MEMBER = Membership(is_member=True, server="https://k8s-api:6443")
ILL = view("Unknown", age=100)
BACK = view(age=-2)


def again(*views, membership=MEMBER, answers=None, node_answers=None, node_spec=None, **arguments):
    memberships = iter([membership, Membership()])
    host = node({NodeMembership: memberships, Leftovers: []}, node_answers)
    facts = {FileTexts: {CA_CERTIFICATE: CERTIFICATE}, NodeMarks: {}}
    api = control_plane(*views, facts=facts, answers=answers)
    outcome = run(
        rejoin, host, spec=ClusterSpec(), node_spec=node_spec or NodeSpec(), node_address="10.9.8.7",
        control_plane=api, **arguments,
    )  # fmt: skip
    return outcome, host, api


@pytest.mark.parametrize(
    ("membership", "seen", "reason"),
    [
        (Membership(True, True, "https://k8s-api:6443"), ILL, "is a control plane"),
        (Membership(has_etcd_data=True), ILL, "is a control plane"),
        (Membership(is_member=True, server="https://other:6443"), ILL, "is a node of https://other:6443"),
        (MEMBER, SILENT, "the API does not answer"),
        (Membership(), GONE, "is no node of this cluster; build it: pyinfra INVENTORY deploys/cluster.py"),
    ],
    ids=["control plane", "etcd", "another cluster", "no API", "no node"],
)
@pytest.mark.parametrize("force", [False, True])
def test_what_could_not_come_back_is_never_reset(membership, seen, reason, force):
    outcome, host, _ = again(seen, membership=membership, force=force)
    (refusal,) = outcome.shell
    assert reason in sh(refusal).stderr.decode()
    assert host.sent == []


def test_a_healthy_node_is_left_alone():
    outcome, host, _ = again(WELL)
    assert "--data force=true" in str(outcome.noop)
    assert host.sent == []


def test_a_node_is_reset_and_joins_with_a_token_that_goes_by_stdin_and_is_gone_afterwards(caplog):
    caplog.set_level("DEBUG")
    outcome, host, api = again(ILL, ILL, ILL, BACK)
    assert outcome.call() is True

    assert "kubeadm reset --force" in host.sent[0]
    assert "kubeadm join --config /dev/stdin" in host.sent[1]
    (configuration,) = host.stdin
    token = yaml.safe_load(configuration)["discovery"]["bootstrapToken"]["token"]
    assert yaml.safe_load(api.stdin[0])["bootstrapTokens"][0]["token"] == token
    public, secret = token.split(".")
    assert secret not in "".join([*host.sent, *api.sent, caplog.text, repr(outcome.yielded)])
    assert f"delete --ignore-not-found secret bootstrap-token-{public}" in api.sent[-2]


def test_the_nodes_name_is_free_before_it_joins():
    """kubeadm refuses the name of a node that is Ready, and the API says so for 40 s more."""
    outcome, _, api = again(ILL, ILL, WELL, WELL, ILL, BACK, BACK)
    assert outcome.call() is True
    assert len(api.asked) > 5


def test_a_node_that_goes_on_being_ready_is_another_host_of_that_name(caplog):
    outcome, host, _ = again(ILL, ILL, WELL)
    assert outcome.call() is False
    assert "does another host bear its name?" in caplog.text
    assert len(host.sent) == 1


@pytest.mark.parametrize("lost", [False, True])
def test_a_failed_join_leaves_no_token_and_says_why(lost, caplog):
    answers = {"delete --ignore-not-found secret": "etcdserver: request timed out"} if lost else {}
    outcome, _, api = again(ILL, answers=answers, node_answers={"kubeadm join": "could not reach the API"})
    assert outcome.call() is False
    assert "could not reach the API" in caplog.text
    assert "the node is reset" in caplog.text
    assert [line for line in api.sent if "delete --ignore-not-found secret" in line]


def test_its_labels_by_the_inventory_are_put_on_again():
    spec = NodeSpec.load({"labels": {"zone": "a"}, "taints": ["dedicated=db:NoSchedule"]})
    outcome, _, api = again(ILL, ILL, ILL, BACK, node_spec=spec)
    assert outcome.call() is True
    assert [line for line in api.sent if "label node node1 zone=a --overwrite" in line]
    assert [line for line in api.sent if "taint node node1 dedicated=db:NoSchedule --overwrite" in line]


def test_nobody_else_touches_it_meanwhile():
    """A watcher leaves a cordoned node alone; the cordon goes when the node is back."""
    outcome, _, api = again(ILL, ILL, ILL, BACK)
    assert outcome.call() is True
    patches = [command for command in api.sent if "--patch" in command]
    assert '"kubestead.dev/cordoned-for": "rejoin"' in patches[0]
    assert '"unschedulable": null' in patches[1]
    assert "--patch" in api.sent[0]
    assert "--patch" in api.sent[-1]


def test_a_node_that_did_not_come_back_stays_cordoned(caplog):
    outcome, _, api = again(ILL, node_answers={"kubeadm join": "could not reach the API"})
    assert outcome.call() is False
    assert "it is left cordoned" in caplog.text
    assert not [command for command in api.sent if '"unschedulable": null' in command]
