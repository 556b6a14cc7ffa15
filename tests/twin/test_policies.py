"""The lab's policies on the twin: applied from their folder, enforced as the table says, and explained as enforced."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from kubestead.cilium.policywhy import DENIED
from kubestead.cli.status import KUBECONFIG
from kubestead.status.policyask import Asker
from tests.twin.conftest import Twin
from tests.twin.operator import KUBECTL, Run, deploy, inside_network, planned
from tests.twin.shop import Shop, opened, settled

pytestmark = pytest.mark.twin


def policies(twin: Twin, *arguments: str, folder: Path | str = "policies") -> Run:
    return deploy(twin, "policies", *arguments, "--limit", "k8s-cp", "--data", f"policies={folder}")


def change(what: str) -> tuple[str, str]:
    return ("k8s-cp", f"Policies | {what}")


@pytest.fixture(scope="module")
def shop(built: Twin) -> Iterator[Shop]:
    with opened(built) as found:
        yield found


@pytest.fixture(scope="module")
def applied(shop: Shop) -> Iterator[Run]:
    """The lab's policies in force; what came through before them is asked first."""
    open_before = shop.try_all()
    assert open_before == ["allowed"] * len(shop.rows), dict(zip(map(str, shop.rows), open_before, strict=True))
    plan = policies(shop.twin, "--dry", "--json")
    assert plan.returncode == 0, plan.text
    run = policies(shop.twin, "--json")
    assert run.returncode == 0, run.text
    assert {("k8s-cp", name) for name in run.changed} == planned(plan)
    settled(shop.twin)
    yield run
    gone = policies(shop.twin, "--data", "state=absent")
    assert gone.returncode == 0, gone.text
    assert "kubestead" not in labelled(shop.twin)


def labelled(twin: Twin) -> str:
    kinds = "cnp,ccnp,networkpolicies.networking.k8s.io,ciliumcidrgroups"
    row = '{.metadata.name} {.metadata.labels}{"\\n"}'
    return twin.ssh("k8s-cp", f"{KUBECTL} get {kinds} -A -o jsonpath='{{range .items[*]}}{row}{{end}}'")


def test_all_are_applied_and_a_second_run_changes_nothing(shop: Shop, applied: Run) -> None:
    documents = [one for path in Path("policies").glob("*.yaml") for one in yaml.safe_load_all(path.read_text())]
    written = [one["metadata"]["name"] for one in documents if "kind" in one]
    assert len(applied.changed) == len(written)
    assert sorted(line.split()[0] for line in labelled(shop.twin).splitlines()) == sorted(written)
    again = policies(shop.twin, "--json")
    assert again.returncode == 0, again.text
    assert again.changed == []


def test_traffic_is_what_the_table_expects(shop: Shop, applied: Run) -> None:
    found = dict(zip(map(str, shop.rows), shop.try_all(), strict=True))
    assert found == {str(row): row.expected for row in shop.rows}


def test_the_agents_give_the_same_answer_and_the_policy_that_makes_it(shop: Shop, applied: Run) -> None:
    with inside_network(shop.twin):
        asker = Asker(KUBECONFIG)
        found = {
            row: asker.why(shop.called(row.source), shop.called(row.target), row.protocol, row.port)
            for row in shop.rows
        }
    assert {str(row): one.verdict for row, one in found.items()} == {str(row): row.expected for row in shop.rows}
    unnamed = {
        str(row): one.lines()
        for row, one in found.items()
        if row.by and not any(by.endswith((f"/{row.by}", f" {row.by}")) for side in one.sides for by in side.by)
    }
    assert unnamed == {}


def test_why_is_told_in_words(shop: Shop, applied: Run) -> None:
    why = ("exec", "--", ".venv/bin/kubestead", "policy", "why")
    done = shop.twin.cli(*why, "shop/suspect", "shop/backend", "8080")
    assert done.returncode == 1, done.stderr
    assert f"shop/suspect -> shop/backend 8080/TCP: {DENIED}" in done.stdout
    assert "a rule denies it: CiliumClusterwideNetworkPolicy shop-quarantine" in done.stdout
    assert "deny wins over what would allow it: CiliumNetworkPolicy shop/frontend-to-backend" in done.stdout
    unknown = shop.twin.cli(*why, "shop/nobody", "shop/backend", "8080")
    assert (unknown.returncode, unknown.stderr) == (1, "kubestead: there is no pod shop/nobody\n")


