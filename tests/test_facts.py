"""Every fact: one fixture file per case in ``tests/facts/<module.Class>/``, in pyinfra-testing's form."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

import pytest
from pyinfra.api import FactBase
from pyinfra_testing.facts import make_fact_tests

import kubestead.facts
from kubestead.facts.containerd import CompleteImages, Images

FOLDER = Path(__file__).parent / "facts"
# The first two are loaded by tests/facts/test_host_facts.py, which makes plain values of them first; sets are no JSON;
# what a whole cluster told is looked at together with kubestead/adopt and kubestead/cilium/status, and objects and
# policies in tests/facts/test_object_facts.py and test_policy_facts.py.
ELSEWHERE = {
    "host.HostFacts", "reachability.ReachedPorts", "containerd.Images", "containerd.CompleteImages",
    "running_cluster.RunningClusterFacts", "cilium.CiliumHost", "cilium.CiliumCluster", "policies.PolicyCluster",
    "objects.OwnedObjects", "objects.ObjectTrial",
}  # fmt: skip
# A command is written out in one case of each fact; one that is a script is run instead (test_facts_on_this_machine).
pytestmark = pytest.mark.filterwarnings("ignore:No command set for test")

for folder in sorted(FOLDER.glob("*.*/")):
    if folder.is_dir() and folder.name not in ELSEWHERE:
        globals()[f"Test{folder.name.rpartition('.')[2]}"] = make_fact_tests("kubestead.facts", folder.name, folder)


def test_images_are_a_set_of_references():
    assert Images().process(["a@sha256:1", "b:2"]) == {"a@sha256:1", "b:2"}


def test_an_image_whose_layer_is_missing_is_not_complete():
    """As ctr of containerd 2.1.5 prints it."""
    fact, reference = CompleteImages(), f"registry.k8s.io/pause@sha256:{'3' * 64}"
    assert str(fact.command(["a:1", "b c"])).endswith("images check name==a:1 'name==b c' 2>/dev/null || true")
    head = "REF TYPE DIGEST STATUS SIZE UNPACKED"
    rows = [
        f"registry.k8s.io/pause:3.10 application/json sha256:{'3' * 64} complete (2/2) 309.0 KiB/309.0 KiB true",
        f"{reference} application/json sha256:{'3' * 64} incomplete (1/2) 474.0 B/309.0 KiB true",
    ]
    assert fact.process([head, *rows]) == {"registry.k8s.io/pause:3.10"}


def test_every_fact_has_fixtures():
    """A fact without a folder here would go untested, and nobody would see."""
    facts = {
        f"{cls.__module__.rpartition('.')[2]}.{cls.__name__}"
        for module in pkgutil.iter_modules(kubestead.facts.__path__)
        for cls in vars(importlib.import_module(f"kubestead.facts.{module.name}")).values()
        if isinstance(cls, type) and issubclass(cls, FactBase) and cls is not FactBase
    }
    folders = {folder.name for folder in FOLDER.glob("*.*/") if folder.is_dir()}
    assert facts - ELSEWHERE == folders - ELSEWHERE
