"""What the cluster says of kubestead's objects: the scripts, in this machine's shell, with a kubectl that is played."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from kubestead.facts.objects import APPLY, ObjectTrial, OwnedObjects, on_trial, secret_rows
from kubestead.manifests import OWNER, items
from kubestead.objectset import Owned, Trial
from tests.shell import SH

KINDS = ("secrets", "ciliumpodippools.cilium.io", "networkpolicies.networking.k8s.io")
# It knows the kinds in $KNOWN, answers what stands in files, and writes down how it was called.
KUBECTL = """#!/bin/sh
folder=$(dirname "$0")
printf '%s\\n' "$*" >> "$folder/log"
case "$*" in
    *api-resources*) cat "$folder/known" ;;
    *--dry-run=server*)
        cat > "$folder/tried"; cat "$folder/words" >&2; cat "$folder/would-be"; exit "$(cat "$folder/code")" ;;
    *--filename=-*custom-columns*) cat > "$folder/named-secrets"; cat "$folder/secrets" ;;
    *--filename=-*) cat > "$folder/named"; cat "$folder/there" ;;
    *"get $(cat "$folder/kinds") "*) cat "$folder/rows" ;;
    *) echo "the server doesn't have a resource type" >&2; exit 1 ;;
esac
"""
POOL: dict[str, Any] = {"apiVersion": "x/v1", "kind": "CiliumPodIPPool", "metadata": {"name": "green"}, "spec": {}}
SECRET: dict[str, Any] = {
    "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "p", "namespace": "kube-system"}, "data": {"b": "Yg==",
    "a": "YQ=="},
}  # fmt: skip


class Played:
    """The kubectl, with its files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "kubectl").write_text(KUBECTL)
        (folder / "kubectl").chmod(0o755)
        for name in ("known", "words", "would-be", "secrets", "there", "rows"):
            self.says(name, "")
        self.says("kinds", ",".join(KINDS))
        self.says("code", "0")

    def says(self, name: str, text: str | dict[str, Any]) -> None:
        (self.folder / name).write_text(text if isinstance(text, str) else json.dumps(text))

    def read(self, name: str) -> str:
        return (self.folder / name).read_text()

    def run(self, command: object, stdin: list[str] | None = None) -> list[str]:
        given = {"stdin": subprocess.DEVNULL} if stdin is None else {"input": "".join(f"{line}\n" for line in stdin)}
        path = {"PATH": f"{self.folder}:/usr/bin:/bin"}
        done = subprocess.run([SH, "-c", str(command)], capture_output=True, text=True, check=True, env=path, **given)
        return str(done.stdout).splitlines()

    def owned(self, wanted: tuple[dict[str, Any], ...] = ()) -> Owned | None:
        fact, rows = OwnedObjects(), secret_rows(wanted)
        lines = self.run(fact.command(owner="cilium", kinds=KINDS, compare=bool(rows)).get_raw_value(), rows or None)
        return fact.process(lines)

    def trial(self, *wanted: dict[str, Any]) -> Trial:
        fact = ObjectTrial()
        return fact.process(self.run(fact.command().get_raw_value(), on_trial(wanted)))


@pytest.fixture
def kubectl(tmp_path: Path) -> Played:
    return Played(tmp_path)


def test_one_call_tells_everything_where_every_kind_is_there(kubectl: Played) -> None:
    row = 'secret\tkube-system/p\t{"name":"p","namespace":"kube-system"}\t{"a":"YQ==","b":"Yg=="}\n'
    kubectl.says("rows", f"{json.dumps(POOL)}\n{row}")
    told = {"apiVersion": "v1", "kind": "Secret", "metadata": SECRET["metadata"]}
    assert kubectl.owned((SECRET, POOL)) == Owned(KINDS, (POOL, told), ("kube-system/p",))
    (call,) = kubectl.read("log").splitlines()
    assert f"get {','.join(KINDS)} --all-namespaces --selector {OWNER}=cilium" in call


