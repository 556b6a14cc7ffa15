"""What a finding looks like to the person at the terminal."""

from kubestead.errors import Finding, InvalidInput


def test_a_finding_names_place_value_reason_and_fix():
    finding = Finding("group_data/all.py: pod_cidr", "has no prefix length", "write '10.0.0.0/8'", value="10.0.0.0")
    assert str(finding) == "group_data/all.py: pod_cidr = '10.0.0.0': has no prefix length; write '10.0.0.0/8'"


def test_a_finding_without_a_value_shows_none():
    assert str(Finding("k8s-cp", "has no address", "write one")) == "k8s-cp: has no address; write one"


def test_a_false_value_is_shown():
    assert " = False: " in str(Finding("key", "reason", "fix", value=False))


def test_invalid_input_holds_all_findings_one_per_line():
    findings = [Finding("a", "b", "c"), Finding("d", "e", "f")]
    error = InvalidInput(findings)
    assert error.findings == tuple(findings)
    assert str(error) == "a: b; c\nd: e; f"
