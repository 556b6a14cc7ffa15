"""The page of a run: whole, failed, refused, killed, large, hostile; and the command that writes it."""

from __future__ import annotations

import json
import re
import shutil
import struct
import subprocess
import zlib
from datetime import datetime, timezone
from pathlib import Path

import pytest
import runs
from htmlpage import Page
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from kubestead.cli.main import app
from kubestead.record.model import Node, Operation, Run
from kubestead.record.read import read
from kubestead.report.gantt import LABEL, WIDTH, gantt
from kubestead.report.picture import picture
from kubestead.report.runpage import failures, rows, run_page, some

MADE = datetime(2025, 3, 4, tzinfo=timezone.utc)
KINDS = {
    "succeeded": runs.succeeded,
    "failed": runs.failed,
    "refused": runs.refused,
    "killed": runs.killed,
    "hostile": runs.hostile,
    "200 hosts": lambda folder: runs.succeeded(folder, 199),
    "nothing changed": lambda folder: runs.succeeded(folder, changed=False),
}
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def html_of(kind, folder):
    return run_page(read(KINDS[kind](folder)), MADE)


@pytest.mark.parametrize("kind", KINDS)
def test_every_run_makes_a_page_that_is_whole_and_needs_nothing_else(kind, tmp_path):
    html = html_of(kind, tmp_path)
    page = Page(html)
    assert not {"script", "link", "img", "iframe", "foreignobject", "object"} & set(page.tags)
    assert "url(" not in html
    assert "@import" not in html
    assert not [value for _, attributes in page.attributes for name, value in attributes.items()
                if name in ("href", "src", "xlink:href") or name.startswith("on")]  # fmt: skip
    assert "prefers-color-scheme: dark" in html
    html.encode("utf-8")
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\u202e]", html)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("succeeded", ["cluster on lab", "succeeded", "exit code 0", "kubeadm init", "Cilium 1.18.4 (tunnel, vxlan)"]),
        ("failed", ["k8s-worker2 : Worker | kubeadm join", "connect: refused", "its clock is 0.4 s ahead"]),
        ("refused", ["before anything was changed", "overlaps the route", "No operation"]),
        ("killed", ["its record has no end", "1 line of the record could not be read", "not ended"]),
        ("nothing changed", ["Nothing was changed."]),
        ("200 hosts", ["k8s-worker7 and 192 more", "Workers (199)"]),
    ],
)  # fmt: skip
def test_what_the_page_says(kind, words, tmp_path):
    text = Page(html_of(kind, tmp_path)).text
    for word in words:
        assert word.lower() in text.lower(), word


def test_hostile_words_stay_text(tmp_path):
    page = Page(html_of("hostile", tmp_path))
    assert "<script>alert('x')</script>" in page.text
    # Lanes, bars, boxes, bands and the API: none of them ended by a name.
    assert page.tags["rect"] == 2 + 2 + 2 + 2 + 1


def test_a_killed_run_shows_where_it_was(tmp_path):
    run = read(runs.killed(tmp_path))
    (under_way,) = [one for one in run.operations if one.end is None]
    assert (run.outcome, under_way.host, under_way.name) == ("killed", "k8s-worker1", "kubeadm join")
    assert [row.name for row in rows(run) if row.unfinished] == ["kubeadm join"]


def test_what_failed_is_told_once_with_what_was_said(tmp_path):
    ((host, operation, said),) = failures(read(runs.failed(tmp_path)))
    assert (host, operation) == ("k8s-worker2", "Worker | kubeadm join")
    assert said.startswith("[preflight]")
    assert said.endswith("Error: executed 0 commands")


def test_nodes_show_what_the_run_was_for_them():
    operations = [Operation("a", "P", "x", 1, 2, True), Operation("b", "P", "x", 1, 2, error=True),
                  Operation("c", "P", "x", 1, 2)]  # fmt: skip
    nodes = [Node(name, "worker") for name in "abcd"]
    (group,) = picture(Run("r", 1, 3, nodes=nodes, hosts=["a", "b", "c"], operations=operations)).groups
    assert [box.state for box in group.boxes] == ["changed", "failed", "same", "absent"]


operations = st.builds(
    lambda host, phase, start, took, end, changed: Operation(
        host, phase, "n", start, start + took if end else None, changed
    ),
    st.sampled_from("abc"), st.sampled_from(["", "x", "y"]), st.floats(1, 3e9), st.floats(0, 1e6), st.booleans(),
    st.booleans(),
)  # fmt: skip


@given(st.lists(operations, min_size=1, max_size=20), st.floats(1, 3.9e9))
def test_bars_stay_inside_whatever_the_times(found, ended):
    drawn = gantt(Run("r", 1, ended, operations=sorted(found, key=lambda one: one.start)))
    bars = [bar for lane in drawn.lanes for bar in lane.bars]
    assert bars
    assert all(bar.x >= LABEL and bar.width > 0 and bar.x + bar.width <= WIDTH + 1 for bar in bars)
    assert 1 <= len(drawn.ticks) <= 14