@pytest.mark.parametrize("data", ["", '{"a":"YQ=="}', '{"a":"YQ==","b":"Yg==","c":""}'], ids=["none", "less", "more"])
def test_a_secret_that_holds_something_else(kubectl: Played, data: str) -> None:
    kubectl.says("rows", f'secret\tkube-system/p\t{{"name":"p","namespace":"kube-system"}}\t{data}\n')
    found = kubectl.owned((SECRET,))
    assert found is not None
    assert (found.held, len(found.objects)) == ((), 1)


def test_what_a_secret_holds_is_told_nobody(kubectl: Played) -> None:
    kubectl.says("rows", 'secret\tkube-system/p\t{"name":"p"}\t{"a":"YQ==","b":"Yg=="}\n')
    rows = secret_rows([SECRET])
    told = kubectl.run(OwnedObjects().command(owner="c", kinds=KINDS, compare=True).get_raw_value(), rows)
    assert "YQ==" not in "\n".join(told) + kubectl.read("log")
    assert "YQ==" not in f"{rows} {rows!r}"


def test_kinds_that_are_not_there_are_passed_over(kubectl: Played) -> None:
    kubectl.says("known", "secrets\nciliumpodippools.cilium.io\nother\n")
    kubectl.says("kinds", "secrets,ciliumpodippools.cilium.io")
    kubectl.says("rows", f"{json.dumps(POOL)}\n")
    assert kubectl.owned() == Owned(KINDS[:2], (POOL,))
    kubectl.says("known", "other\n")
    kubectl.says("kinds", "none")
    assert kubectl.owned() == Owned()


def test_an_api_that_does_not_answer_is_not_one_without_objects(kubectl: Played) -> None:
    kubectl.says("kinds", "none")
    assert kubectl.owned() is None
    kubectl.says("known", "secrets\n")  # it fell silent after this
    assert kubectl.owned() is None
    assert OwnedObjects.default() is None


def test_what_is_there_and_what_would_be_come_together(kubectl: Played) -> None:
    kubectl.says("there", {"kind": "List", "items": [POOL]})
    kubectl.says("would-be", {"kind": "List", "items": [{**POOL, "spec": {"x": 1}}]})
    kubectl.says("words", "Warning: something is old\n")
    assert kubectl.trial(POOL, POOL) == Trial((POOL,), ({**POOL, "spec": {"x": 1}},))
    assert items(kubectl.read("tried")) == items(kubectl.read("named")) == [POOL, POOL]
    tried = kubectl.read("log").splitlines()[-1]
    assert (
        f"kubectl --kubeconfig /etc/kubernetes/admin.conf {tried.partition(' --dry')[0].partition('.conf ')[2]}"
        == APPLY
    )


def test_of_a_secret_only_its_name_is_sent_and_asked(kubectl: Played) -> None:
    kubectl.says("secrets", "kube-system   p     <none>\nkube-system   q     cilium\n")
    found = kubectl.trial(SECRET)
    assert [one["metadata"] for one in found.there] == [
        {"namespace": "kube-system", "name": "p", "labels": {}},
        {"namespace": "kube-system", "name": "q", "labels": {OWNER: "cilium"}},
    ]
    assert items(kubectl.read("named-secrets")) == [{key: SECRET[key] for key in ("apiVersion", "kind", "metadata")}]
    assert "tried" not in {path.name for path in kubectl.folder.iterdir()}
    assert "O:.metadata.labels.kubestead\\.dev/owner" in kubectl.read("log")


@pytest.mark.parametrize("said", ["error: no such kind", 'The X "a" is invalid: spec: Required value'])
def test_the_api_servers_refusal_comes_in_its_words(kubectl: Played, said: str) -> None:
    kubectl.says("words", f"{said}\n")
    kubectl.says("would-be", POOL)
    kubectl.says("code", "1")
    assert kubectl.trial(POOL) == Trial(refused=(said,))
    assert ObjectTrial.default() == Trial()
