"""What counts as left over of a cluster, told from what a host's own tools say."""

import pytest

from kubestead.facts.leftovers import Leftovers
from tests.shell import fact

LINKS = """\
1: lo: <LOOPBACK> mtu 65536
2: eth0: <BROADCAST> mtu 1500
7: cilium_host@cilium_net: <BROADCAST>
9: lxc1a2b3c4d@if8: <BROADCAST>
11: lxc_health@if10: <BROADCAST>
12: lxcbr0: <BROADCAST>
13: flannel.1: <BROADCAST>
"""
RULES = """\
0:\tfrom all lookup local
9:\tfrom all fwmark 0x200/0xf00 lookup 2004
32766:\tfrom all lookup main
"""
SAVED = """\
*filter
:INPUT ACCEPT [0:0]
:KUBE-FORWARD - [0:0]
:CILIUM_INPUT - [0:0]
:DOCKER-USER - [0:0]
-A INPUT -j KUBE-FORWARD
"""


@pytest.fixture
def host(tmp_path):
    """A search path on which ``ip`` and the others say what a host's would."""
    for tool, said in {"ip": f"case $1 in rule) cat <<'E'\n{RULES}E\n;; *) cat <<'E'\n{LINKS}E\n;; esac",
                       "iptables-nft-save": f"cat <<'E'\n{SAVED}E", "iptables-legacy-save": "true",
                       "pgrep": "echo 4711 /usr/bin/kubelet --config=x"}.items():  # fmt: skip
        (tmp_path / tool).write_text(f"#!/bin/sh\n{said}\n")
        (tmp_path / tool).chmod(0o755)
    return f"{tmp_path}:/usr/bin:/bin"


def test_a_clusters_remains_are_told_and_other_peoples_things_are_not(host):
    assert fact(Leftovers, path=host) == [
        "process: 4711 /usr/bin/kubelet --config=x",
        "link: cilium_host@cilium_net",
        "link: lxc1a2b3c4d@if8",
        "link: lxc_health@if10",
        "link: flannel.1",
        "chain: :CILIUM_INPUT",
        "chain: :KUBE-FORWARD",
        "rule: 9:\tfrom all fwmark 0x200/0xf00 lookup 2004",
    ]
