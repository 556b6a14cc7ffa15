"""The report: the audit's lines become incidents, and incidents one page that needs nothing else."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from htmlpage import Page
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from kubestead.cli.main import app
from kubestead.errors import KubesteadError
from kubestead.report.audit import Entry, parse, read
from kubestead.report.html import duration
from kubestead.report.incidents import incidents
from kubestead.report.page import numbers, page
from kubestead.report.timeline import LABEL, WIDTH, segments, timeline
from kubestead.watch.audit import Audit
from kubestead.watch.note import Note, Told

AUDIT = Path(__file__).with_name("audit.jsonl")
MADE = datetime(2025, 3, 2, 4, tzinfo=timezone.utc)


@pytest.fixture
def entries():
    found, unread = read([AUDIT])
    assert unread == 2
    return found


@pytest.fixture
def shown(entries):
    return Page(page(entries, 2, MADE))


def test_each_fall_of_a_node_is_an_incident_with_its_remedies_and_its_end(entries):
    told = [
        (one.node, one.causes, [(s.remedy, s.outcome) for s in one.steps], one.ending) for one in incidents(entries)
    ]
    assert told == [
        ("k8s-worker1", ["kubelet-stopped"], [("restart_kubelet", "recovered")], "recovered"),
        (
            "k8s-worker2",
            ["kubelet-crashing", "kubelet-bad-config"],
            [("restart_kubelet", "failed"), ("restore_node", "recovered")],
            "recovered",
        ),
        ("k8s-worker1", ["disk-read-only"], [], "handed over"),
        ("k8s-cp", ["containerd-frozen"], [("restart_containerd", "")], "open"),
    ]


def test_an_incident_begins_when_the_node_was_well_for_the_last_time(entries):
    first = incidents(entries)[0]
    assert first.began == datetime(2025, 3, 1, 21, 10, tzinfo=timezone.utc)
    assert first.seconds == pytest.approx(51.2)


def test_a_node_handed_over_that_a_person_repairs_is_one_incident():
    lines = [("hand-over", 0), ("recovered", 3600)]
    start = datetime(2025, 1, 1, tzinfo=timezone.utc)
    found = incidents([Entry(start + timedelta(seconds=s), "w", what, "n") for what, s in lines])
    assert [(one.ending, one.seconds) for one in found] == [("recovered", 3600)]


def test_an_audit_that_begins_in_the_middle():
    start = datetime(2025, 1, 1, tzinfo=timezone.utc)
    ended = Entry(start, "w", "ended", "n", remedy="reboot", outcome="failed", seconds=60)
    (one,) = incidents([Entry(start, "w", "recovered", "other"), ended])
    assert (one.node, one.seconds, [(s.remedy, s.outcome) for s in one.steps]) == ("n", 60, [("reboot", "failed")])


def test_a_remedy_another_watcher_began_is_closed_by_it():
    start = datetime(2025, 1, 1, tzinfo=timezone.utc)
    (one,) = incidents(
        [
            Entry(start, "a", "apply", "n", remedy="reboot"),
            Entry(start + timedelta(seconds=9), "b", "interrupted", "n", remedy="reboot", why="a stopped"),
        ]
    )
    assert [(s.outcome, s.why) for s in one.steps] == [("interrupted", "a stopped")]


def test_the_page_shows_lanes_bars_rows_and_numbers(shown):
    bars = [attrs["class"] for tag, attrs in shown.attributes if tag == "rect" and "bar" in str(attrs.get("class"))]
    assert sorted(bars) == ["bar handed-over", "bar open", "bar recovered", "bar recovered"]
    assert [attrs["id"] for tag, attrs in shown.attributes if tag == "tr" and attrs.get("id")] == [
        f"incident-{number}" for number in range(1, 5)
    ]
    for words in ("k8s-cp", "restore_node: recovered after 2 min", "hold (storm): 2 of 3", "2 lines of it could not"):
        assert words in shown.text
    assert "Next: on k8s-worker1: sudo dmesg | tail" in shown.text
    assert "Ready again after 20 s" in shown.text
    assert "median time to recover 2 min 28 s" in shown.text


def test_what_a_host_said_stays_text(entries, shown):
    assert "script" not in shown.tags
    assert "panic: <script>alert('x')</script> & co" in shown.text


def test_the_page_needs_nothing_else(entries, shown):
    html = page(entries, 0, MADE)
    assert not {"script", "link", "img", "iframe"} & set(shown.tags)
    assert "url(" not in html
    assert "http" not in html
    links = [attrs["href"] for tag, attrs in shown.attributes if tag == "a"]
    assert links
    assert all(str(link).startswith("#") for link in links)
    assert "prefers-color-scheme: dark" in html


@pytest.mark.parametrize("decision", [None, "started"], ids=["no line at all", "a watcher that had nothing to do"])
def test_nothing_happened_yet(decision):
    lines = [Entry(MADE, "cp_1", decision, why="cp_1")] if decision else []
    shown = Page(page(lines, 0, MADE))
    assert "No node has fallen over." in shown.text
    assert "svg" not in shown.tags
    assert ("had nothing to do" in shown.text) == bool(decision)


def test_times_are_those_of_the_readers_zone(entries):
    east = page(entries, 0, MADE.astimezone(timezone(timedelta(hours=2), "EET")))
    assert "2025-03-01 23:10:00" in east
    assert "EET" in east


def test_bars_stay_inside_and_are_never_too_thin(entries):
    drawn = timeline(incidents(entries))
    bars = [bar for lane in drawn.lanes for bar in lane.bars]
    assert all(bar.x >= LABEL and bar.x + bar.width <= WIDTH and bar.width >= 5 for bar in bars)
    assert [bar.number for bar in sorted(bars, key=lambda bar: bar.x)] == [1, 2, 3, 4]
    assert 2 <= len(drawn.ticks) <= 10


@given(st.floats(min_value=0, max_value=4e8), st.floats(min_value=0, max_value=1e6))
def test_any_span_has_a_readable_axis(span, long):
    start = datetime(2025, 1, 1, tzinfo=timezone.utc)
    lines = [
        Entry(start, "w", "hand-over", "a", seconds=long),
        Entry(start + timedelta(seconds=span), "w", "diagnosed", "b"),
    ]
    drawn = timeline(incidents(lines))
    assert len(drawn.ticks) <= 12
    assert all(LABEL <= x <= WIDTH for x, _ in drawn.ticks)
    assert all(bar.x + bar.width <= WIDTH for lane in drawn.lanes for bar in lane.bars)


def test_an_incidents_own_bar_shows_each_remedy_in_its_place(entries):
    first, second = segments(incidents(entries)[1])
    assert (first.kind, second.kind) == ("bad", "good")
    assert first.start == pytest.approx(8.54, abs=0.05)
    assert first.start + first.width < second.start
    assert first.text == "restart_kubelet: failed, 100 s"
    (running,) = segments(incidents(entries)[3])
    assert running.kind == "running"
    assert running.start + running.width <= 100


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59.6, "1 min"), (125, "2 min 5 s"), (11400, "3 h 10 min"), (187200, "2 d 4 h")]
)
def test_durations(seconds, text):
    assert duration(seconds) == text


def test_numbers_without_a_recovery():
    assert numbers([])["longest"] == "–"  # noqa: RUF001


@given(st.text())
def test_any_line_is_an_entry_or_none(line):
    assert parse(line) is None or isinstance(parse(line), Entry)


@pytest.mark.parametrize(
    "line",
    ["[]", "1", '{"time": 5}', '{"time": "2025-01-01T00:00:00"}', '{"time": "2025-01-01T00:00:00Z", "seconds": "x"}'],
)
def test_a_line_that_is_none(line):
    assert parse(line) is None


def test_what_the_watcher_writes_is_what_is_read(tmp_path):
    note = Note(
        Told.ENDED, "n", "kubelet-stopped", ("a", "b"), "restart_kubelet", "failed", 1.25, "storm", "why", "next"
    )
    Audit(tmp_path / "audit.jsonl", "cp_1").write(note)
    ((entry,), unread) = read([tmp_path / "audit.jsonl"])
    assert unread == 0
    told = {item.name: getattr(entry, item.name) for item in fields(Entry) if item.name != "time"}
    assert told == {
        **{key: value for key, value in vars(note).items() if key in told},
        "decision": "ended",
        "watcher": "cp_1",
    }
    assert set(json.loads((tmp_path / "audit.jsonl").read_text())) == set(told) | {"time"}


def run(*arguments: str):
    return CliRunner().invoke(app, ["report", "recoveries", *arguments])


def test_the_command_writes_one_file(tmp_path):
    output = tmp_path / "pages" / "report.html"
    done = run("--audit", str(AUDIT), "--audit", str(AUDIT.with_name("empty.jsonl")), "--output", str(output))
    assert done.exit_code == 0, done.output
    assert "k8s-worker2" in output.read_text()
    assert "18 lines" in done.output


def test_without_a_watcher_the_command_writes_a_friendly_page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run().exit_code == 0
    assert "No node has fallen over." in Path(".kubestead/recoveries.html").read_text()


def test_an_audit_that_is_not_there_is_named(tmp_path):
    done = run("--audit", str(tmp_path / "none.jsonl"), "--output", str(tmp_path / "x.html"))
    assert isinstance(done.exception, KubesteadError)
    assert "none.jsonl: cannot be read (No such file or directory)" in str(done.exception)