@given(st.integers(1, 400), st.integers(0, 3))
def test_boxes_stay_inside_and_apart(workers, control_planes):
    nodes = [Node(f"c{n}", "control plane") for n in range(control_planes)] + [
        Node(f"w{n}", "worker") for n in range(workers)
    ]
    drawn = picture(Run("r", 1, 2, nodes=nodes, cluster={"pods": "p", "services": "s", "endpoint": "e"}))
    places = [(box.x, box.y) for group in drawn.groups for box in group.boxes]
    assert len(set(places)) == len(nodes)
    assert all(x >= 0 and x + drawn.box[0] <= drawn.width and y + drawn.box[1] < drawn.services.y for x, y in places)
    assert drawn.services.y + drawn.services.height <= drawn.height


def test_names_are_sorted_as_people_count():
    assert some([f"w{n}" for n in (10, 2, 1)]) == "w1, w2, w10"


def command(*arguments):
    return CliRunner().invoke(app, ["report", *arguments])


@pytest.fixture
def recorded(tmp_path, monkeypatch):
    """A folder with two runs, the later one killed."""
    monkeypatch.chdir(tmp_path)
    folder = Path(".kubestead/runs")
    first = runs.succeeded(folder)
    return first.rename(folder / "20250301T000000.000000Z"), runs.killed(folder)


def test_without_a_name_the_newest_run_is_shown(recorded):
    done = command()
    assert done.exit_code == 0, done.output
    assert "cluster, killed, 24 changes, 0 errors" in done.output
    assert "killed" in (recorded[1] / "report.html").read_text()


@pytest.mark.parametrize("name", ["20250301T000000.000000Z", "20250301", ".kubestead/runs/20250301T000000.000000Z"])
def test_a_run_by_name_by_its_beginning_and_by_path(recorded, name, tmp_path):
    assert command(name, "--output", "out/page.html").exit_code == 0
    assert "succeeded" in Path("out/page.html").read_text()


@pytest.mark.parametrize(
    ("name", "said"),
    [("2025", "is more than one"), ("nothing", "is not recorded; 'kubestead report --list'"), ("", "is not recorded")],
)
def test_a_run_that_is_not_there_is_named(recorded, name, said):
    done = command(name)
    assert done.exit_code == 1
    assert said in str(done.exception)


def test_the_list_of_runs(recorded):
    lines = command("--list").output.splitlines()
    assert "succeeded" in lines[-2]
    assert "killed" in lines[-1]


def test_no_run_yet(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "no run is recorded" in str(command().exception)
    assert command("--list").exit_code == 0


def test_an_audit_belongs_to_recoveries():
    done = command("--audit", "x")
    assert done.exit_code == 2
    assert "kubestead report recoveries" in done.output


def chromium(tmp_path, *arguments):
    base = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-dev-shm-usage"]
    base += [f"--user-data-dir={tmp_path}/profile", "--host-resolver-rules=MAP * ~NOTFOUND"]
    return subprocess.run([*base, *arguments], capture_output=True, text=True, timeout=120, check=False)


def first_pixel(path):
    """Red, green and blue of a PNG's first pixel, which no filter of PNG's changes."""
    data, at, content = path.read_bytes(), 8, b""
    while at < len(data):
        (length,), kind = struct.unpack(">I", data[at : at + 4]), data[at + 4 : at + 8]
        content += data[at + 8 : at + 8 + length] if kind == b"IDAT" else b""
        at += 12 + length
    return tuple(zlib.decompress(content)[1:4])


@pytest.mark.skipif(not CHROMIUM, reason="no Chromium is installed: the page's look is not checked")
@pytest.mark.parametrize(("scheme", "back"), [(1, (255, 255, 255)), (0, (20, 23, 28))], ids=["light", "dark"])
def test_a_screenshot_in_light_and_dark(tmp_path, scheme, back):
    (tmp_path / "page.html").write_text(html_of("failed", tmp_path), encoding="utf-8")
    shot = tmp_path / "shot.png"
    arguments = [f"--blink-settings=preferredColorScheme={scheme}", "--window-size=1240,1400", f"--screenshot={shot}"]
    done = chromium(tmp_path, *arguments, f"file://{tmp_path}/page.html")
    assert shot.exists(), done.stderr
    assert first_pixel(shot) == back
    # A page that is all one colour takes some kilobytes.
    assert shot.stat().st_size > 50_000


@pytest.mark.skipif(not CHROMIUM, reason="no Chromium is installed: the page's look is not checked")
@pytest.mark.parametrize("kind", ["hostile", "200 hosts"])
def test_a_browser_reads_what_was_written_and_nothing_runs_over(kind, tmp_path):
    html = html_of(kind, tmp_path)
    wanted = "[document.documentElement.scrollWidth, innerWidth, document.querySelectorAll('rect').length, " \
        "document.querySelectorAll('script').length]"  # fmt: skip
    asking = f"<script>document.title = JSON.stringify({wanted})</script></body>"
    (tmp_path / "page.html").write_text(html.replace("</body>", asking), encoding="utf-8")
    done = chromium(tmp_path, "--window-size=1240,1400", "--dump-dom", f"file://{tmp_path}/page.html")
    found = re.search(r"<title>(\[.*?\])</title>", done.stdout)
    assert found, done.stderr
    width, window, rects, scripts = json.loads(found[1])
    assert width <= window, "the page is wider than the window"
    assert rects == Page(html).tags["rect"]
    assert scripts == 1, "ours, that asks"
