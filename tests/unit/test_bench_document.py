"""The pages of numbers hold what was measured, and the picture of a run can be drawn."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from bench import document, picture, playbook, results, run
from bench.cilium import tables as cilium
from kubestead.errors import KubesteadError
from kubestead.record.model import Run
from kubestead.record.read import read
from tests.unit import benchlab
from tests.unit.report import runs

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize(
    ("page", "names"),
    [
        (document.DOCUMENT, {*document.TABLES, "picture"}),
        (document.SCALE_DOCUMENT, set(document.SCALE_TABLES)),
        (document.CILIUM_DOCUMENT, {*cilium.TABLES, "picture"}),
    ],
)
def test_the_document_says_what_its_results_say(page, names):
    text = page.read_text()
    assert document.filled(text) == text
    assert {name for _, name in document.BLOCK.findall(text)} == names


def test_a_table_that_is_not_there_is_refused():
    with pytest.raises(KubesteadError, match="no table is called 'speed'"):
        document.filled("<!-- bench none: speed -->\n<!-- end -->")


def test_a_block_without_numbers_says_so():
    assert "Not taken yet" in document.filled("<!-- bench none: fresh -->\n| 1 |\n<!-- end -->")


def test_the_picture_of_a_run(tmp_path):
    root = ET.fromstring(picture.picture(read(runs.succeeded(tmp_path)), "a title & more"))  # noqa: S314 - our own
    texts = [" ".join("".join(item.itertext()).split()) for item in root.iter(f"{SVG}text")]
    assert texts[0] == "a title & more"
    assert {"k8s-cpk8s-cp", "Preflight 3.0 s", "pale: nothing changed"} <= set(texts)
    bars = [item for item in root.iter(f"{SVG}rect") if "phase-" in item.get("class", "")]
    assert len(bars) > 40
    _, _, width, height = map(float, root.get("viewBox", "").split())
    assert all(float(item.get("y", "0")) < height and float(item.get("x", "0")) < width for item in bars)


def test_a_result_is_three_files(tmp_path, capsys):
    record = read(runs.succeeded(tmp_path / "runs"))
    rounds = [benchlab.a_round(60), benchlab.a_round(55), benchlab.a_round(70)]
    run.write(tmp_path / "results", [(one, record) for one in rounds], "auto")
    data, text, drawn = sorted((tmp_path / "results").iterdir())
    assert (data.suffix, text.suffix, drawn.suffix) == (".json", ".md", ".svg")
    facts, read_again = results.load(data)
    assert (facts["ansible-core"], read_again) == (playbook.version(), rounds)
    assert "healthy after 60 s" in drawn.read_text()
    assert f"]({drawn.name})" in text.read_text()
    assert f"python -m bench.document {data.name}" in capsys.readouterr().err


def test_a_run_without_operations_has_no_picture():
    with pytest.raises(KubesteadError, match="no operations to draw"):
        picture.picture(Run("x", 1, 2), "a title")
