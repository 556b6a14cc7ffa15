"""Cilium's values against the Cilium that runs: what is fixed, what would get lost, what is only told."""

from dataclasses import replace

import pytest

from kubestead.adopt.cilium import cilium_findings
from kubestead.adopt.running import HelmRecord
from kubestead.phases.cilium import cilium_values
from kubestead.spec import ClusterSpec
from tests.fixtures.catalog import catalog
from tests.unit.adopt.running import DEFAULTS, LINES, PLAIN, with_cilium


def findings(running, places=None, switching=False, **values):
    spec = ClusterSpec.load({**LINES, **values})
    return list(cilium_findings(spec, cilium_values(spec, catalog(), nodes=2), running, places or {}, switching))


def errors(running, **values):
    return [finding for finding in findings(running, **values) if finding.severity == "error"]


def with_values(values, **changes):
    return replace(PLAIN, record=HelmRecord("deployed", "1.18.4", values, DEFAULTS), **changes)


def with_pools(*pools):
    return {"cluster": {"name": "default"}, "ipam": {"operator": {"clusterPoolIPv4PodCIDRList": list(pools)}}}


@pytest.mark.parametrize(
    ("running", "path", "now"),
    [
        (with_cilium(ipam="kubernetes"), "ipam.mode", {"ipam": {"mode": "kubernetes"}}),
        (with_cilium(cluster_name="other"), "cluster.name", {"cluster": {"name": "other"}}),
    ],
)
def test_a_fixed_value_is_refused_with_the_whole_line(running, path, now):
    (finding,) = errors(running)
    assert finding.where == f"group_data/all.py: cilium_extra_values.{path}"
    kept = {"cluster": {"name": "default"}} | now
    assert finding.fix == f"write: cilium_extra_values = {kept!r}".replace("'", '"')
    assert "cannot be changed in place" in finding.reason
    assert errors(running, cilium_extra_values=kept) == []


@pytest.mark.parametrize(
    ("running", "path", "now"),
    [
        (with_cilium(routing_mode="native"), "routingMode", {"routingMode": "native"}),
        (with_cilium(tunnel_protocol="geneve"), "tunnelProtocol", {"tunnelProtocol": "geneve"}),
        (with_cilium(enable_bpf_masquerade="true"), "bpf.masquerade", {"bpf": {"masquerade": True}}),
    ],
)
def test_what_interrupts_traffic_is_not_done_in_passing(running, path, now):
    (finding,) = errors(running)
    assert finding.where == f"group_data/all.py: cilium_extra_values.{path}"
    kept = {"cluster": {"name": "default"}} | now
    assert finding.fix.startswith("write: cilium_extra_values = ")
    assert finding.fix.endswith("; to change it: pyinfra INVENTORY deploys/cilium.py")
    assert "deploys/cluster.py does not change it in passing" in finding.reason
    assert errors(running, cilium_extra_values=kept) == []
    assert [one for one in findings(running, switching=True) if one.severity == "error"] == []


def test_several_are_told_one_by_one_and_one_line_holds_them_all():
    first, second = errors(replace(with_cilium(routing_mode="native"), record=with_values({"devices": "eth0"}).record))
    assert first.fix == (
        'write: cilium_extra_values = {"cluster": {"name": "default"}, "routingMode": "native", "devices": "eth0"}; '
        "to change it: pyinfra INVENTORY deploys/cilium.py"
    )
    assert second.fix == "it is in the line above"


def test_a_pool_of_several_networks_needs_ciliums_own_value():
    running = with_cilium(cluster_pool_ipv4_cidr="10.1.0.0/16 10.2.0.0/16")
    (finding,) = errors(running)
    assert finding.where.endswith("cilium_extra_values.ipam.operator.clusterPoolIPv4PodCIDRList")
    assert errors(running, cilium_extra_values=with_pools("10.1.0.0/16", "10.2.0.0/16")) == []


def test_a_pool_may_grow_at_its_end():
    assert errors(PLAIN, cilium_extra_values=with_pools("10.0.0.0/8", "100.64.0.0/10")) == []
    assert len(errors(PLAIN, cilium_extra_values=with_pools("100.64.0.0/10", "10.0.0.0/8"))) == 1


def test_without_a_pool_of_its_own_pool_and_mask_say_nothing():
    running = with_cilium(ipam="kubernetes", cluster_pool_ipv4_cidr="1.0.0.0/8", cluster_pool_ipv4_mask_size="20")
    kept = {"cluster": {"name": "default"}, "ipam": {"mode": "kubernetes"}}
    assert errors(running, cilium_extra_values=kept) == []


def test_values_given_by_hand_would_get_lost():
    running = with_values({"ipv6": {"enabled": True}, "bpf": {"masquerade": True}, "operator": {"replicas": 1}})
    found = errors(running)
    assert [finding.where.partition("cilium_extra_values.")[2] for finding in found] == [
        "ipv6.enabled",
        "bpf.masquerade",
    ]
    assert "has True, which this run would set back to the chart's own value" in found[0].reason
    assert found[0].fix == (
        'write: cilium_extra_values = {"cluster": {"name": "default"}, "ipv6": {"enabled": True}, '
        '"bpf": {"masquerade": True}}'
    )


@pytest.mark.parametrize("value", [{"ipv6": {"enabled": False}}, {"bpf": {"x": None}}])
def test_a_value_that_is_the_charts_own_is_no_loss(value):
    assert errors(with_values(value)) == []


@pytest.mark.parametrize("written", [False, None])
def test_a_value_that_was_decided_on_is_no_loss(written):
    kept = {"cluster": {"name": "default"}, "bpf": {"masquerade": written}}
    assert errors(with_values({"bpf": {"masquerade": True}}), cilium_extra_values=kept) == []


def test_once_kubestead_keeps_the_values_they_are_the_specs():
    running = with_values({"ipv6": {"enabled": True}}, cilium_kept_here=True)
    assert findings(running) == []


def test_what_the_first_run_changes_is_told_once():
    (warning,) = findings(with_values({"operator": {"replicas": 1}}))
    assert warning.severity == "warning"
    assert "operator.replicas from 1 to 2" in warning.reason
    assert "hubble.relay.enabled from False to True" in warning.reason
    # Left open by the chart, or the catalog's business.
    assert "routingMode" not in warning.reason
    assert "digest" not in warning.reason


@pytest.mark.parametrize(
    ("runs", "refused"),
    [("1.18.4", False), (None, False), ("latest", False),
     ("1.16.5", True), ("1.18.5", True), ("1.19.0", True)],
)  # fmt: skip
def test_cilium_goes_forward_one_minor_release_at_a_time(runs, refused):
    found = errors(replace(PLAIN, cilium_version=runs))
    assert [finding.where for finding in found] == ["group_data/all.py: cilium_version"] * refused
    if refused:
        assert found[0].fix == f'write: cilium_version = "{runs}"'


@pytest.mark.parametrize("runs", ["1.18.1", "1.17.9"])
def test_an_upgrade_is_not_done_in_passing(runs):
    running = replace(PLAIN, cilium_version=runs)
    (finding,) = errors(running)
    assert finding.fix == f'write: cilium_version = "{runs}"; to change it: pyinfra INVENTORY deploys/cilium.py'
    assert [one for one in findings(running, switching=True) if one.severity == "error"] == []


def test_without_cilium_there_is_nothing_to_say():
    assert findings(replace(PLAIN, cilium=None)) == []
