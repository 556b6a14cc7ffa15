"""The site file and the catalog, whatever stands in them or in their place."""

import os
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubestead.catalog import Catalog
from kubestead.errors import InvalidInput
from kubestead.preflight.checks import run_checks
from kubestead.preflight.survey import Survey
from kubestead.site import load_site
from kubestead.site.model import HostSettings
from kubestead.spec import ClusterSpec
from kubestead.spec.loading import CLUSTER_KEYS
from kubestead.yamlfile import MOST_BYTES, MOST_VALUES
from tests.fixtures import catalog
from tests.fixtures.hosts import NODES
from tests.unit.anything.anything import (
    addresses,
    dumped,
    ends,
    keys,
    mapping,
    networks,
    taken_or_told,
    texts,
    told,
    versions,
    written,
)

READERS = [load_site, Catalog.load]
# What YAML has a form for; the rest of `values` never comes out of a file.
plain = (
    st.none() | st.booleans() | st.integers() | st.floats() | texts | st.binary(max_size=5) | st.dates() | networks
    | addresses | versions | ends | st.sampled_from(["~", "~nobody/id", "\0", "/" + "a" * 300, "http://["])
)  # fmt: skip
anything = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=6
)
host = mapping(sorted(HostSettings.model_fields), anything)
site = st.fixed_dictionaries(
    {},
    optional={
        "hosts": anything | st.dictionaries(texts | st.just("all"), host | anything, max_size=3),
        "sources": anything | mapping(["catalog", "base_url", "registry"], anything),
        "overrides": anything | mapping(sorted(CLUSTER_KEYS), anything),
        "twin": anything,
    },
)
BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)
CHAIN = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 2000))


@given(st.sampled_from(READERS), st.binary() | st.text().map(str.encode))
def test_any_bytes(read, data):
    taken_or_told(lambda: read(written(data)))


@given(st.sampled_from(READERS), anything)
def test_any_yaml(read, data):
    taken_or_told(lambda: read(dumped(data)))


@given(site)
def test_any_site(data):
    found = taken_or_told(lambda: load_site(dumped(data)))
    if found:
        taken_or_told(found.inventory)
        taken_or_told(lambda: found.inventory([("node1", "192.0.2.1")], [("node2", "node2.example.org")]))


@given(st.data())
def test_any_part_of_a_catalog_can_be_anything(data):
    content = catalog.content()
    within = content
    while isinstance(within, dict) and within:
        key = data.draw(st.sampled_from(sorted(within)))
        if not isinstance(within[key], dict) or data.draw(st.booleans()):
            within[key] = data.draw(anything)
            break
        within = within[key]
    taken_or_told(lambda: Catalog.load(dumped(content), data.draw(st.sampled_from(["", "http://mirror.invalid/"]))))


@given(
    st.lists(st.tuples(st.sampled_from(["files", "images", "apt"]), st.integers(0, 9), texts | versions), max_size=5)
)
def test_any_catalog_that_can_be_read(changes):
    content = catalog.content()
    for part, number, text in changes:
        name = sorted(content[part])[number % len(content[part])]
        if part == "apt":
            content[part][name]["packages"][["kubelet", "kubeadm", text][number % 3]] = text
        else:
            content[part][name]["version" if part == "files" else "tag"] = text
    found = taken_or_told(lambda: Catalog.load(dumped(content)))
    if found:
        told(run_checks(Survey(ClusterSpec(), NODES, (), (), found)))


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (BOMB, f"more than {MOST_VALUES} values"),
        (CHAIN, "nested deeper"),
        ("a: &a [*a]\n", "nested deeper"),
        ("a: &a {b: *a}\n", "nested deeper"),
        ("[" * 100_000, "nested deeper"),
        ("a: 1\n" * (MOST_BYTES // 4), "larger than"),
        (b"hosts:\n  node1: {user: \xe9}\n", "given.yaml:2: is not UTF-8 text: the byte 0xe9"),
        ("\ufeff- a\n", "must be a mapping"),
        ("# nothing\n", None),
        ("text\n", "must be a mapping"),
        ("a: 1\n---\nb: 2\n", "another document"),
        ("a: 2026-99-99\n", "given.yaml:1: is not YAML: is no timestamp"),
        (f"a: {'1' * 5000}\n", "is no int"),
        ("a: !!int ''\n", "is no int"),
        ("a: !!bool maybe\n", "is no bool"),
        ("a: !!timestamp soon\n", "is no timestamp"),
        ("a: !!python/object/apply:os.system [x]\n", "could not determine a constructor"),
        ("? [a]\n: b\n", "unhashable key"),
        ("a: \0\n", "not allowed"),
        ("origin: a\norigin: b\n", "written twice"),
    ],
    ids=range(20),
)
def test_what_is_no_file_of_ours(read, content, words):
    if words is None:
        taken_or_told(lambda: read(written(content)))
        return
    with pytest.raises(InvalidInput) as error:
        read(written(content))
    assert words in str(error.value)
    assert len(error.value.findings) == 1


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    "path", [".", "/", "nowhere.yaml", "/dev/zero", "/proc/self/mem", "x" * 5000, "a\0b", "\ud800"]
)
def test_what_is_no_file_at_all(read, path):
    with pytest.raises(InvalidInput) as error:
        read(Path(path))
    assert len(error.value.findings) == 1


