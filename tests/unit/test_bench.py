"""The benchmark's pure parts: what is read, what is counted, and that both sides wait for the same thing."""

from __future__ import annotations

import asyncio
import json
import re
import resource
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import yaml

from bench import child, cpu, floor_files, machine, milestones, recovery, relay, results, scale, tables
from bench.scalelab import Taken
from kubestead.errors import KubesteadError
from kubestead.facts.health import _FIELDS, ClusterHealth
from kubestead.health import findings
from kubestead.mirror.registry import free_port
from tests.unit import benchlab

BENCH = Path(milestones.__file__).parent
NODES = ("k8s-cp", "k8s-worker1")


def test_an_operation_lasts_from_its_first_host_to_its_last():
    first, *_ = milestones.read_record(benchlab.FRESH, started=100)
    assert (first.title, first.start, first.end, first.changed) == ("every host is prepared", 12, 13, False)


def test_milestones_of_a_run_record():
    reached = milestones.of_record(milestones.read_record(benchlab.FRESH, started=100))
    assert list(reached.values()) == [13, 24, 26, 33, 60, 75]
    assert reached[milestones.HEALTHY] == 60


def test_a_run_without_a_milestone_is_refused_with_what_it_has():
    operations = milestones.read_record(benchlab.FRESH, started=100)[:3]
    with pytest.raises(KubesteadError, match=r"'Cilium \| Cilium \.\.\.'.*Control plane \| kubeadm init"):
        milestones.of_record(operations)


def test_milestones_of_the_floor_are_those_of_its_last_host():
    reached = milestones.of_floor(benchlab.FLOOR)
    assert list(reached.values()) == [10.5, 20, 22, 25, 50]


def test_a_floor_that_did_not_end_is_refused():
    with pytest.raises(KubesteadError, match="no end of: joined, healthy"):
        milestones.of_floor(benchlab.FLOOR[:-2])


def test_every_phase_the_floor_prints_is_a_milestone():
    script = (BENCH / "floor.sh").read_text()
    printed = {line.split()[1] for line in script.splitlines() if line.strip().startswith("phase ")}
    assert printed == {milestone.floor for milestone in milestones.MILESTONES if milestone.floor}


def test_spread():
    assert results.Spread.of([3, 1, 2, 10]) == results.Spread(1, 2.5, 10)
    assert str(results.Spread.of([1.24])) == "1.2 / **1.2** / 1.2"


def test_the_report_compares_medians():
    text = tables.report([benchlab.a_round(55), benchlab.a_round(60), benchlab.a_round(70)])
    assert "| healthy | 50.0 / **50.0** / 50.0 | 55.0 / **60.0** / 70.0 | 1.20 | 150.0 / **150.0** / 150.0 |" in text
    assert "| kubestead | 6 | 2.5 / **3.0** / 3.5 | 1.2 / **1.2** / 1.2 | Host \\| Kernel modules |" in text
    assert "| ansible | 6 | 24.0 / **27.0** / 30.0 | 9.0 / **10.0** / 11.0 | nothing |" in text
    assert "| ansible / kubestead |  | **9.0** |  |  |" in text
    assert "| kubestead, second run | 71.0 / **71.0** / 71.0 |" in text
    assert "| 3 | playbook | 150.0 | 1% |" in text
    assert "| 2 | kubestead | 60.0 | 2% | 70 | 10 | 20 | 0 |" in text
    assert "| Control plane \\| kubeadm init | 11.00 | 24.00 |" in text


def test_results_are_written_as_data_and_as_text(tmp_path):
    facts = {"date": "2026-01-02", "commit": "abc, with changes that are not committed", "CPU": "2 x something"}
    text = results.write_pair(tmp_path / "new", "watch", "Numbers", facts, {"taken": [1]}, "body")
    assert text == "# Numbers\n\n" + "".join(f"- {key}: {value}\n" for key, value in facts.items()) + "\nbody\n"
    assert (tmp_path / "new" / "2026-01-02-abc-watch.md").read_text() == text
    assert json.loads((tmp_path / "new" / "2026-01-02-abc-watch.json").read_text()) == {"facts": facts, "taken": [1]}


