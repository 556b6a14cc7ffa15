"""Downloads from a local TLS server: what arrives whole is kept under its digest, and nothing else is."""

import os
import time

import pytest

from kubestead.errors import KubesteadError
from kubestead.mirror.download import Limits, fetch, fetch_any, folder

DATA = os.urandom(200_000)
QUICK = Limits(attempts=3, connect_seconds=5, stall_seconds=1, pause_seconds=0.01)


def kept():
    return [path.name for path in folder().iterdir() if not path.name.startswith(".")]


def test_a_whole_file_is_kept_under_its_digest_and_fetched_once(upstream):
    url, sha256 = upstream.offer("file", DATA)
    assert fetch(url, sha256, QUICK).read_bytes() == DATA
    assert fetch(url, sha256, QUICK).name == sha256
    assert len(upstream.asked) == 1


def test_a_wrong_digest_is_refused_and_thrown_away(upstream):
    url, sha256 = upstream.offer("file", DATA)
    with pytest.raises(KubesteadError, match=rf"sha256 is {sha256}, the catalog says {'0' * 64}.*thrown away"):
        fetch(url, "0" * 64, QUICK)
    assert list(folder().iterdir()) == []


def test_a_truncated_file_is_completed_by_a_range(upstream):
    url, sha256 = upstream.offer("file", DATA, "breaks off once")
    assert fetch(url, sha256, QUICK).read_bytes() == DATA
    assert [wanted for _, wanted in upstream.asked] == ["", f"bytes={len(DATA) // 2}-"]


def test_a_file_that_always_breaks_off_without_progress_ends_with_an_error(upstream):
    url, sha256 = upstream.offer("file", b"x", "breaks off")
    with pytest.raises(KubesteadError, match=r"attempt 3 of 3.*run the same command again"):
        fetch(url, sha256, QUICK)
    assert len(upstream.asked) == 3
    assert kept() == []


def test_a_short_file_whose_length_was_not_said_is_caught_by_its_digest(upstream):
    url, sha256 = upstream.offer("file", DATA, "short without a length")
    with pytest.raises(KubesteadError, match="the catalog says"):
        fetch(url, sha256, QUICK)
    assert list(folder().iterdir()) == []


def test_a_missing_file_is_not_asked_for_again(upstream):
    with pytest.raises(KubesteadError, match=r"404.*attempt 1 of 3.*check the URL"):
        fetch(upstream.url("nothing"), "0" * 64, QUICK)
    assert len(upstream.asked) == 1


def test_a_broken_server_is_asked_again(upstream):
    url, sha256 = upstream.offer("file", DATA, "status 503")
    with pytest.raises(KubesteadError, match=r"503.*attempt 3 of 3"):
        fetch(url, sha256, QUICK)
    assert len(upstream.asked) == 3


def test_a_stalled_server_is_left_after_the_limit(upstream):
    url, sha256 = upstream.offer("file", DATA, "stalls")
    started = time.monotonic()
    with pytest.raises(KubesteadError, match="attempt 1 of 1"):
        fetch(url, sha256, Limits(attempts=1, stall_seconds=1))
    assert time.monotonic() - started < 10
    assert kept() == []


def test_the_next_run_goes_on_where_the_last_one_stopped(upstream):
    url, sha256 = upstream.offer("file", DATA, "breaks off")
    with pytest.raises(KubesteadError):
        fetch(url, sha256, Limits(attempts=1))
    upstream.behaviour["file"] = "whole"
    assert fetch(url, sha256, QUICK).read_bytes() == DATA
    assert upstream.asked[-1] == ("file", f"bytes={len(DATA) // 2}-")


def test_a_part_of_another_file_is_replaced_not_continued(upstream):
    url, _ = upstream.offer("file", os.urandom(200_000), "breaks off")
    with pytest.raises(KubesteadError):
        fetch(url, "0" * 64, Limits(attempts=1))
    url, sha256 = upstream.offer("file", DATA)
    assert fetch(url, sha256, QUICK).read_bytes() == DATA


def test_a_part_longer_than_the_file_is_replaced(upstream):
    url, _ = upstream.offer("file", os.urandom(500_000), "breaks off")
    with pytest.raises(KubesteadError):
        fetch(url, "0" * 64, Limits(attempts=1))
    url, sha256 = upstream.offer("file", DATA)
    assert fetch(url, sha256, QUICK).read_bytes() == DATA


def test_an_unknown_authority_is_refused(upstream, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    monkeypatch.delenv("CURL_CA_BUNDLE")
    url, sha256 = upstream.offer("file", DATA)
    with pytest.raises(KubesteadError, match=r"attempt 1 of 3.*certificate is not trusted"):
        fetch(url, sha256, QUICK)


def test_plain_http_is_refused(upstream):
    with pytest.raises(KubesteadError, match="attempt 1 of 3"):
        fetch(f"http://localhost:{upstream.port}/file", "0" * 64, QUICK)


def test_a_file_without_a_known_digest_is_named_by_the_one_it_has(upstream):
    url, sha256 = upstream.offer("file", DATA)
    path, found = fetch_any(url, QUICK)
    assert (found, path.name, path.read_bytes()) == (sha256, sha256, DATA)