@pytest.mark.parametrize(
    "url", ["http://[", "http://[x]/", "http://x:99999/", "http://x:0/", "http://", "ftp://x", "http://a b"]
)
def test_what_is_no_url(url):
    with pytest.raises(InvalidInput) as error:
        load_site(dumped({"sources": {"base_url": url, "catalog": "given.yaml", "registry": url}}))
    assert [(finding.value, finding.reason) for finding in error.value.findings] == [
        (url, "is not an http or https URL")
    ] * 2


@pytest.mark.parametrize("url", ["http://[", "//[x", ""])
def test_what_is_no_url_in_a_catalog(url):
    content = catalog.content()
    content["files"]["runc"]["amd64"]["url"] = content["apt"]["kubernetes"]["key_url"] = url
    with pytest.raises(InvalidInput) as error:
        Catalog.load(dumped(content), "http://mirror.invalid/")
    assert [finding.where.rpartition(".")[2] for finding in error.value.findings] == ["url", "key_url"]


@contextmanager
def as_nobody():
    """Root reads every file, so it steps aside for a while."""
    mine = os.geteuid()
    if mine == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(mine)


@pytest.mark.parametrize("read", READERS)
def test_a_file_closed_to_us(read, tmp_path):
    path = tmp_path / "closed.yaml"
    path.write_text("{}")
    path.chmod(0)
    tmp_path.chmod(0o755)
    with as_nobody(), pytest.raises(InvalidInput) as error:
        read(path)
    assert len(error.value.findings) == 1


def test_files_in_a_folder_closed_to_us(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir()
    for name in ("id", "known_hosts", "catalog.yaml"):
        (closed / name).touch(mode=0o600)
    keys = f"{{key: {closed}/id, known_hosts: {closed}/known_hosts, host_keys: strict}}"
    site = load_site(written(f"hosts: {{node1: {keys}}}"))
    text = written(f"sources: {{catalog: {closed}/catalog.yaml}}")
    closed.chmod(0)
    with as_nobody(), pytest.raises(InvalidInput) as error:
        site.inventory([("node1", "192.0.2.1")], [])
    assert sorted(finding.where.rpartition(": ")[2] for finding in error.value.findings) == ["key", "known_hosts"]
    with pytest.MonkeyPatch.context() as patch:
        # Only what is named in the site file is closed, not the file itself.
        content = text.read_text()
        patch.setattr("kubestead.yamlfile._text", lambda path: content)
        with as_nobody(), pytest.raises(InvalidInput, match="there is no such"):
            load_site(text)


@pytest.mark.parametrize("named", ["~nobody-at-all/site.yaml", "a\ud800", "x" * 5000, "."])
def test_any_name_in_the_environment(named, monkeypatch):
    monkeypatch.setenv("KUBESTEAD_SITE", named.encode("utf-8", "surrogatepass").decode("utf-8", "surrogateescape"))
    assert taken_or_told(load_site) is None


def test_every_part_of_a_site_file_is_told_at_once():
    text = (
        "hosts:\n  all: {address: 192.0.2.9}\n  node1: {prot: 22, user: 'a b', node_address: 'fd00::1'}\n"
        "sources: {base_url: 'ftp://x', registry: 5000}\noverrides: {hubbel: true, pod_cidr: 10.1.0.0/8}\ntwn: lab\n"
    )
    with pytest.raises(InvalidInput) as error:
        load_site(written(text))
    told = [(finding.where.partition("given.yaml:")[2], finding.value) for finding in error.value.findings]
    assert sorted(told, key=str) == [
        ("3: hosts.node1.node_address", "fd00::1"),
        ("3: hosts.node1.prot", 22),
        ("3: hosts.node1.user", "a b"),
        ("4: sources.base_url", "ftp://x"),
        ("4: sources.registry", 5000),
        ("5: overrides.hubbel", True),
        ("5: overrides.pod_cidr", "10.1.0.0/8"),
        ("6: twn", "lab"),
    ]