def test_results_are_read_again(tmp_path):
    rounds = [benchlab.a_round(55), replace(benchlab.a_round(60), playbook=None, playbook_again=(), playbook_own=None)]
    data = {"rounds": [asdict(one) for one in rounds]}
    results.write_pair(tmp_path, "", "Numbers", {"date": "2026-01-02", "commit": "abc"}, data, "body")
    facts, read = results.load(tmp_path / "2026-01-02-abc.json")
    assert facts == {"date": "2026-01-02", "commit": "abc"}
    assert read == rounds


@pytest.mark.parametrize(
    "path", sorted((BENCH / "results").glob("????-??-??-??????????.json")), ids=lambda path: path.stem
)
def test_committed_results_can_be_read(path):
    _, rounds = results.load(path)
    assert "| healthy |" in tables.fresh(rounds)


def test_a_file_that_is_no_result_is_refused(tmp_path):
    (tmp_path / "x.json").write_text('{"facts": {}, "rounds": [{"order": []}]}')
    with pytest.raises(KubesteadError, match=r"x\.json: not a result of 'make bench'"):
        results.load(tmp_path / "x.json")


def test_recovery_is_compared_with_what_is_possible():
    stopped = [recovery.Stopped(0, 18, 18), recovery.Stopped(5, 12, 17)]
    text = recovery.report(2.5, stopped, [recovery.Rebooted(10, 15)])
    assert "| after the fault | 12.0 / **15.0** / 18.0 |" in text
    assert "least that can be reached is 2.5 + 5 to 2.5 + 15 s" in text
    assert "| ratio | 1.5 / **1.5** / 1.5 |" in text


def test_processor_time():
    stat = "cpu  1000 100 500 4000 200 10 40 30 0 0\ncpu0 1 1 1 1\n"
    assert cpu.parse_stat(stat, ticks=100) == (16.5, 42.0, 0.3)
    assert cpu.parse_cpu_stat("usage_usec 2500000\nuser_usec 1\n") == 2.5
    used = cpu.Usage(30, 10, 1, 20) - cpu.Usage(10, 5, 0, 5)
    assert (used.busy, used.idle, used.steal, used.twin, used.others) == (20, 5, 1, 15, 5)


def test_a_measured_command(tmp_path):
    log = tmp_path / "log"
    log.write_text("before\n")
    # A child inherits the peak of this process, which has run other tests.
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024 + 100
    code = (
        f"import sys, time; x = bytearray({size} << 20); time.sleep(0.3); print('out'); print('err', file=sys.stderr)"
    )
    before = time.time()
    done = child.run([sys.executable, "-c", code], tmp_path, {}, log)
    assert done.output == "out\n"
    assert before <= done.started <= time.time()
    assert 0.3 <= done.seconds < 30
    assert done.peak_memory_mib and size < done.peak_memory_mib < size + 100
    assert log.read_text() == "before\nerr\nout\n"


def test_a_measured_command_that_fails_says_what_it_said(tmp_path):
    argv = ["sh", "-c", "echo what; echo why >&2; exit 3"]
    with pytest.raises(KubesteadError, match=r"exit code 3; all of it is in .*log:\nwhy\nwhat"):
        child.run(argv, tmp_path, {}, tmp_path / "log")


def test_memory_below_our_own_is_unknown(tmp_path):
    assert child.run(["true"], tmp_path, {}, tmp_path / "log").peak_memory_mib is None


def test_the_machine():
    assert machine.cpu_model("processor\t: 0\nmodel name\t: Some CPU @ 3 GHz\n") == "Some CPU @ 3 GHz"
    assert machine.memory_gib("MemTotal:       25165824 kB\nMemFree: 1 kB\n") == 24


