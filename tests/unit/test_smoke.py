"""The smoke's output becomes checks."""

import pytest

from kubestead.smoke import Check, parse


def test_checks_are_read_and_anything_else_is_passed_over():
    lines = [
        "pod/x created", "check\tok\tDNS\t\t", "check\tfailed\tpod to pod: a to b\tTIMEOUT  x\tkubectl get pods",
        "check\tok\tcut o", "checked\tok\ta\tb\tc",
    ]  # fmt: skip
    assert parse(lines) == [
        Check("DNS", True),
        Check("pod to pod: a to b", False, seen="TIMEOUT  x", next_command="kubectl get pods"),
    ]


@pytest.mark.parametrize("outcome", ["failed", "", "OK"])
def test_only_ok_is_ok(outcome):
    assert not parse([f"check\t{outcome}\tx\t\t"])[0].passed


def test_a_failed_check_says_what_was_seen_and_what_to_try():
    assert str(Check("DNS", True)) == "ok      DNS"
    assert str(Check("DNS", False, "TIMEOUT", "kubectl logs")) == "FAILED  DNS: TIMEOUT\n        next: kubectl logs"
    assert "no output" in str(Check("DNS", False, "", "kubectl logs"))
