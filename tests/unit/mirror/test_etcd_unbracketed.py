"""The etcd of clustermesh-apiserver's image is started with addresses that it takes."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from kubestead.mirror.recipes import DATA

ADDRESSES = [
    (
        "--listen=https://127.0.0.1:2379,https://[10.1.1.2]:2379",
        "--listen=https://127.0.0.1:2379,https://10.1.1.2:2379",
    ),
    ("--a=http://[10.1.1.2]:1,http://[10.1.1.3]:2", "--a=http://10.1.1.2:1,http://10.1.1.3:2"),
    ("--a=https://[fd00::1]:2379,https://[10.1.1.2]:2379", "--a=https://[fd00::1]:2379,https://10.1.1.2:2379"),
    ("--a=https://[10.1.1.2", "--a=https://[10.1.1.2"),
    ("--name=a[b]", "--name=a[b]"),
    ("", ""),
]


@pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc")
def test_ipv4_addresses_lose_their_brackets_and_nothing_else_changes(tmp_path: Path) -> None:
    etcd, program = tmp_path / "etcd", tmp_path / "unbracketed"
    etcd.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    etcd.chmod(0o755)
    source = (DATA / "etcd-unbracketed.c").read_text()
    assert source.count('"/usr/libexec/etcd"') == 1
    (tmp_path / "here.c").write_text(source.replace("/usr/libexec/etcd", str(etcd)))
    subprocess.run(["gcc", "-Wall", "-Werror", "-o", program, tmp_path / "here.c"], check=True)
    given = [given for given, _ in ADDRESSES]
    done = subprocess.run([program, *given], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [wanted for _, wanted in ADDRESSES]
    etcd.unlink()
    assert subprocess.run([program], capture_output=True, check=False).returncode == 127
