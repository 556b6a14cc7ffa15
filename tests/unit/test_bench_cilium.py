"""The pure parts of bench.cilium: modes and what agents say of them, tools' reports, ratios, tables, the picture."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import asdict, replace

import pytest

from bench import debian, document, results
from bench.cilium import chart, floor, modes, numbers, samples, tables
from bench.cilium.__main__ import order
from bench.cilium.onhost import sample as onhost
from bench.cilium.samples import WAYS, Agent, Quiet, Sample, Taken
from bench.cilium.taking import in_turn
from kubestead.cilium.rules import contradictions
from kubestead.errors import KubesteadError
from kubestead.spec import ClusterSpec
from kubestead.twin import plan
from tests.unit.cilium import ciliumlab

SVG = "{http://www.w3.org/2000/svg}"
DEFAULT, DSR = modes.MODES[0], modes.chosen(["dsr"])[0]
IPERF = {"end": {"sum_received": {"bits_per_second": 12.5e9}}}
WRK = {"requests": 500, "microseconds": 2_000_000, "errors": 0, "p50": 40.0, "p99": 90.0}


def recorded(node="k8s-cp"):
    """What a real agent said in the default mode."""
    line = next(line for line in ciliumlab.lines(node) if line.startswith("status\t"))
    return json.loads(line.partition(" ")[2])


def sample(gbit=10.0, p50=50.0, p99=100.0, connections=5000.0):
    return Sample(gbit, p50, p99, connections)


def taken(mode, factors, floor=10.0):
    """A cluster on which every way gives these parts of what the floor gives, in one repeat each."""
    repeats = tuple(
        {way: sample(floor * (1 if way == "floor" else factor), 50 / factor) for way in WAYS} for factor in factors
    )
    said = {node: {**mode.wanted(), "host routing": "legacy"} for node in ("k8s-cp", "k8s-worker1")}
    agents = tuple(Agent(node, "cilium-agent", 160.0, 200.0, 9.0, 1.0) for node in said)
    return Taken(mode.name, mode.title, dict(mode.overrides), said, 60, Quiet(0.05, 0.01), 40, repeats, agents)


@pytest.mark.parametrize("mode", modes.MODES, ids=lambda mode: mode.name)
def test_every_mode_is_a_choice_that_contradicts_nothing(mode):
    assert not list(contradictions(ClusterSpec(**mode.overrides)))


def test_the_first_mode_is_the_default():
    assert DEFAULT.overrides == {}


def test_the_modes_that_are_asked_for():
    assert [mode.name for mode in modes.chosen(["native", "vxlan"])] == ["vxlan", "native"]
    assert modes.chosen([]) == modes.MODES
    with pytest.raises(ValueError, match="no mode geneve; there are: vxlan, "):
        modes.chosen(["vxlan", "geneve"])


def test_a_real_agent_says_the_default_mode():
    said = modes.said(recorded())
    assert said["host routing"] == "legacy"
    assert modes.findings(DEFAULT, {"k8s-cp": said}, ["k8s-cp"]) == []


def test_an_agent_in_another_mode_is_told():
    found = modes.findings(DSR, {"k8s-cp": modes.said(recorded())}, ["k8s-cp", "k8s-worker1"])
    assert found[0] == "k8s-worker1: no agent answered"
    assert "k8s-cp: routing is 'vxlan', not 'native'" in found
    assert "k8s-cp: answers is '', not 'dsr'" in found
    assert "k8s-cp: services is 'kube-proxy', not 'Cilium'" in found


def test_an_agent_without_kube_proxy_tells_how_it_answers():
    status = recorded()
    status["kube-proxy-replacement"] |= {"mode": "True", "features": {"nodePort": {"enabled": True, "mode": "DSR"}}}
    status["routing"] = {"inter-host-routing-mode": "Native", "intra-host-routing-mode": "BPF"}
    status["masquerading"] |= {"mode": "BPF"}
    said = modes.said(status)
    assert modes.findings(DSR, {"k8s-cp": said}, ["k8s-cp"]) == []
    assert said["host routing"] == "bpf"


def endpoint(namespace, enabled):
    return {"status": {"external-identifiers": {"k8s-namespace": namespace},
                       "policy": {"realized": {"policy-enabled": enabled}}}}  # fmt: skip


def test_where_a_policy_is_enforced():
    health = {"status": {"external-identifiers": {}, "policy": {"realized": {"policy-enabled": "none"}}}}
    endpoints = [endpoint("bench", "both"), endpoint("kube-system", "none"), health]
    assert modes.enforced(endpoints, "bench") == {"both"}
    assert modes.enforced([*endpoints, endpoint("bench", "ingress")], "bench") == {"both", "ingress"}
    assert modes.enforced([{"status": {"external-identifiers": {"k8s-namespace": "bench"}}}], "bench") == {"unknown"}


def test_hubble_off_is_seen():
    status = recorded()
    status["hubble"] = {"state": "Disabled"}
    assert modes.said(status)["Hubble"] == "off"


def printed(iperf=None, one=None, many=None):
    return "\n".join(map(json.dumps, (iperf or IPERF, one or WRK, many or WRK))) + "\n"


def test_the_tools_reports():
    assert samples.parse(printed()) == Sample(gbit=12.5, p50=40, p99=90, connections=250, errors=0)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (printed(iperf={"error": "unable to connect to server"}), "iperf3: unable to connect"),
        (printed(many={**WRK, "errors": 6}), "wrk, on new connections: 6 errors, 500 requests"),
        (printed(one={**WRK, "requests": 0}), "wrk, on one connection: 0 errors, 0 requests"),
        ("sh: wrk: not found\n", "not three lines of JSON: 'sh: wrk"),
        (json.dumps(IPERF) + "\n", "not three lines"),
    ],
)
def test_a_tool_that_failed_is_an_error(text, error):
    with pytest.raises(KubesteadError, match=error):
        samples.parse(text)


def test_agents_are_told_from_before_and_after():
    def found(cpu, rss):
        return {"program": "cilium-agent", "rss_mib": rss, "working_set_mib": None, "cpu_seconds": cpu}

    (agent,) = samples.agents({"k8s-cp": [found(8.0, 100)]}, {"k8s-cp": [found(9.5, 150)]})
    assert agent == Agent("k8s-cp", "cilium-agent", 150, None, 8.0, 1.5)


STAT = "7 (a b) c) S 1 1 1 0 -1 0 9 9 9 9 100 50 30 20 0"


@pytest.fixture
def proc(tmp_path):
    """An agent, a shell and a process that has just ended, in a folder like /proc."""
    for number, name in ((7, "cilium-agent"), (8, "bash"), (9, "kube-proxy")):
        folder = tmp_path / "proc" / str(number)
        folder.mkdir(parents=True)
        (folder / "comm").write_text(f"{name}\n")
    agent = tmp_path / "proc/7"
    (agent / "status").write_text("Name:\tcilium-agent\nVmRSS:\t  163840 kB\n")
    (agent / "stat").write_text(STAT)
    return tmp_path / "proc"


@pytest.mark.parametrize(
    ("line", "files"),
    [
        ("11:cpu,memory:/kube/x\n0::/else\n", ("memory/kube/x", "memory.usage_in_bytes", "total_inactive_file")),
        ("0::/kube/x\n", ("kube/x", "memory.current", "inactive_file")),
    ],
    ids=["cgroup v1", "cgroup v2"],
)
def test_an_agents_memory_and_time(proc, tmp_path, line, files):
    (proc / "7/cgroup").write_text(line)
    folder, used, idle = files
    group = tmp_path / "cgroup" / folder
    group.mkdir(parents=True)
    (group / used).write_text(f"{300 << 20}\n")
    (group / "memory.stat").write_text(f"cache 1\n{idle} {50 << 20}\n")
    assert list(onhost.sample(proc, tmp_path / "cgroup", ticks=100)) == [
        {"program": "cilium-agent", "rss_mib": 160.0, "working_set_mib": 250.0, "cpu_seconds": 2.0}
    ]


def test_a_working_set_that_is_not_told_is_none(proc, tmp_path):
    (proc / "7/cgroup").write_text("0::/nowhere\n")
    (found,) = onhost.sample(proc, tmp_path / "cgroup", ticks=100)
    assert found["working_set_mib"] is None


def test_a_ratio_is_to_the_floor_of_the_same_repeat():
    metric = numbers.METRICS["throughput"]
    (mode,) = numbers.by_mode([taken(DEFAULT, (0.4, 0.5)), taken(DEFAULT, (0.9,), floor=20)])
    assert mode.ratios("pod", metric) == results.Spread(0.4, 0.5, 0.9)
    assert mode.values("floor", metric) == [10, 10, 20]


def test_a_mode_is_compared_with_the_first_by_its_ratio():
    default, other = numbers.by_mode([taken(DEFAULT, (0.5,)), taken(DSR, (0.75,), floor=5)])
    assert numbers.to_default(other, default, "pod", numbers.METRICS["throughput"]) == pytest.approx(1.5)


def test_the_tables():
    text = tables.report([taken(DEFAULT, (0.4, 0.5, 0.6)), taken(DSR, (0.75, 0.75))])
    assert f"| {DEFAULT.title} | 10.0 / **10.0** / 10.0 | 0.40 / **0.50** / 0.60 |" in text
    assert f"| {DSR.title} | 10.0 / **10.0** / 10.0 | 0.75 / **0.75** / 0.75, x 1.50 |" in text
    assert f"| {DSR.title} | pod to pod | 7.5 / **7.5** / 7.5 | 67 / **67** / 67 |" in text
    assert (
        "| cilium-agent | 160 / **160** / 160 | 200 / **200** / 200 | 9.0 / **9.0** / 9.0 | 2.5 / **2.5** / 2.5 |"
        in text
    )
    assert "| routing native, services Cilium, masquerade bpf, answers dsr, Hubble on, host routing legacy |" in text


def test_the_slowest_are_shown_as_they_are():
    assert f"| {DSR.title} | 100 / **100** / 100 |" in tables.slowest([taken(DSR, (0.5, 0.6))])


def test_a_noisy_machine_is_told():
    quiet = taken(DEFAULT, (0.5,))
    noisy = replace(quiet, quiet=Quiet(0.05, 0.8))
    assert "Noisy" not in tables.report([quiet])
    assert "**Noisy**: others took up to 80% of the processors" in tables.report([quiet, noisy])


def test_agents_whose_host_does_not_tell_the_working_set():
    one = taken(DEFAULT, (0.5,))
    without = replace(one, agents=tuple(replace(agent, working_set_mib=None) for agent in one.agents))
    assert "| cilium-agent | 160 / **160** / 160 |  |" in tables.agents([without])


def test_results_are_read_again(tmp_path):
    one = taken(DSR, (0.5, 0.6))
    data = {"taken": [asdict(one)]}
    results.write_pair(tmp_path, "cilium", "Modes", {"date": "2026-01-02", "commit": "abc"}, data, "body")
    assert numbers.load(tmp_path / "2026-01-02-abc-cilium.json")[1] == [one]


def test_a_file_that_is_no_result_is_refused(tmp_path):
    (tmp_path / "x-cilium.json").write_text('{"facts": {}, "taken": [{}]}')
    with pytest.raises(KubesteadError, match=r"x-cilium\.json: not a result of 'make bench-cilium'"):
        numbers.load(tmp_path / "x-cilium.json")


def test_the_picture_has_a_bar_for_each_mode_way_and_metric():
    text = chart.picture([taken(mode, (0.4, 0.5, 1.6)) for mode in modes.MODES], "a title & more")
    root = ET.fromstring(text)  # noqa: S314 - our own
    bars = [item for item in root.iter(f"{SVG}rect") if item.find(f"{SVG}title") is not None]
    assert len(bars) == len(modes.MODES) * len(tables.OTHERS) * len(chart.DRAWN)
    _, _, width, height = map(float, root.get("viewBox", "").split())
    for bar in root.iter(f"{SVG}line"):
        assert 0 < float(bar.get("y2", "0")) <= float(bar.get("y1", "0")) < height
        assert 0 < float(bar.get("x1", "0")) <= float(bar.get("x2", "0")) <= width
    texts = ["".join(item.itertext()) for item in root.iter(f"{SVG}text")]
    assert texts[0] == "a title & more"
    assert {mode.title for mode in modes.MODES} <= set(texts)


def test_bars_are_as_high_as_their_ratios():
    panel = chart.panel(numbers.by_mode([taken(DEFAULT, (0.5,))]), numbers.METRICS["throughput"], top=0)
    assert panel.bars[0].height == pytest.approx((panel.ticks[0][0] - panel.floor) / 2)


def test_the_floor_has_addresses_no_host_has():
    hosts = {node.address for node in plan.Plan("x", workers=1).nodes} | {plan.GATEWAY}
    assert not hosts & set(floor.ADDRESSES.values())


def test_no_way_and_no_mode_always_follows_the_same_one():
    assert [in_turn("abc", number) for number in range(3)] == [list("abc"), list("cba"), list("abc")]
    two = modes.MODES[:2]
    assert list(order(two, 2)) == [*two, *two[::-1]]


def test_a_block_of_the_page_is_filled(tmp_path, monkeypatch):
    monkeypatch.setattr(document, "RESULTS", tmp_path)
    facts = {"date": "2026-01-02", "commit": "abc", "CPU": "2 x one", "memory": "8 GiB", "OS": "Debian"}
    facts["each measurement"] = "1 s"
    data = {"taken": [asdict(taken(DEFAULT, (0.5,)))]}
    results.write_pair(tmp_path, "cilium", "Modes", facts, data, "body")
    name = "2026-01-02-abc-cilium"
    text = document.filled(f"<!-- bench {name}.json: throughput -->\nold\n<!-- end -->")
    assert (
        "0.50 / **0.50** / 0.50" in text and "Each measurement 1 s; 2026-01-02, 2 x one" in text and "old" not in text
    )
    assert f"bench/results/{name}.svg" in document.filled(f"<!-- bench {name}.json: picture -->\n<!-- end -->")
    with pytest.raises(KubesteadError, match="no table is called 'memory'; there are: throughput"):
        document.filled(f"<!-- bench {name}.json: memory -->\n<!-- end -->")


def test_packages_that_cannot_be_had_are_told(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(KubesteadError, match="tools is not installed, and this machine has no apt-get"):
        debian.unpacked("tools", "wrk")
    failing = tmp_path / "apt-get"
    failing.write_text("#!/bin/sh\necho 'E: Unable to locate package wrk' >&2\nexit 100\n")
    failing.chmod(0o755)
    with pytest.raises(KubesteadError, match="Unable to locate package wrk; try: apt-get update"):
        debian.unpacked("tools", "wrk")


def test_packages_that_were_unpacked_before_are_not_downloaded_again(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    there = tmp_path / "kubestead/debian/tools"
    there.mkdir(parents=True)
    assert debian.unpacked("tools", "wrk") == there
