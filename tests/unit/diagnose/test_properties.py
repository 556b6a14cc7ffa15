"""Whatever is unknown or strange: never an error, always exactly one cause, and never a healthy node that is not."""

from __future__ import annotations

import json
from dataclasses import fields, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from kubestead.diagnose import LADDER, ApiView, Cause, Diagnosis, NodeReport, Reach, Seen, advice, diagnose, hand_over
from kubestead.diagnose.model import Condition, PodView
from kubestead.diagnose.parse import node_report
from kubestead.diagnose.report import Asked, Binary, ControlPlane, Disk, Identity, Page, Runtime, Unit
from tests.unit.diagnose.cases import CA, CONFIG, NOW, OTHER_CA, api, report, static_pods

TEXT = st.sampled_from(["", "x", "no such host", "Unauthorized", "a: [", CONFIG, CA.pem, OTHER_CA.pem, "inactive", "T"])
SECONDS = st.sampled_from([0.0, 3.0, 30.0, 1e6, NOW - 3, NOW - 60, NOW + 60])
COUNT = st.integers(-1, 2**40)
ASKED = st.builds(Asked, st.sampled_from([0, 1, 7, 124, 127, 137]), TEXT)
PAGE = st.builds(Page, st.none() | st.sampled_from([200, 500, 503]), TEXT)
POD = st.builds(PodView, TEXT, TEXT, st.none() | TEXT, TEXT, st.booleans(), st.none() | SECONDS, TEXT)
CONDITION = st.builds(Condition, st.sampled_from(["True", "False", "Unknown"]), TEXT, TEXT, st.none() | SECONDS)
PATH = st.sampled_from(["/", "/var", "/var/lib/kubelet"])
DISK = st.builds(Disk, PATH, TEXT, *[st.none() | COUNT] * 4, st.none() | st.booleans())
MAYBE = st.none() | TEXT
STATE = st.none() | st.sampled_from(["active", "inactive", "failed", "activating"])
SUB = st.none() | st.sampled_from(["running", "dead", "auto-restart"])
PROGRAM = st.sampled_from(["kubelet", "containerd", "runc"])
CNI_FILE = st.sampled_from(["", "[]", "{}", '{"type": 1}'])
UNIT = st.builds(
    Unit, MAYBE, STATE, SUB, MAYBE, MAYBE, st.none() | COUNT, st.none() | COUNT, st.none() | COUNT,
    st.none() | SECONDS, st.none() | SECONDS, MAYBE, st.booleans(), TEXT, st.lists(TEXT).map(tuple),
)  # fmt: skip
ANY = {
    "disks": st.lists(DISK, max_size=3).map(tuple),
    "memory_total": st.none() | COUNT,
    "memory_available": st.none() | COUNT,
    "tasks": st.none() | COUNT,
    "tasks_max": st.none() | COUNT,
    "swaps": st.none() | st.lists(TEXT, max_size=2).map(tuple),
    "clock_offset": st.none() | st.floats(-1e6, 1e6),
    "kubelet": UNIT,
    "containerd": UNIT,
    "binaries": st.dictionaries(PROGRAM, st.builds(Binary, TEXT, TEXT, TEXT)),
    "files": st.dictionaries(st.sampled_from(list(report().files)), st.sampled_from(["there", "empty", "missing"])),
    "kubelet_config": MAYBE,
    "kubelet_healthz": st.none() | PAGE,
    "cilium_healthz": st.none() | PAGE,
    "runtime": st.builds(
        Runtime, st.none() | st.booleans(), st.none() | ASKED, st.none() | st.booleans(), MAYBE, MAYBE, MAYBE,
        st.lists(TEXT).map(tuple), st.none() | st.booleans(), st.none() | ASKED, st.dictionaries(TEXT, TEXT), MAYBE,
    ),
    "identity": st.builds(Identity, MAYBE, MAYBE, MAYBE, MAYBE, MAYBE, st.none() | ASKED, st.none() | ASKED),
    "cni_files": st.none() | st.dictionaries(st.sampled_from(["a.conf", "b"]), CNI_FILE),
    "cni_binaries": st.none() | st.lists(TEXT).map(tuple),
    "control_plane": st.none() | st.builds(
        ControlPlane, st.lists(TEXT).map(tuple), st.dictionaries(TEXT, TEXT), st.none() | PAGE, st.none() | ASKED,
        st.dictionaries(TEXT, TEXT),
    ),
}  # fmt: skip
# Each field healthy, unknown, or strange.
REPORTS = st.none() | st.fixed_dictionaries({}, optional=ANY).map(
    lambda values: (
        replace(report(), control_plane=static_pods(), **values)
        if "control_plane" not in values
        else replace(report(), **values)
    )
)
VIEWS = st.fixed_dictionaries(
    {},
    optional={
        "answers": st.booleans(),
        "asked": st.none() | SECONDS,
        "exists": st.none() | st.booleans(),
        "ready": st.none() | CONDITION,
        "pressures": st.dictionaries(st.sampled_from(["DiskPressure", "MemoryPressure", "PIDPressure"]), CONDITION),
        "lease_renewed": st.none() | SECONDS,
        "cordoned": st.none() | st.booleans(),
        "agent": st.none() | POD,
        "operators": st.lists(POD, max_size=2).map(tuple),
        "terminating": st.lists(POD, max_size=2).map(tuple),
        "ca": MAYBE,
        "server": MAYBE,
    },
).map(lambda values: api(**values))
REACHES = st.builds(Reach, st.none() | st.booleans(), st.just(()), st.sampled_from([None, "on", "off"]))
SEEN = st.builds(
    Seen, st.just("k8s-worker1"), st.sampled_from(["worker", "control_plane"]), REPORTS, st.just(ApiView()) | VIEWS,
    REACHES, st.none() | st.floats(-1e6, 1e6),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(SEEN)
def test_always_one_cause_with_evidence_and_only_its_own_remedies(seen: Seen) -> None:
    found = diagnose(seen)
    assert found.cause in Cause
    assert found.evidence
    assert all(found.evidence)
    assert set(found.remedies) <= set(LADDER[found.cause])
    assert list(found.remedies) == sorted(found.remedies, key=LADDER[found.cause].index)
    assert Diagnosis.from_data(json.loads(json.dumps(found.to_data()))) == found


@settings(max_examples=150, deadline=None)
@given(SEEN)
def test_healthy_only_if_it_was_heard_and_everything_known(seen: Seen) -> None:
    if diagnose(seen).cause is Cause.HEALTHY:
        assert seen.api.ready is not None
        assert seen.api.ready.status == "True"
        assert seen.api.lease_age is not None
        assert seen.api.lease_age < 15
        assert seen.report is not None
        assert seen.report.kubelet.runs
        assert seen.report.containerd.runs


@settings(deadline=None)
@given(st.sets(st.sampled_from([field.name for field in fields(NodeReport)])))
def test_what_is_not_known_is_not_well(names: set[str]) -> None:
    """A healthy node of which any part could not be learned is healthy or unknown, and nothing is made up."""
    blank = NodeReport()
    seen = Seen("k8s-worker1", "worker", replace(report(), **{name: getattr(blank, name) for name in names}), api())
    vital = {"disks", "swaps", "kubelet", "containerd", "binaries", "runtime", "cni_files"}
    found = diagnose(seen)
    assert found.cause in (Cause.HEALTHY, Cause.UNKNOWN), found
    if names & vital:
        assert found.cause is Cause.UNKNOWN


KEYS = (
    "clock uptime disk mount memory tasks pid_max pids_limit swap chrony binary file api api_tcp plugin dump process "
    "containerd_dump containerd_answer sandbox_image kubelet_config kubelet_healthz cni_file certificate"
)
VALUE = st.text(st.characters(exclude_characters="\n\t"), max_size=60)
STRANGE = st.sampled_from(["/ / 1 2 3 4", "124 x", "HTTP/1.0 200"])
LINES = st.lists(st.tuples(st.sampled_from(KEYS.split()), VALUE | STRANGE))


@settings(max_examples=150, deadline=None)
@given(LINES)
def test_a_mangled_answer_is_read_as_far_as_it_goes(rows: list[tuple[str, str]]) -> None:
    lines = ["boot_id\tb", *(f"{key}\t{value}" for key, value in rows), "control_plane\tyes", "end\tyes"]
    found = diagnose(Seen("k8s-worker1", "worker", node_report(lines), api()))
    assert found.cause is not Cause.HEALTHY


def test_every_cause_has_a_ladder_a_word_and_a_command() -> None:
    assert set(LADDER) == set(hand_over) == set(Cause)
    assert all(cause.summary for cause in Cause)
    assert all("{node}" not in advice(cause, "n1") for cause in Cause)
    assert [cause for cause in Cause if not advice(cause, "n1")] == [Cause.HEALTHY]
