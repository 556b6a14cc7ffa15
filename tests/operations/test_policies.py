"""Policies are applied, removed, and found valid; what is as written is left."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pyinfra.api import StringCommand

from kubestead.cilium.policy import CCNP, CNP
from kubestead.facts.objects import OwnedObjects
from kubestead.manifests import Identity
from kubestead.objectset import Change, Owned
from kubestead.operations import policies
from kubestead.operations.steps import StepFailed
from tests.operations.harness import Host, Outcome, run

KEY = Identity("cilium.io", CNP, "shop", "a")
PLAIN = Identity("networking.k8s.io", "NetworkPolicy", "shop", "b")
KUBECTL = "kubectl --kubeconfig /etc/kubernetes/admin.conf"
FILE = "policies/a.yaml:4: metadata.name"


def item(spec: Any = None, **status: str) -> dict[str, Any]:
    conditions = [{"type": "Valid", **status}] if status else []
    return {
        "apiVersion": "cilium.io/v2", "kind": CNP, "metadata": {"name": "a", "namespace": "shop"}, "spec": spec or {},
        "status": {"conditions": conditions},
    }  # fmt: skip


def test_a_policy_that_is_as_written_is_left() -> None:
    done = run(policies.policy, {}, change=None)
    assert (done.commands, done.noop) == ([], "it is as written")


def test_a_new_policy_is_applied() -> None:
    done = run(policies.policy, {}, change=Change(KEY, None, item([1]), item()))
    (command,) = done.yielded
    assert isinstance(command, StringCommand)
    assert done.shell == [
        f"{KUBECTL} --request-timeout=20s apply --server-side --force-conflicts --field-manager=kubestead "
        "--validate=strict --filename=- > /dev/null"
    ]
    assert json.loads(command.connector_arguments["_stdin"])["items"] == [item()]


def test_what_others_have_set_in_a_policy_goes() -> None:
    done = run(policies.policy, {}, change=Change(KEY, item([1]), item(), item(), whole=True))
    assert done.shell[0] == f"{KUBECTL} replace --filename=- > /dev/null"
    assert "apply --server-side" in done.shell[1]


def test_what_was_said_of_the_form_before_is_forgotten() -> None:
    done = run(policies.policy, {}, change=Change(KEY, item([1]), item(), item()))
    assert done.shell[1] == (
        f"{KUBECTL} patch --namespace shop ciliumnetworkpolicies.cilium.io/a --subresource=status --type=merge --patch "
        '\'{"status":{"conditions":null}}\' > /dev/null'
    )
    group = Identity("cilium.io", "CiliumCIDRGroup", "", "a")
    assert len(run(policies.policy, {}, change=Change(group, item([1]), item(), item())).shell) == 1


def test_what_is_written_nowhere_is_removed() -> None:
    done = run(policies.policy, {}, change=Change(Identity("cilium.io", CCNP, "", "old"), item()))
    (command,) = done.yielded
    assert done.shell == [f"{KUBECTL} delete --ignore-not-found --timeout=60s --filename=- > /dev/null"]
    assert json.loads(command.connector_arguments["_stdin"])["items"] == [
        {"apiVersion": "cilium.io/v2", "kind": CCNP, "metadata": {"name": "old"}}
    ]


class Waiting:
    """In place of the host: what was waited for, and whether it came."""

    def __init__(self, fails: bool = False) -> None:
        self.fails, self.asked = fails, ""

    def __call__(self, host: Any, *command: Any, **options: Any) -> list[str]:
        self.asked = str(StringCommand(*command))
        if self.fails:
            raise StepFailed("timed out")
        return []


def look(monkeypatch: pytest.MonkeyPatch, waiting: Waiting, *told: tuple[Any, ...]) -> Outcome:
    """What is said at first, and after waiting."""
    monkeypatch.setattr(policies, "ask", waiting)
    answers = iter(Owned(objects=items) for items in told)
    places = {KEY: FILE, PLAIN: "b.yaml"}
    return run(policies.valid, Host({OwnedObjects: answers}), owner="policies.s", places=places, within_seconds=60)


def test_what_cilium_has_found_valid_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = Waiting()
    done = look(monkeypatch, waiting, (item(status="True"),))
    assert (done.noop, waiting.asked) == ("Cilium finds all 1 valid", "")
    judged = ("ciliumnetworkpolicies.cilium.io", "ciliumclusterwidenetworkpolicies.cilium.io")
    assert done.host.asked == [(OwnedObjects, {"owner": "policies.s", "kinds": judged})]


def test_every_policy_of_ciliums_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = Waiting()
    done = look(monkeypatch, waiting, (item(),), (item(status="True"),))
    assert done.noop == "Cilium finds all 1 valid"
    assert waiting.asked == (
        f"export LC_ALL=C; {KUBECTL} wait --namespace shop --timeout=60s --for "
        "'jsonpath={.status.conditions[?(@.type==\"Valid\")].status}' ciliumnetworkpolicies.cilium.io/a "
        "> /dev/null & wait"
    )


def test_a_policy_cilium_refuses_fails_the_run_with_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    done = look(monkeypatch, Waiting(), (item(status="False", message="combining A and B"),))
    assert (
        f"{FILE}: Cilium refuses it, so it is not enforced: combining A and B; correct it and run again"
        in done.shell[0]
    )


@pytest.mark.parametrize("told", [(item(),), ()], ids=["there", "not even there"])
def test_an_operator_that_says_nothing_fails_the_run(monkeypatch: pytest.MonkeyPatch, told: tuple[Any, ...]) -> None:
    done = look(monkeypatch, Waiting(fails=True), told, told)
    assert "has said nothing within 60 s of CiliumNetworkPolicy shop/a" in done.shell[0]


def test_a_plan_waits_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(policies.valid, {}, executing=False, owner="policies.s", places={KEY: FILE}, within_seconds=60)
    assert done.commands == []
