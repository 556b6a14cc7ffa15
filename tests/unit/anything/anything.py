"""Whatever a person or a program may write: values, texts and files of every kind, for the tests beside this."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date
from io import StringIO
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st
from rich.console import Console

from kubestead.cli.validate import as_data, show
from kubestead.errors import Finding, InvalidInput
from kubestead.phases.validate import Validation

# Whole Unicode, half characters too: YAML's "\ud800" makes one.
texts = st.text(st.characters(exclude_categories=[]), max_size=30)
networks = st.builds(
    lambda address, prefix: f"{IPv4Address(address)}/{prefix}", st.integers(0, 2**32 - 1), st.integers(0, 33)
)
true_networks = st.builds(
    lambda address, prefix: str(IPv4Network((address, prefix), strict=False)),
    st.integers(0, 2**32 - 1),
    st.integers(4, 30),
)
addresses = (
    st.ip_addresses(v=4).map(str) | st.ip_addresses(v=6).map(str) | st.sampled_from(
        ["0.0.0.0", "255.255.255.255", "127.0.0.1", "::1", "fe80::1%eth0", "::ffff:192.0.2.1", "192.0.2.01", "1", "²"]  # noqa: S104
    )
)  # fmt: skip
versions = st.sampled_from(
    ["v1.31.13", "1.31", "1.31.1\u0661", "0.0.0", "1.30.9", "1.34.0", "99999.1.1", "1.31.13\n", "3.10", "2.1.5"]
)
ends = st.builds("{}:{}".format, addresses | texts, st.integers() | texts)
# Hypothesis itself cannot show a number of more than 4300 digits; test_any_spec.py has one.
HUGE = [10**4000, -(10**4000), "x" * 100_000, [[]] * 20_000, {"k" * 10_000: 1}, float("inf"), float("nan")]
# By their places, for their own text would fill the screen.
huge = st.integers(0, len(HUGE) - 1).map(HUGE.__getitem__)
keys = st.none() | st.booleans() | st.integers() | st.floats() | texts | st.binary(max_size=5)
scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | texts | st.binary(max_size=5) | st.just(date(2026, 1, 1))
    | networks | true_networks | addresses | versions | ends | st.just(object()) | st.just({1, 2})
)  # fmt: skip
values = huge | st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=8
)


def mapping(keys: Sequence[str], of: st.SearchStrategy[Any] = values) -> st.SearchStrategy[dict[str, Any]]:
    """Mappings with these keys, typing errors of them, and any others."""
    typed = st.sampled_from([*keys, *(key[:-1] for key in keys), *(key.upper() for key in keys)])
    return st.dictionaries(typed | texts, of, max_size=6)


def told(findings: Sequence[Finding]) -> None:
    """Each finding can be shown to a person and to a program, and says where, why, and what to do."""
    for finding in findings:
        assert finding.where
        assert finding.reason
        assert finding.fix
        assert len(str(finding)) < 10_000
        str(finding).encode()
    result = Validation(tuple(findings))
    json.loads(json.dumps(as_data(result), allow_nan=False).encode())
    if len(findings) < 10:
        show(result, Console(file=StringIO(), width=200))


def taken_or_told(action: Callable[[], Any]) -> Any:
    """What the action gives, or None where it refused in words; any other exception is a bug."""
    try:
        return action()
    except InvalidInput as error:
        assert error.findings
        told(error.findings)
        return None


def written(content: str | bytes) -> Path:
    """A file in the working folder, anew for each example."""
    path = Path("given.yaml")
    path.unlink(missing_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
    return path


def dumped(data: object) -> Path:
    """The same, of data."""
    return written(yaml.safe_dump(data, allow_unicode=False))
