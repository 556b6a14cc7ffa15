"""Every fact: one fixture file per case in ``tests/facts/<module.Class>/``, in pyinfra-testing's form."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

import pytest
from pyinfra.api import FactBase
from pyinfra_testing.facts import make_fact_tests

import kubestead.facts
from kubestead.facts.containerd import Images

FOLDER = Path(__file__).parent / "facts"
# The first two are loaded by tests/facts/test_host_facts.py, which makes plain values of them first; a set is no JSON;
# what a whole cluster told is looked at together with kubestead/adopt.
ELSEWHERE = {"host.HostFacts", "reachability.ReachedPorts", "containerd.Images", "running_cluster.RunningClusterFacts"}
# A command is written out in one case of each fact; one that is a script is run instead (test_facts_on_this_machine).
pytestmark = pytest.mark.filterwarnings("ignore:No command set for test")

for folder in sorted(FOLDER.glob("*.*/")):
    if folder.is_dir() and folder.name not in ELSEWHERE:
        globals()[f"Test{folder.name.rpartition('.')[2]}"] = make_fact_tests("kubestead.facts", folder.name, folder)


def test_images_are_a_set_of_references():
    assert Images().process(["a@sha256:1", "b:2"]) == {"a@sha256:1", "b:2"}


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