def test_the_description_names_no_host_and_no_folder():
    text = json.dumps(machine.describe())
    assert machine.platform.node() not in text
    assert "/" not in text.replace("GNU/Linux", "")


@pytest.fixture
def floor_folder(tmp_path):
    """What floor_files writes for a control plane and a worker."""
    floor_files.main(tmp_path / "floor", benchlab.lab(tmp_path), "abcdef.0123456789abcdef")
    return tmp_path / "floor"


def test_the_floor_puts_kubesteads_own_files_on_the_hosts(floor_folder):
    worker = {str(path.relative_to(floor_folder / "tree/k8s-worker1")) for path in walk(floor_folder, "k8s-worker1")}
    control_plane = {str(path.relative_to(floor_folder / "tree/k8s-cp")) for path in walk(floor_folder, "k8s-cp")}
    assert control_plane - worker == {
        "run/systemd/system/kubestead-images-control-plane.service",
        "var/lib/kubestead/kubeadm-init.yaml",
        "var/lib/kubestead/cilium-values.yaml",
    }
    assert {"etc/containerd/config.toml", "etc/apt/sources.list.d/kubernetes.sources"} <= worker
    join = yaml.safe_load((floor_folder / "join/k8s-worker1").read_text())
    assert join["discovery"]["bootstrapToken"]["caCertHashes"] == [floor_files.CA_CERT_HASH]


def walk(folder, host):
    return [path for path in (folder / "tree" / host).rglob("*") if path.is_file()]


def test_the_floor_has_every_variable_it_uses(floor_folder):
    script = (BENCH / "floor.sh").read_text()
    environment = (floor_folder / "env.sh").read_text()
    assigned = set(
        re.findall(r"\b([a-z_]+)=|for ([a-z_]+) in|read -r ([a-z_]+)|declare -A ([a-z_]+)", environment + script)
    )
    used = set(re.findall(r"\$\{?[!#]?([a-z_]+)", script))
    assert used <= {name for names in assigned for name in names}
    subprocess.run(["bash", "-euc", f". {floor_folder}/env.sh; [ ${{addresses[$workers]}} = 192.0.2.2 ]"], check=True)


def row(kind: str, name: str, **fields: str) -> str:
    values = {".kind": kind, ".metadata.name": name, **{"." + key.replace("__", "."): v for key, v in fields.items()}}
    ready = next(field for field in _FIELDS if "Ready" in field and "conditions" in field)
    values[ready] = fields.get("ready", "")
    return "\t".join(values.get(field, "") for field in _FIELDS)


def workload(kind: str, name: str, wanted: int, ready: int, updated: int, seen: int = 1) -> str:
    keys = (
        ("status__desiredNumberScheduled", "status__numberReady", "status__updatedNumberScheduled")
        if kind == "DaemonSet"
        else ("spec__replicas", "status__readyReplicas", "status__updatedReplicas")
    )
    counts = {key: str(count) if count else "" for key, count in zip(keys, (wanted, ready, updated), strict=True)}
    return row(kind, name, **counts, metadata__generation="1", status__observedGeneration=str(seen))


