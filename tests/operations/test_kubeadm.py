"""init, the join token, join: what is run, what is refused, and where secrets are not."""

from __future__ import annotations

import datetime

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pyinfra.api import OperationError

from kubestead.facts.files import FileStates, FileTexts
from kubestead.facts.membership import EndpointAnswers, NodeMembership
from kubestead.health import KUBECTL
from kubestead.jointoken import JoinMaterial, ca_cert_hash
from kubestead.membership import Membership
from kubestead.operations import kubeadm
from kubestead.spec import ClusterSpec
from tests.operations.harness import Host, Outcome, run
from tests.shell import sh

BARE = Membership()
CONTROL_PLANE = Membership(is_control_plane=True, is_member=True, server="https://k8s-api:6443")
MEMBER = Membership(is_member=True, server="https://k8s-api:6443")


def init(now: Membership, answers: bool = False, executing: bool = True, **others: Membership) -> Outcome:
    facts = {NodeMembership: now, EndpointAnswers: answers, FileStates: {}}
    return run(
        kubeadm.initialise, Host(facts, "cp"), configuration="kind: X\n", endpoint="k8s-api:6443",
        control_planes={"cp": BARE}, workers=others, executing=executing,
    )  # fmt: skip


def refused(outcome: Outcome) -> str:
    """What the one command, a failure, says."""
    (command,) = outcome.shell
    done = sh(command)
    assert done.returncode == 1
    return done.stderr.decode()


def test_a_running_control_plane_is_left():
    outcome = init(CONTROL_PLANE, answers=True, w1=MEMBER)
    assert (outcome.commands, outcome.noop) == ([], "the control plane is there")


def test_a_bare_host_is_initialised():
    outcome = init(BARE, w1=BARE)
    assert outcome.uploads == {"/var/lib/kubestead/kubeadm-init.yaml": b"kind: X\n"}
    assert "\nput 600 " in outcome.shell[-2]
    script = outcome.shell[-1]
    assert "kubeadm init --config /var/lib/kubestead/kubeadm-init.yaml" in script
    assert "rm -rf /var/lib/etcd" in script
    assert outcome.yielded[-1].connector_arguments["_timeout"] == kubeadm.TIMEOUT


@pytest.mark.parametrize("now", [Membership(interrupted="init"), Membership(True, True, "x", "init", True)], ids=repr)
def test_an_interrupted_init_is_cleaned_and_done_again_though_its_endpoint_may_answer(now):
    script = init(now, answers=True).shell[-1]
    assert script.index("kubeadm reset --force") < script.index("kubeadm init --config")


@pytest.mark.parametrize(
    ("now", "answers", "workers", "reason"),
    [
        (BARE, True, {}, "control_plane_endpoint: something already answers there"),
        (BARE, False, {"w1": MEMBER}, "w1: is joined to https://k8s-api:6443, but cp holds no control plane"),
        (Membership(has_etcd_data=True), False, {}, "cp: has etcd data of an earlier cluster"),
        (Membership(interrupted="init"), False, {"w1": MEMBER}, "w1: is joined"),
    ],
)
def test_a_second_cluster_is_never_started(now, answers, workers, reason):
    outcome = init(now, answers, **workers)
    assert reason in refused(outcome)
    assert outcome.uploads == {}


def test_a_run_that_will_be_refused_has_no_plan():
    with pytest.raises(OperationError, match="something already answers there"):
        init(BARE, answers=True, executing=False)
    with pytest.raises(OperationError, match="is a node of https://other:6443"):
        join(Membership(is_member=True, server="https://other:6443"), executing=False)


def test_what_the_host_says_now_counts_not_what_was_gathered_before():
    """Membership was gathered before the run; this host has etcd data since."""
    assert "etcd data" in refused(init(Membership(has_etcd_data=True)))


@pytest.fixture(scope="module")
def certificate():
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "kubernetes")])
    now = datetime.datetime(2025, 1, 1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now.replace(year=2035))
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def test_a_minted_token_goes_by_stdin_and_is_kept_in_this_process(certificate):
    outcome = run(kubeadm.mint_token, {FileTexts: {kubeadm.CA_CERTIFICATE: certificate}}, ttl_minutes=15)

    material = outcome.host.data["join_material"]
    command, wait = outcome.shell
    (bootstrap,) = yaml.safe_load(outcome.yielded[0].connector_arguments["_stdin"])["bootstrapTokens"]
    assert (bootstrap["token"], bootstrap["ttl"]) == (material.token, "15m0s")
    assert material.ca_cert_hash == ca_cert_hash(certificate)
    assert command == "kubeadm token create --config /dev/stdin > /dev/null"
    # The join waits for the signature made with it; only the token's public half may stand in an argument.
    assert f"jws-kubeconfig-{material.token_id}}}" in wait
    assert material.token.partition(".")[2] not in wait


def test_no_token_is_kept_while_it_is_only_planned():
    outcome = run(kubeadm.mint_token, {}, ttl_minutes=15, executing=False)
    assert len(outcome.commands) == 2
    assert "join_material" not in outcome.host.data


def test_no_token_is_made_without_the_cas_certificate():
    outcome = run(kubeadm.mint_token, {FileTexts: {}}, ttl_minutes=15)
    assert "/etc/kubernetes/pki/ca.crt cannot be read" in refused(outcome)


MATERIAL = JoinMaterial("abcdef.0123456789abcdef", "sha256:" + "0" * 64)


def test_a_token_is_deleted_by_its_public_half():
    (command,) = run(kubeadm.delete_token, Host({}, join_material=MATERIAL)).shell
    assert command == (
        f"{KUBECTL} --namespace kube-system delete --ignore-not-found secret bootstrap-token-abcdef > /dev/null"
    )


def join(now: Membership, executing: bool = True, **data: object) -> Outcome:
    return run(
        kubeadm.join, Host({NodeMembership: now}, "w1"), spec=ClusterSpec(), node_address="10.9.8.7",
        control_plane=Host({}, "cp", **data), executing=executing,
    )  # fmt: skip


def test_a_member_is_left():
    outcome = join(MEMBER)
    assert (outcome.commands, outcome.noop) == ([], "the node has joined")


def test_a_member_of_another_cluster_is_refused():
    said = refused(join(Membership(is_member=True, server="https://other:6443"), join_material=MATERIAL))
    assert said.startswith("w1: is a node of https://other:6443, not of https://k8s-api:6443")
    assert "--limit w1" in said


def test_a_bare_host_joins_and_the_token_comes_by_stdin():
    outcome = join(BARE, join_material=MATERIAL)
    (command,) = outcome.yielded
    assert "kubeadm join --config /dev/stdin" in outcome.shell[0]
    assert "/var/lib/etcd" not in outcome.shell[0]
    assert MATERIAL.token.partition(".")[2] not in outcome.shell[0]
    configuration = yaml.safe_load(command.connector_arguments["_stdin"])
    assert configuration["discovery"]["bootstrapToken"]["token"] == MATERIAL.token
    assert configuration["nodeRegistration"]["name"] == "w1"


@pytest.mark.parametrize("interrupted", ["join", "init"])
def test_a_half_join_is_cleaned_and_done_again(interrupted):
    now = Membership(is_member=True, server="https://k8s-api:6443", interrupted=interrupted)
    (script,) = join(now, join_material=MATERIAL).shell
    assert script.index("kubeadm reset --force") < script.index("kubeadm join")


def test_without_a_token_nobody_joins_but_the_plan_says_that_they_will():
    assert "w1: no join token was minted" in refused(join(BARE))
    assert join(BARE, executing=False).shell == ["kubeadm join"]
