"""Layers and archives: the same input gives the same bytes, owned by root, without times."""

import hashlib
import io
import tarfile

import zstandard

from kubestead.mirror import layers, rootfs, tarballs
from kubestead.mirror.layers import Entry


def members(blob):
    data = zstandard.ZstdDecompressor().stream_reader(blob.read_bytes()).read()
    return data, {member.name: member for member in tarfile.open(fileobj=io.BytesIO(data))}


def make(tmp_path, name="blobs"):
    source = tmp_path / "source"
    (source / "sub").mkdir(parents=True, exist_ok=True)
    (source / "sub/text").write_text("text")
    (source / "run").write_text("#!/bin/sh\n")
    (source / "run").chmod(0o700)
    entries = [
        Entry("/b/tree", source),
        Entry("/a/script", source / "sub/text", mode=0o755),
        Entry("/a/link", link="script"),
        Entry("/tmp", mode=0o1777),
        Entry("/home/x", mode=0o700, owner=65532),
        Entry("/etc/passwd", text="root:x:0:0::/:/bin/sh\n", mode=0o644),
    ]
    return layers.write(tmp_path / name, layers.of_entries(entries))


def test_a_layer_has_folders_modes_owners_and_links(tmp_path):
    layer = make(tmp_path)
    _, found = members(tmp_path / "blobs" / layer.sha256)
    assert list(found) == sorted(found)
    assert found["a"].isdir()
    assert {name: oct(found[name].mode) for name in ("a/script", "b/tree/run", "b/tree/sub/text", "tmp", "home/x")} == {
        "a/script": "0o755",
        "b/tree/run": "0o755",
        "b/tree/sub/text": "0o644",
        "tmp": "0o1777",
        "home/x": "0o700",
    }
    assert found["a/link"].linkname == "script"
    assert {name: member.uid for name, member in found.items() if member.uid} == {"home/x": 65532}
    assert {member.mtime for member in found.values()} == {0}


def test_a_layer_is_stored_under_its_digest_and_knows_its_contents(tmp_path):
    layer = make(tmp_path)
    blob = tmp_path / "blobs" / layer.sha256
    assert hashlib.sha256(blob.read_bytes()).hexdigest() == layer.sha256
    assert blob.stat().st_size == layer.size
    assert hashlib.sha256(members(blob)[0]).hexdigest() == layer.diff_id


def test_the_same_input_makes_the_same_layer(tmp_path):
    first = make(tmp_path)
    (tmp_path / "source/sub/text").touch()
    assert make(tmp_path, "again") == first


def test_a_tree_keeps_its_links(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    (root / "one").write_text("x" * 100)
    (root / "two").hardlink_to(root / "one")
    (root / "three").symlink_to("one")
    layer = layers.write(tmp_path / "blobs", layers.of_tree(root, root.iterdir()))
    _, found = members(tmp_path / "blobs" / layer.sha256)
    assert (found["two"].islnk(), found["two"].linkname) == (True, "one") or found["one"].linkname == "two"
    assert found["three"].linkname == "one"


def test_an_archive_is_the_same_twice(tmp_path):
    (tmp_path / "helm").write_text("binary")
    entry = Entry("linux-amd64/helm", tmp_path / "helm", mode=0o755)
    first = tarballs.write(tmp_path / "a.tar.gz", [entry]).read_bytes()
    (tmp_path / "helm").touch()
    assert tarballs.write(tmp_path / "b.tar.gz", [entry]).read_bytes() == first
    with tarfile.open(tmp_path / "a.tar.gz") as tar:
        assert [(m.name, oct(m.mode), m.uid) for m in tar] == [
            ("linux-amd64", "0o755", 0),
            ("linux-amd64/helm", "0o755", 0),
        ]


def test_what_images_leave_out_of_debian():
    gone = ["usr/share/doc/bash/README", "var/lib/apt/lists/x", "usr/bin/perl5.36.0", "dev/null"]
    kept = ["usr/bin/bash", "etc/ssl/certs/ca-certificates.crt", "dev", "tmp", "var/lib/dpkg/status"]
    assert [path for path in gone + kept if rootfs.matches(path)] == gone
