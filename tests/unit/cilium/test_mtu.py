"""How much of a packet is left for pods: the table of Cilium's pkg/mtu."""

import pytest

from kubestead.cilium.mtu import pod_mtu
from kubestead.spec import ClusterSpec


@pytest.mark.parametrize(
    ("routing", "encryption", "left"),
    [
        ("native", "none", 1500), ("vxlan", "none", 1450), ("geneve", "none", 1450),
        ("native", "wireguard", 1420), ("vxlan", "wireguard", 1370),
        ("native", "ipsec", 1423), ("vxlan", "ipsec", 1373),
    ],
)  # fmt: skip
def test_what_is_left_for_pods(routing, encryption, left):
    assert pod_mtu(ClusterSpec(cilium_routing=routing, cilium_encryption=encryption), 1500) == left