def test_only_what_is_ours_is_removed_and_only_what_changed_applied(shop: Shop, applied: Run, tmp_path: Path) -> None:
    other = policy("not-ours", ingress=[{}])
    shop.twin.ssh("k8s-cp", f"{KUBECTL} apply -f - > /dev/null", stdin=yaml.safe_dump(other))
    folder = tmp_path / "policies"  # the set is called as the folder
    shutil.copytree("policies", folder)
    (folder / "cidr-partner.yaml").unlink()
    text = (folder / "allow-dns.yaml").read_text()
    (folder / "allow-dns.yaml").write_text(text.replace('            - {port: "53", protocol: TCP}\n', ""))
    (folder / "kinds.yaml").write_text(yaml.safe_dump_all(OTHER_KINDS))
    wanted = {
        change("CiliumCIDRGroup partners"),
        change("NetworkPolicy shop/plain"),
        change("CiliumNetworkPolicy shop/allow-dns"),
        change("CiliumNetworkPolicy shop/backend-to-partner is written nowhere any more"),
    }
    assert planned(policies(shop.twin, "--dry", "--json", folder=folder)) == wanted
    run = policies(shop.twin, "--json", folder=folder)
    assert run.returncode == 0, run.text
    assert {("k8s-cp", name) for name in run.changed} == wanted
    settled(shop.twin)
    found = dict(zip(map(str, shop.rows), shop.try_all(), strict=True))
    lost = {str(row) for row in shop.rows if row.expected == "allowed" and found[str(row)] == "denied"}
    assert lost == {"shop/visitor -> dns 53/tcp", "shop/backend -> 198.51.100.10 8080/tcp"}
    assert "not-ours" in labelled(shop.twin)
    restored = policies(shop.twin, "--json")
    assert len(restored.changed) == len(wanted)
    shop.twin.ssh("k8s-cp", f"{KUBECTL} -n shop delete cnp not-ours > /dev/null")


def policy(name: str, **spec: Any) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "shop"}
    return {"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": metadata,
            "spec": {"endpointSelector": {"matchLabels": {"app": "nobody"}}, **spec}}  # fmt: skip


OTHER_KINDS = [
    {
        "apiVersion": "cilium.io/v2", "kind": "CiliumCIDRGroup", "metadata": {"name": "partners"},
        "spec": {"externalCIDRs": ["203.0.113.0/24"]},
    },
    {
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
        "metadata": {"name": "plain", "namespace": "shop"},
        "spec": {"podSelector": {"matchLabels": {"app": "nobody"}}, "policyTypes": ["Ingress"]},
    },
]  # fmt: skip

# What is wrong, as the exact CRDs and Cilium have it; whether the API server itself refuses it, or only Cilium.
REFUSED = {
    "unknown-field": (policy("a", ingress=[{"fromEndpoint": [{}]}]), "did you mean fromEndpoints?", True),
    "port-type": (policy("a", ingress=[{"toPorts": [{"ports": [{"port": 80}]}]}]), 'write "80"', True),
    "two-selectors": (policy("a", ingress=[{}], nodeSelector={}), "has endpointSelector and nodeSelector", True),
    "no-direction": (policy("a"), "needs one of ingress, ingressDeny, egress, egressDeny", True),
    "no-such-entity": (policy("a", egress=[{"toEntities": ["word"]}]), "did you mean world?", True),
    "plain-address": (policy("a", egress=[{"toCIDR": ["10.0.0.1"]}]), "write 10.0.0.1/32", True),
    "two-peers": (policy("a", egress=[{"toCIDR": ["10.0.0.0/8"], "toEntities": ["world"]}]), "2 kinds of peers", False),
    "names-without-proxy": (policy("a", egress=[{"toFQDNs": [{"matchName": "a.b"}]}]), "cilium_l7_proxy = True", False),
}  # fmt: skip


