"""A run's data from all its sources: each key at its one place."""

import pytest

from kubestead.spec.loading import Source, check_sources, check_values

ALL = Source("group_data/all.py", {"cluster_name": "lab"})
NO_DATA, NO_OVERRIDES = Source("--data", {}), Source("site.yaml", {})


def test_a_right_run_has_no_findings():
    workers = Source("group_data/workers.py", {"labels": {"a": "b"}, "_timeout": 3})
    data = Source(
        "--data",
        {"skip_unreachable": True, "ssh_user": "me", "over_budgets": True, "over_quorum": True, "watcher": "w"},
    )
    assert check_sources([ALL, workers], data, Source("site.yaml", {"hubble": False})) == []


@pytest.mark.parametrize(
    ("label", "key", "fix"),
    [
        ("group_data/workers.py", "pod_cidr", "write it in group_data/all.py"),
        ("group_data/lab.py", "hubble", "write it in group_data/all.py"),
        ("group_data/workers.py", "lables", "did you mean labels?"),
        ("group_data/workers.py", "user", "write it there as hosts.<name>.user"),
    ],
)
def test_a_key_in_a_group_where_it_does_not_belong(label, key, fix):
    (finding,) = check_sources([ALL, Source(label, {key: "x"})], NO_DATA, NO_OVERRIDES)
    assert finding.where == f"{label}: {key}"
    assert fix in finding.fix


def test_a_nodes_values_are_checked_in_group_data():
    (finding,) = check_sources([ALL, Source("group_data/workers.py", {"taints": ["x"]})], NO_DATA, NO_OVERRIDES)
    assert finding.where == "group_data/workers.py: taints.0"


def test_a_cluster_key_on_the_command_line_is_refused():
    (finding,) = check_sources([ALL], Source("--data", {"pod_cidr": "10.0.0.0/8"}), NO_OVERRIDES)
    assert finding.where == "--data: pod_cidr"


def test_overrides_are_compared_with_the_rest_and_named_by_their_line():
    overrides = Source("site.yaml", {"pod_cidr": "10.1.0.0/25"}, {"pod_cidr": "site.yaml:9: overrides.pod_cidr"})
    (finding,) = check_sources([ALL], NO_DATA, overrides)
    assert finding.where == "site.yaml:9: overrides.pod_cidr"


def test_an_override_mends_what_group_data_says():
    broken = Source("group_data/all.py", {"pod_cidr": "10.1.0.0/25"})
    assert len(check_sources([broken], NO_DATA, NO_OVERRIDES)) == 1
    assert check_sources([broken], NO_DATA, Source("site.yaml", {"pod_cidr": "100.64.0.0/10"})) == []


def test_the_last_all_file_wins():
    assert check_sources([Source("group_data/all.py", {"hubble": "x"}), Source("other/all.py", {"hubble": True})],
                         NO_DATA, NO_OVERRIDES) == []  # fmt: skip


def test_values_by_themselves_are_not_compared():
    assert check_values({"pod_cidr": "10.1.0.0/25"}, {}) == []


def test_a_nodes_key_among_overrides_is_sent_to_its_host():
    (finding,) = check_values({"labels": {}}, {"labels": "site.yaml:3: overrides.labels"})
    assert finding.where == "site.yaml:3: overrides.labels"
    assert "hosts.<name>.labels" in finding.fix
