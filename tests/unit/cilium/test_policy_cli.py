"""``kubestead policy check``: what it says, and against which schemas."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from kubestead.cilium.crdfiles import MODULE
from kubestead.cli.main import app

POLICY = """\
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: a, namespace: shop}
spec:
  endpointSelector: {}
  ingress: [{fromEndpoints: [{}], fromCIDR: [10.0.0.0/8]}]
"""
CRD = """\
spec:
  names: {{kind: {}}}
  versions:
  - name: v2
    served: true
    schema:
      openAPIV3Schema:
        type: object
        properties: {{apiVersion: {{}}, kind: {{}}, metadata: {{}}, spec: {}}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "a.yaml").write_text(POLICY)
    return tmp_path


def crds(folder: Path, spec: str) -> None:
    folder.mkdir(parents=True)
    for kind in ("CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy", "CiliumCIDRGroup"):
        (folder / f"{kind.lower()}.yaml").write_text(CRD.format(kind, spec))


def check(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["policy", "check", *arguments])
    return done.exit_code, done.stdout


def test_what_is_wrong_is_told(folder: Path) -> None:
    code, text = check()
    assert code == 1
    assert "policies/a.yaml:6: spec.ingress.0.fromCIDR: names 2 kinds of peers" in text
    assert "1 policy, 1 error; checked not against Cilium's schemas: those of 1.18.4 are not on this machine" in text


def test_the_schemas_in_this_machines_cache_are_used(folder: Path) -> None:
    crds(folder / "cache" / "kubestead" / MODULE.format(version="1.18.4"), "{type: array}")
    code, text = check()
    assert code == 1
    assert "policies/a.yaml:4: spec = {" in text
    assert "must be a list" in text
    assert "checked against the schemas in" in text


def test_schemas_may_be_named_and_good_policies_are_well(folder: Path) -> None:
    (folder / "policies" / "a.yaml").write_text(POLICY.replace("fromEndpoints: [{}], ", ""))
    crds(folder / "mine", "{type: object}")
    code, text = check("policies", "--crds", "mine")
    assert (code, "1 policy, 0 errors; checked against the schemas in mine" in text) == (0, True)


def test_what_only_envoy_enforces_is_told(folder: Path) -> None:
    http = "ingress: [{toPorts: [{ports: [{port: '80', protocol: TCP}], rules: {http: [{method: GET}]}}]}]"
    (folder / "policies" / "a.yaml").write_text(POLICY.partition("  ingress")[0] + f"  {http}\n")
    code, text = check()
    assert code == 0
    assert (
        "warning policies/a.yaml:6: spec.ingress.0.toPorts.0.rules.http: is enforced by Envoy alone; without it the"
        in text
    )
    assert "stays as open as it was, and policies that come later do not reach its node's pods either" in text
