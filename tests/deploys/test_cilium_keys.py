"""deploys/cilium_keys.py on fake hosts, and the key's place in the runs that need it."""

from __future__ import annotations

from pathlib import Path

from tests.deploys.runner import run

IPSEC = '\ncilium_encryption = "ipsec"\n'
THERE = "{.metadata.resourceVersion} {.data.keys}"
MADE = ["version 812", "1 4 3+. rfc4106(gcm(aes)). 40 128.", "answered"]


def having(*answer: str) -> str:
    return f"bare_lab({ {'k8s-cp': {THERE: list(answer)}}!r})"


def test_a_missing_key_is_made_on_the_control_plane_alone(tmp_path: Path) -> None:
    done = run(tmp_path, "cilium_keys", "-y", "-vv", lab=having("answered"), more=IPSEC)
    assert done.returncode == 0, done.stderr
    assert [(line["operation"], line["host"], line["changed"]) for line in done.record] == [
        ("Key for IPsec", "k8s-cp", True)
    ]
    assert [host for _, host in done.sent("/dev/urandom")] == ["k8s-cp"]


def test_one_that_is_there_is_kept(tmp_path: Path) -> None:
    done = run(tmp_path, "cilium_keys", "-y", "-vv", lab=having(*MADE), more=IPSEC)
    assert done.returncode == 0, done.stderr
    assert [line["changed"] for line in done.record] == [False]
    assert done.sent("/dev/urandom") == []


def test_without_ipsec_there_is_no_key_of_ours(tmp_path: Path) -> None:
    done = run(tmp_path, "cilium_keys", "-y", more='\ncilium_encryption = "wireguard"\n')
    assert done.returncode == 1
    assert "WireGuard's are Cilium's own business" in done.stderr


def test_a_cluster_with_ipsec_has_its_key_before_its_agents(tmp_path: Path) -> None:
    done = run(tmp_path, "cluster", "--dry", "--json", more=IPSEC, cilium_encryption="ipsec")
    assert done.returncode == 0, done.stderr
    names = [line[24:] for line in done.plan]
    assert names.index("Cilium | Key for IPsec") == names.index("Cilium | Cilium 1.18.4") - 1


def test_a_cluster_without_has_none(tmp_path: Path) -> None:
    done = run(tmp_path, "cluster", "--dry", "--json")
    assert not [line for line in done.plan if "IPsec" in line]
