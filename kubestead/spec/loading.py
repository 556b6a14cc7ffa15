"""From keys and values, wherever they were written, to a checked :class:`ClusterSpec`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Any

from pydantic import ValidationError

from kubestead.errors import Finding, InvalidInput
from kubestead.spec.cluster import ClusterSpec
from kubestead.spec.node import NodeSpec, as_mapping
from kubestead.spec.places import ALL, place
from kubestead.validation import findings_of, unknown_key

CLUSTER_KEYS = frozenset(ClusterSpec.model_fields)
NODE_KEYS = frozenset(NodeSpec.model_fields)
RUN_KEYS = frozenset(
    {
        "skip_unreachable",
        "confirm",
        "state",
        "watcher_hosts",
        "force",
        "drain_seconds",
        "over_budgets",
        "over_quorum",
        "one_by_one",
        "rotate",
        "shut_out",
        "diagnosis_file",
        "cilium_status_file",
        "watcher",
        "policies",
        "mesh",
    }
)
# pyinfra's connection and global arguments, its @fake connector, and what kubestead's inventory adds.
FOREIGN_PREFIXES = ("ssh_", "_", "fake_", "kubestead_")
SITE_KEYS = {
    **dict.fromkeys(
        (
            "address",
            "user",
            "key",
            "port",
            "known_hosts",
            "host_keys",
            "sudo",
            "sudo_password_file",
            "jump",
            "group",
            "power",
        ),
        "hosts.<name>",
    ),
    **dict.fromkeys(("catalog", "base_url", "registry"), "sources"),
}


def load_cluster(data: Any, where: Mapping[str, str] | None = None) -> ClusterSpec:
    """See :meth:`ClusterSpec.load`."""
    mapping = as_mapping(data)
    places = mapping.get("kubestead_where", {}) if where is None else where
    findings = unknown_keys(mapping, places, NODE_KEYS | RUN_KEYS | CLUSTER_KEYS)
    values = {key: value for key, value in mapping.items() if key in CLUSTER_KEYS}
    spec, wrong = _validate(values, places)
    if spec is None or findings:
        raise InvalidInput([*findings, *wrong])
    return spec


@dataclass(frozen=True)
class Source:
    """Keys and values that were written together: ``label`` says where, ``places`` where each key stands exactly."""

    label: str
    values: Mapping[str, Any]
    places: Mapping[str, str] = field(default_factory=dict)

    def place(self, key: str) -> str:
        """Where a key was written."""
        return self.places.get(key, f"{self.label}: {key}")


def check_sources(group_data: Sequence[Source], options: Source, overrides: Source | None) -> list[Finding]:
    """What is wrong with the data of a run: the second part of :func:`read_sources`."""
    return read_sources(group_data, options, overrides)[1]


def read_sources(
    group_data: Sequence[Source], options: Source, overrides: Source | None
) -> tuple[ClusterSpec | None, list[Finding]]:
    """The cluster as a run's data gives it, or None, and what is wrong, each key at the place it was written.

    Args:
        group_data: the files of group_data, the later ones win; cluster keys belong into those named ``all.py``.
        options: ``--data`` of the command line.
        overrides: the site file's overrides; None where the site file itself was refused.
    """
    findings: list[Finding] = []
    values: dict[str, Any] = {}
    places: dict[str, str] = {}
    for source in group_data:
        own = {str(key): source.place(str(key)) for key in source.values}
        findings += _node_findings(source)
        if PurePath(source.label).name != "all.py":
            findings += unknown_keys(source.values, own, NODE_KEYS | RUN_KEYS)
            continue
        values.update(source.values)
        places.update(own)
    findings += unknown_keys(options.values, {key: options.place(key) for key in options.values}, NODE_KEYS | RUN_KEYS)
    for key, value in (overrides.values if overrides else {}).items():
        values[key], places[key] = value, overrides.place(key) if overrides else key
    try:
        return load_cluster(values, places), findings
    except InvalidInput as error:
        return None, [*findings, *error.findings]


def _node_findings(source: Source) -> list[Finding]:
    try:
        NodeSpec.load(source.values, source.label)
    except InvalidInput as error:
        return list(error.findings)
    return []


def check_values(values: Mapping[str, Any], places: Mapping[str, str]) -> list[Finding]:
    """What is wrong with these cluster values, each on its own (they are not the whole spec)."""
    findings = unknown_keys(values, places, CLUSTER_KEYS)
    known = {key: value for key, value in values.items() if key in CLUSTER_KEYS}
    try:
        ClusterSpec.model_validate(known, context={"unsure": CLUSTER_KEYS})
    except ValidationError as error:
        findings += findings_of(error, ClusterSpec, lambda location: _place(places, location))
    return findings


def unknown_keys(data: Mapping[str, Any], places: Mapping[str, str], allowed: Collection[str]) -> list[Finding]:
    """A finding for every key that is neither allowed here nor somebody else's; it says where the key belongs."""
    return [
        _misplaced(str(key), _place(places, (str(key),)), value, allowed)
        for key, value in data.items()
        if key not in allowed and not str(key).startswith(FOREIGN_PREFIXES)
    ]


def _misplaced(key: str, where: str, value: object, allowed: Collection[str]) -> Finding:
    if key in CLUSTER_KEYS:
        fix = f"write it in {ALL}, or for one place only under overrides: in the site file"
        return Finding(where, "belongs to the whole cluster, so it has one place", fix, value=value)
    if key in NODE_KEYS:
        fix = f"write it in the site file as hosts.<name>.{key}, or in group_data/<group>.py"
        return Finding(where, "belongs to a node, not to the cluster", fix, value=value)
    if key in SITE_KEYS:
        return Finding(where, "belongs to the site file", f"write it there as {SITE_KEYS[key]}.{key}", value=value)
    return unknown_key(where, key, allowed, value)


def _validate(values: Mapping[str, Any], places: Mapping[str, str]) -> tuple[ClusterSpec | None, list[Finding]]:
    try:
        return ClusterSpec.model_validate(values), []
    except InvalidInput as error:
        return None, _placed(error, places)
    except ValidationError as error:
        findings = findings_of(error, ClusterSpec, lambda location: _place(places, location))
        wrong = {str(detail["loc"][0]) for detail in error.errors()}
    # pydantic compares fields only once each is right by itself; the right ones are compared here all the same.
    try:
        rest = {key: value for key, value in values.items() if key not in wrong}
        ClusterSpec.model_validate(rest, context={"unsure": wrong})
    except InvalidInput as error:
        findings += _placed(error, places)
    return None, findings


def _placed(error: InvalidInput, places: Mapping[str, str]) -> list[Finding]:
    return [replace(finding, where=place(finding.where, places)) for finding in error.findings]


def _place(places: Mapping[str, str], location: tuple[int | str, ...]) -> str:
    key = str(location[0])
    return ".".join([places.get(key, f"{ALL}: {key}"), *map(str, location[1:])])
