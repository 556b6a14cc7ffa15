"""A chart's archive: what is read of it, and archives that are none."""

import io
import tarfile

import pytest
import yaml

from kubestead.chart import read_chart, templates_use
from kubestead.errors import KubesteadError


def archive(path, **files):
    with tarfile.open(path, "w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(f"cilium/{name}")
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    return path


def test_version_values_schema_and_what_the_templates_read(tmp_path):
    chart = read_chart(
        archive(
            tmp_path / "chart.tgz",
            **{
                "Chart.yaml": "name: cilium\nversion: 1.18.4\n",
                "values.yaml": "hubble: {enabled: true}\n",
                "values.schema.json": '{"type": "object"}',
                "templates/agent/daemonset.yaml": "{{- with .Values.nodeSelector }}\n{{ .Values.devices }}",
                "templates/validate.yaml": "{{ if .Values.tunnel }}{{ fail }}{{ end }}",
                "README.md": "{{ .Values.readme }}",
            },
        )
    )
    assert chart.version == "1.18.4"
    assert chart.values == {"hubble": {"enabled": True}}
    assert chart.schema == {"type": "object"}
    assert chart.read == {("nodeSelector",), ("devices",)}
    assert chart.handed_over == {("nodeSelector",)}


def test_a_chart_without_a_schema(tmp_path):
    chart = read_chart(archive(tmp_path / "c", **{"Chart.yaml": "version: 1.0.0", "values.yaml": ""}))
    assert (chart.schema, chart.values) == ({}, {})


@pytest.mark.parametrize(
    ("template", "read", "handed_over"),
    [
        ("{{ .Values.a.b | quote }}", {("a", "b")}, set()),
        ('{{- if hasKey .Values.bpf "enableTCX" }}', {("bpf",), ("bpf", "enableTCX")}, set()),
        ('{{ get $.Values.nodePort "range" }}', {("nodePort",), ("nodePort", "range")}, set()),
        ("{{- with .Values.operator.affinity }}", {("operator", "affinity")}, {("operator", "affinity")}),
        ("{{- with (.Values.a | default .Values.b) }}", {("a",), ("b",)}, set()),
        ("{{- if and\n  .Values.x\n  .Values.y.z }}", {("x",), ("y", "z")}, set()),
        ("# .Values.comment", set(), set()),
    ],
)
def test_what_a_template_uses(template, read, handed_over):
    assert templates_use([template]) == (read, handed_over)


@pytest.mark.parametrize("files", [{}, {"Chart.yaml": "version: 1.0.0"}, {"Chart.yaml": "[", "values.yaml": ""},
                                   {"Chart.yaml": "name: x", "values.yaml": ""}])  # fmt: skip
def test_what_is_no_chart_is_said_so(tmp_path, files):
    with pytest.raises(KubesteadError, match="is not a Helm chart"):
        read_chart(archive(tmp_path / "chart.tgz", **files))


def test_a_file_that_is_no_archive(tmp_path):
    (tmp_path / "page.html").write_text("<html>")
    with pytest.raises(KubesteadError, match="is not a Helm chart"):
        read_chart(tmp_path / "page.html")


def test_the_two_yaml_parsers_agree():
    """libyaml is used where PyYAML was built with it."""
    text = "a: [1, 0o7, 1e3, yes, '1', ~]\nb: {c: 2001-01-01}\n"
    assert yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)) == yaml.safe_load(text)  # noqa: S506
