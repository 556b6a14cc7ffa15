"""Whatever passes the rules becomes values that the chart knows and its schema takes."""

from __future__ import annotations

from typing import Any, Literal, get_args, get_origin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kubestead import cache
from kubestead.chart import Chart, read_chart
from kubestead.chartvalues import check_values
from kubestead.errors import InvalidInput
from kubestead.phases.cilium import cilium_values
from kubestead.spec import ClusterSpec
from kubestead.spec.cilium import CiliumChoices
from tests.fixtures.catalog import catalog
from tests.unit.cilium.examples import BETA, BGP, GAMMA, GREEN, LAN, POOL

CATALOG = catalog()
OTHERS: dict[str, st.SearchStrategy[Any]] = {
    "cilium_native_cidr": st.sampled_from([None, "10.0.0.0/8", "0.0.0.0/1", "10.0.0.0/7"]),
    "cilium_mtu": st.integers(0, 65520),
    "cilium_more_pod_cidrs": st.lists(st.sampled_from(["11.0.0.0/16", "11.1.0.0/24", "100.64.0.0/26"]), unique=True),
    "cilium_pools": st.sampled_from([[], [GREEN], [GREEN, {**GREEN, "name": "1e3", "mask_size": 20}]]),
    "cilium_api_servers": st.sampled_from([[], ["https://10.9.0.1:6443", "https://10.9.0.2:6443"]]),
    "cilium_lb_pools": st.sampled_from([[], [POOL]]),
    "cilium_l2_announcements": st.sampled_from([[], [LAN]]),
    "cilium_bgp": st.sampled_from([[], BGP]),
    "cilium_cluster_id": st.integers(0, 255),
    "cilium_mesh": st.sampled_from([[], [BETA], [BETA, GAMMA]]),
    "cilium_mesh_addresses": st.sampled_from([[], ["192.168.1.187", "192.168.1.61"]]),
    "cilium_mesh_port": st.integers(32378, 32380),
    "pod_cidr_v6": st.sampled_from(["fd00:10::/48", "fd00:20::/56", "fd00:20::/64"]),
    "pod_cidr_v6_mask_size": st.integers(48, 80),
    "service_cidr_v6": st.sampled_from(["fd00:96::/112", "fd00:20::/108"]),
    "hubble_metrics": st.lists(st.sampled_from(["dns", "drop", "httpV2", "port-distribution"]), unique=True),
    "cilium_extra_values": st.just({}),
}


def strategy(key: str) -> st.SearchStrategy[Any]:
    annotation = ClusterSpec.model_fields[key].annotation
    if get_origin(annotation) is Literal:
        return st.sampled_from(get_args(annotation))
    return st.booleans() if annotation is bool else OTHERS[key]


choices = st.fixed_dictionaries(
    {}, optional={key: strategy(key) for key in ["kube_proxy", *CiliumChoices.model_fields]}
)


def passing(values: dict[str, Any]) -> ClusterSpec:
    """A spec of these values without those that are refused together with others."""
    while True:
        try:
            return ClusterSpec.load(values)
        except InvalidInput as error:
            wrong = {finding.where.partition(": ")[2].partition(".")[0] for finding in error.findings}
            # A key may be refused for what another says; then any one of those that were written goes.
            out = wrong.intersection(values) or {next(iter(values))}
            values = {key: value for key, value in values.items() if key not in out}


@pytest.fixture(scope="module")
def chart() -> Chart:
    name = f"cilium-{ClusterSpec().cilium_version}.tgz"
    found = sorted(cache.root().glob(f"mirrors/*/files/{name}"), key=lambda path: path.stat().st_mtime)
    return read_chart(found[-1]) if found else pytest.skip("needs the chart in the cache: make components")


@settings(deadline=None, max_examples=60)
@given(choices)
def test_whatever_passes_is_taken_by_the_charts_schema(chart: Chart, values: dict[str, Any]) -> None:
    spec = passing(values)
    assert check_values(cilium_values(spec, CATALOG, nodes=3), chart, {}, "here") == []


@settings(deadline=None, max_examples=60)
@given(choices)
def test_what_passes_passes_again_as_the_watcher_writes_it(values: dict[str, Any]) -> None:
    spec = passing(values)
    assert ClusterSpec.load(spec.model_dump(mode="json")) == spec
