"""deploys/mesh.py on fake hosts: a card is handed over, the others' taken; no key is seen anywhere but in the card."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

from kubestead.cilium.meshcard import as_text, read_card
from tests.deploys.runner import Run, run
from tests.unit.cilium.test_mesh import CERTIFICATE, card_of

KEY = "-----BEGIN RSA PRIVATE KEY-----\nblowfish\n-----END RSA PRIVATE KEY-----\n"
CHOICES = """
pod_cidr = "10.1.0.0/16"
cilium_cluster_id = 1
cilium_mesh = [{"name": "c2", "id": 2, "pod_cidrs": ["10.2.0.0/16"]}]
cilium_mesh_addresses = ["192.168.1.187"]
"""
CARD = ".kubestead/mesh/lab.yaml"


def packed(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def lab(**others: Any) -> str:
    """A cluster that has a certificate for others; its agents know ``c2``."""
    made = CERTIFICATE.format("own")
    digest = hashlib.sha256(KEY.encode()).hexdigest()
    answers: dict[str, Any] = {
        "{.data.ca\\.crt}": "\n".join([packed(made), packed(made), f"{digest}  -"]),
        "{.data.tls\\.key}'": packed(KEY),
        "api-resources": "answered",
        "wanted=$(cat)": "other",
        "cilium-dbg status": "node k8s-cp\nk8s-cp|c2|true|etcd: 1/1 connected\nanswered",
        # A fake host succeeds at whatever it is not told about, also at `false`.
        "has not handed over": {"success": False},
        **others,
    }
    return f"bare_lab({ {'k8s-cp': answers}!r})"


def give(folder: Path, **choices: Any) -> None:
    """Have the card of ``c2`` in the folder."""
    path = folder / ".kubestead" / "mesh" / "c2.yaml"
    path.parent.mkdir(mode=0o700, parents=True)
    path.touch(mode=0o600)
    path.write_text(as_text(card_of(2, **choices)))


def outcomes(done: Run) -> dict[str, bool]:
    return {line["operation"]: line["changed"] for line in done.record}


def test_without_the_others_card_the_own_is_handed_over_and_the_next_step_told(tmp_path: Path) -> None:
    done = run(tmp_path, "mesh", "-y", "-vv", lab=lab(), more=CHOICES)
    assert done.returncode == 1
    # A fake host prints nothing: the words are in the command.
    assert "c2 has not handed over its card (.kubestead/mesh/c2.yaml): run deploys/mesh.py in that" in done.stderr
    assert (tmp_path / CARD).stat().st_mode & 0o777 == 0o600
    assert read_card(tmp_path / CARD).key == KEY


def test_with_it_the_clusters_are_connected_and_no_key_is_seen(tmp_path: Path) -> None:
    give(tmp_path)
    done = run(tmp_path, "mesh", "-y", "-vvv", "--debug", "--diff", lab=lab(), more=CHOICES)
    assert done.returncode == 0, done.stderr[-3000:]
    assert outcomes(done) == {
        "Card of lab": True,
        "The other clusters' cards": True,
        "Agents read them": True,
        "Every agent is connected": False,
        "Every cluster's card is there": False,
    }
    order = [done.sent(words)[-1][0] for words in ("apply --server-side", "annotate pods", "cilium-dbg status")]
    assert order == sorted(order)
    written = "".join(path.read_text() for path in tmp_path.glob(".kubestead/runs/*/*"))
    secrets = [word for key in (KEY, card_of(2).key) for word in (key.splitlines()[1], packed(key), key)]
    assert not [secret for secret in secrets if secret in done.stdout + done.stderr + written]


def test_a_card_of_another_kind_of_network_ends_the_run_first(tmp_path: Path) -> None:
    give(tmp_path, cilium_routing="geneve")
    done = run(tmp_path, "mesh", "-y", lab=lab(), more=CHOICES)
    assert done.returncode == 1
    assert "cilium_routing: is vxlan here and geneve there" in done.stderr
    assert done.record == []
    assert not (tmp_path / CARD).exists()


def test_a_cluster_without_the_mesh_s_server_is_told_what_comes_first(tmp_path: Path) -> None:
    done = run(tmp_path, "mesh", "-y", lab=lab(**{"{.data.ca\\.crt}": ""}), more=CHOICES)
    assert done.returncode == 1
    assert "run deploys/cluster.py first" in done.stderr


def test_out_of_the_mesh_the_others_are_forgotten(tmp_path: Path) -> None:
    metadata = {"namespace": "kube-system", "name": "cilium-clustermesh"}
    left = json.dumps({"apiVersion": "v1", "kind": "Secret", "metadata": metadata})
    done = run(tmp_path, "mesh", "-y", "-vv", lab=lab(**{"api-resources": f"kinds\tsecrets\n{left}\nanswered"}))
    assert done.returncode == 0, done.stderr[-3000:]
    assert outcomes(done)["The other clusters' cards"]
    assert done.sent("delete --ignore-not-found")
    assert "Every agent is connected" not in outcomes(done)
