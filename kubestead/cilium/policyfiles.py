"""The policies of a folder: plain YAML, read whole, everything that is wrong with it at once. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from kubestead.cilium.policy import JUDGED, NAMESPACED, VERSIONS, Policy
from kubestead.errors import Finding, InvalidInput
from kubestead.manifests import Identity
from kubestead.validation import nearest, unknown_key
from kubestead.yamlfile import read_documents

# Beside policies: what they should let through, for a test. No policy itself.
EXPECTED = "expected.yaml"
SUFFIXES = (".yaml", ".yml")
TEMPLATES = (".j2", ".tpl", ".gotmpl")
KEYS = ("apiVersion", "kind", "metadata", "spec")
METADATA = ("name", "namespace", "labels", "annotations")
_PLACEHOLDER = re.compile(r"^[^#]*(\{\{|\{%)")
# RFC 1123; Cilium's kinds take the longer form, with dots.
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
LONGEST_NAME = 253


def load(folder: Path) -> tuple[list[Policy], list[Finding]]:
    """The policies of every YAML file directly in ``folder``, in the order of its names, and what is wrong with them.

    Folders in it, ``expected.yaml`` and files of other kinds are not read.
    """
    if not folder.is_dir():
        return [], [Finding(str(folder), "is no folder", "name one that is, with --data policies=FOLDER")]
    policies: list[Policy] = []
    findings: list[Finding] = []
    for path in sorted(folder.iterdir()):
        if path.suffix in TEMPLATES:
            fix = "write the policy itself, or have the template rendered into another folder before"
            findings.append(Finding(str(path), "is a template, and policies are plain YAML here", fix))
        if path.suffix in SUFFIXES and path.name != EXPECTED and path.is_file():
            read, wrong = _file(path)
            policies += read
            findings += wrong
    return policies, [*findings, *_twice(policies)]


def _file(path: Path) -> tuple[list[Policy], list[Finding]]:
    if findings := list(_placeholders(path)):
        return [], findings
    try:
        documents = [(content, node) for content, node in read_documents(path) if content is not None]
    except InvalidInput as error:
        return [], list(error.findings)
    policies = []
    for number, (content, node) in enumerate(documents, start=1):
        policy = Policy(content if isinstance(content, dict) else {}, path, number, len(documents) > 1, node)
        if not isinstance(content, dict):
            reason = "is no policy: a mapping with apiVersion, kind, metadata and spec"
            findings.append(Finding(policy.place(), reason, "correct it, or the '---' before it", value=content))
            continue
        wrong = list(_object(policy))
        findings += wrong
        policies += [] if wrong else [policy]
    return policies, findings


def _placeholders(path: Path) -> Iterator[Finding]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        return  # told as the file is read
    for number, line in enumerate(lines, start=1):
        if found := _PLACEHOLDER.match(line):
            fix = "write the value itself: policies are plain YAML here"
            yield Finding(f"{path}:{number}", f"has a template's placeholder, {found[1]}", fix)


def _object(policy: Policy) -> Iterator[Finding]:
    """What is wrong with kind, version and name."""
    kind = policy.content.get("kind")
    if not isinstance(kind, str) or kind not in VERSIONS:
        guess = nearest(kind, VERSIONS)
        fix = f"did you mean {guess}?" if guess else f"the kinds here are {', '.join(VERSIONS)}"
        yield Finding(policy.place("kind"), "is no kind of policy" if kind else "is missing", fix, value=kind)
        return
    version = policy.content.get("apiVersion")
    if version != VERSIONS[kind]:
        reason = f"is not the version of {kind} here" if version else "is missing"
        yield Finding(policy.place("apiVersion"), reason, f"write {VERSIONS[kind]}", value=version)
    allowed = (*KEYS, "specs") if kind in JUDGED else KEYS
    for name in policy.content:
        if name not in allowed:
            yield unknown_key(policy.place(name), name, allowed)
    metadata = policy.content.get("metadata")
    if isinstance(metadata, dict):
        yield from _metadata(policy, metadata)
    else:
        yield Finding(policy.place("metadata"), "must be a mapping with a name", "write metadata: {name: ...}")


def _metadata(policy: Policy, metadata: dict[str, object]) -> Iterator[Finding]:
    for key in metadata:
        if key not in METADATA:
            yield unknown_key(policy.place("metadata", key), key, METADATA)
    namespaced = policy.kind in NAMESPACED
    yield from _name(policy, "name", metadata.get("name"))
    if namespaced:
        yield from _name(policy, "namespace", metadata.get("namespace"))
    elif metadata.get("namespace") is not None:
        reason = f"{policy.kind} is of the whole cluster and has no namespace"
        yield Finding(policy.place("metadata", "namespace"), reason, "remove it", value=metadata["namespace"])
    for key in ("labels", "annotations"):
        entries = metadata.get(key)
        if isinstance(entries, dict):
            wrong = {name: value for name, value in entries.items() if not isinstance(value, str)}
            for name, value in wrong.items():
                yield Finding(policy.place("metadata", key, name), "must be text", "put it in quotes", value=value)
        elif entries is not None:
            yield Finding(policy.place("metadata", key), "must be a mapping", "write key: value", value=entries)


def _name(policy: Policy, key: str, value: object) -> Iterator[Finding]:
    if value is None:
        yield Finding(policy.place("metadata", key), "is missing", f"give the policy its {key}")
    elif not isinstance(value, str) or len(value) > LONGEST_NAME or not _NAME.fullmatch(value):
        fix = "use lower-case letters, digits, '-' and '.', in quotes where it looks like a number"
        yield Finding(policy.place("metadata", key), "is no name Kubernetes takes", fix, value=value)


def _twice(policies: Sequence[Policy]) -> Iterator[Finding]:
    """Two objects of one name: the later one would win without a word."""
    seen: dict[Identity, Policy] = {}
    for policy in policies:
        first = seen.setdefault(policy.identity, policy)
        if first is not policy:
            reason = f"{policy} is written a second time, first in {first.place('metadata', 'name')}"
            yield Finding(policy.place("metadata", "name"), reason, "rename one of them, or remove it")