def test_what_the_clusters_own_schemas_refuse_is_one_clear_finding(shop: Shop, tmp_path: Path) -> None:
    folder = tmp_path / "refused"
    folder.mkdir()
    for name, (content, _, _) in REFUSED.items():
        content["metadata"]["name"] = name
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(content))
    run = policies(shop.twin, folder=folder)
    assert run.returncode == 1
    assert f"{len(REFUSED)} errors, nothing was changed" in run.text
    lines = run.text.splitlines()
    for name, (content, words, by_the_server) in REFUSED.items():
        own = [number for number, line in enumerate(lines) if f"/{name}.yaml:" in line]
        assert len(own) == 1, name
        assert words in "".join(lines[own[0] : own[0] + 3]), name
        applied = (
            f"{KUBECTL} create --dry-run=server --validate=strict -f - > /dev/null 2>&1 && echo taken || echo refused"
        )
        said = shop.twin.ssh("k8s-cp", applied, stdin=yaml.safe_dump(content))
        assert said == ("refused" if by_the_server else "taken"), name
    assert labelled(shop.twin).count("refused") == 0


def test_what_only_cilium_refuses_fails_the_run_until_it_is_mended(shop: Shop, tmp_path: Path) -> None:
    """The CRD's pattern takes the port 99999; Cilium's operator does not, and the agents pass over the policy."""
    folder = tmp_path / "mended"
    folder.mkdir()

    def with_port(port: str) -> None:
        ports = [{"ports": [{"port": port, "protocol": "TCP"}]}]
        (folder / "a.yaml").write_text(yaml.safe_dump(policy("mended", ingress=[{"toPorts": ports}])))

    with_port("99999")
    run = policies(shop.twin, folder=folder)
    assert run.returncode == 1
    assert "a.yaml:4: metadata.name: Cilium refuses it, so it is not enforced: unable to parse port" in run.text
    with_port("9999")
    mended = policies(shop.twin, "--json", folder=folder)
    assert mended.returncode == 0, mended.text
    assert mended.changed == ["Policies | CiliumNetworkPolicy shop/mended"]
    gone = policies(shop.twin, "--data", "state=absent", folder=folder)
    assert gone.returncode == 0, gone.text


def test_a_policy_made_by_hand_is_not_taken_over_until_it_is_handed_over(shop: Shop, tmp_path: Path) -> None:
    folder = tmp_path / "handed"
    folder.mkdir()
    shop.twin.ssh("k8s-cp", f"{KUBECTL} apply -f - > /dev/null", stdin=yaml.safe_dump(policy("by-hand", ingress=[{}])))
    (folder / "a.yaml").write_text(yaml.safe_dump(policy("by-hand", ingressDeny=[{}])))
    run = policies(shop.twin, folder=folder)
    assert run.returncode == 1
    assert "CiliumNetworkPolicy shop/by-hand is in the cluster already and was not applied by kubestead" in run.text
    (label,) = re.findall(r"hand that one over: kubectl (label .*)", run.text)
    shop.twin.ssh("k8s-cp", f"{KUBECTL} {label}")
    taken = policies(shop.twin, "--json", folder=folder)
    assert taken.returncode == 0, taken.text
    assert taken.changed == ["Policies | CiliumNetworkPolicy shop/by-hand"]
    asked = f"{KUBECTL} -n shop get cnp by-hand -o jsonpath='{{.spec.ingressDeny}}{{.spec.ingress}}'"
    assert shop.twin.ssh("k8s-cp", asked) == "[{}]", "what stood there before is gone"
    opened = """patch cnp by-hand --type=merge --patch '{"spec": {"ingress": [{}]}}'"""
    shop.twin.ssh("k8s-cp", f"{KUBECTL} -n shop {opened}")
    assert policies(shop.twin, "--json", folder=folder).changed == taken.changed
    assert shop.twin.ssh("k8s-cp", asked) == "[{}]", "and what somebody added"
    assert policies(shop.twin, "--json", folder=folder).changed == []
    assert policies(shop.twin, "--data", "state=absent", folder=folder).returncode == 0