HEALTHY = {
    "cp": row("Node", "k8s-cp", ready="True"),
    "worker": row("Node", "k8s-worker1", ready="True"),
    "cilium": workload("DaemonSet", "cilium", 2, 2, 2),
    "dns": workload("Deployment", "coredns", 2, 2, 2),
    "etcd": row("Pod", "etcd-k8s-cp", ready="True", spec__nodeName="k8s-cp"),
    "pod": row("Pod", "coredns-1", ready="True", spec__nodeName="k8s-worker1"),
}
CASES = {
    "healthy": ({}, True),
    "no answer": (dict.fromkeys(HEALTHY), False),
    "a node is missing": ({"worker": None}, False),
    "a node is not ready": ({"cp": row("Node", "k8s-cp", ready="Unknown")}, False),
    "a node too many": ({"more": row("Node", "other", ready="False")}, True),
    "Cilium is missing": ({"cilium": None}, False),
    "Cilium wants nobody yet": ({"cilium": workload("DaemonSet", "cilium", 0, 0, 0)}, False),
    "an agent is not ready": ({"cilium": workload("DaemonSet", "cilium", 2, 1, 2)}, False),
    "an agent is of the old form": ({"cilium": workload("DaemonSet", "cilium", 2, 2, 1)}, False),
    "nobody wanted, nobody there": ({"dns": workload("Deployment", "coredns", 0, 0, 0)}, True),
    "DNS is not ready": ({"dns": workload("Deployment", "coredns", 2, 0, 2)}, False),
    "DNS not seen by its controller": ({"dns": workload("Deployment", "coredns", 2, 2, 2, seen=0)}, False),
    "etcd is not ready": ({"etcd": row("Pod", "etcd-k8s-cp", ready="False", spec__nodeName="k8s-cp")}, False),
    "an old pod is not ready": ({"pod": row("Pod", "coredns-1", ready="False", spec__nodeName="k8s-worker1")}, True),
}


@pytest.mark.parametrize(("changes", "expected"), CASES.values(), ids=CASES)
def test_the_floor_waits_for_what_kubestead_waits_for(changes, expected):
    lines = [line for line in {**HEALTHY, **changes}.values() if line is not None]
    assert (not findings(ClusterHealth().process(lines), NODES)) is expected
    argv = ["awk", "-v", f"nodes={' '.join(NODES)}", "-f", str(BENCH / "healthy.awk")]
    seen = subprocess.run(argv, input="\n".join(lines) + "\n", text=True, check=False)
    assert (seen.returncode == 0) is expected


def test_the_hosts_processor_time_is_taken_out_and_the_controllers_own_stays():
    taken = Taken(
        "no-op", 6, seconds=10, twin_cpu=12, controller_cpu=3, others_cpu=0, peak_memory_mib=80, code=0, changes=0
    )
    assert taken.own_seconds(cores=2) == 4
    assert replace(taken, others_cpu=1).own_seconds(cores=2) == 3.5
    assert replace(taken, twin_cpu=18).own_seconds(cores=2) == 3


def test_a_relay_hands_everything_on_in_its_order_and_late():
    async def echo(reader, writer):
        while data := await reader.read(1000):
            writer.write(data)
        writer.close()

    async def talk():
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        own = free_port()
        relaying = asyncio.create_task(relay.relay(f"127.0.0.1:{own}", f"127.0.0.1:{port}", 0.1))
        while not relaying.done():
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", own)
                break
            except ConnectionRefusedError:
                await asyncio.sleep(0.01)
        began = time.monotonic()
        writer.write(b"one two ")
        first = await reader.readexactly(8)
        took = time.monotonic() - began
        writer.write(b"three")
        writer.write_eof()
        rest = await reader.read()
        relaying.cancel()
        server.close()
        return first + rest, took

    said, took = asyncio.run(talk())
    assert said == b"one two three"
    assert took >= 0.2, "a tenth of a second each way"


def test_the_table_compares_many_hosts_with_few():
    few = Taken("no-op", 6, 10, twin_cpu=12, controller_cpu=3, others_cpu=0, peak_memory_mib=None, code=0, changes=0)
    far = replace(few, what="no-op, 5 hosts 200 ms away", hosts=51)
    text = scale.report([few, replace(few, hosts=51, seconds=20), far], cores=2)
    assert "| no-op | 6 | 10.0 | 12.0 | 0.0 | 4.0 | 3.0 | 0.50 |  | 0 | 0 |" in text
    assert "| no-op | 3.5 | 2.0 |" in text
    assert "Many to few" not in scale.report([far], cores=2)
