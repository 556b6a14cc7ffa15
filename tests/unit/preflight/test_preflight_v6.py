"""IPv6 on the hosts, as ip prints it, against the dual-stack networks."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from ipaddress import IPv6Address, IPv6Network

from kubestead.netplan import Route
from kubestead.preflight.checks import run_checks
from kubestead.preflight.model import ClusterFiles, Device
from kubestead.preflight.parse_network import devices, routes_v6
from kubestead.preflight.survey import Host
from kubestead.spec import ClusterSpec
from tests.fixtures.hosts import host, survey

TODAY = date(2025, 10, 1)
DUAL = ClusterSpec.load({"ip_families": "dual"})
# Of iproute2 6.1, in a namespace of its own; shortened.
ROUTES = """[{"dst":"::1","dev":"lo","protocol":"kernel","metric":256,"flags":[],"pref":"medium"},
{"dst":"fd00:10:0:1::/64","dev":"v0","protocol":"kernel","metric":256,"flags":[],"pref":"medium"},
{"dst":"fe80::/64","dev":"v1","protocol":"kernel","metric":256,"flags":[],"pref":"medium"},
{"dst":"default","gateway":"fd00:10:0:1::1","dev":"v0","metric":1024,"flags":[],"pref":"medium"}]"""
ADDRESSES = """[{"ifname":"v0","mtu":1500,"link_type":"ether","address":"52:fe:64:93:d5:07","addr_info":[
{"family":"inet6","local":"fd00:10:0:1::5","prefixlen":64,"scope":"global","tentative":true},
{"family":"inet6","local":"fe80::50fe:64ff:fe93:d507","prefixlen":64,"scope":"link"}]}]"""
LINK, GATEWAY = IPv6Network("fd00:10:0:1::/64"), IPv6Address("fd00:10:0:1::1")
SERVER = "https://k8s-api:6443"
MEMBER = ClusterFiles(True, True, False, True, True, True, True, SERVER, "a" * 64)


def test_what_ip_prints() -> None:
    assert routes_v6(ROUTES.splitlines()) == (Route(LINK, "v0"), Route(IPv6Network("::/0"), "v0", GATEWAY))
    (device,) = devices(ADDRESSES.splitlines()) or ()
    assert (device.addresses, device.addresses_v6) == ((), ("fd00:10:0:1::5/64",))
    assert routes_v6([]) is None


def with_v6(files: ClusterFiles = ClusterFiles(), device: str = "eth1") -> Host:  # noqa: B008
    one = host("k8s-cp", spec=DUAL, files=files)
    extra = Device(device, None, (), 1500, ("fd00:10:0:1::5/64",))
    routes = (Route(LINK, device), Route(IPv6Network("::/0"), device, GATEWAY))
    return replace(one, info=replace(one.info, devices=(*(one.info.devices or ()), extra), routes_v6=routes))


def told(one: Host, spec: ClusterSpec = DUAL) -> list[tuple[str, str]]:
    found = run_checks(survey(one, spec=spec), TODAY)
    return [(each.reason, each.severity) for each in found if each.where == "pod_cidr_v6"]


def test_a_pool_over_the_hosts_own_network() -> None:
    assert told(with_v6()) == [
        ("meets a network in use: fd00:10:0:1::5/128 is the address of k8s-cp", "error"),
        ("meets a network in use: fd00:10:0:1::1/128 is a router of k8s-cp", "error"),
        ("meets a network in use: fd00:10:0:1::/64 is a live route (eth1) on k8s-cp", "error"),
    ]


def test_a_running_cluster_keeps_its_pool() -> None:
    assert {severity for _, severity in told(with_v6(MEMBER))} == {"warning"}


def test_ciliums_own_device_is_nobody_elses_address() -> None:
    reasons = [reason for reason, _ in told(with_v6(device="cilium_host"))]
    assert not any("address of" in reason or "live route" in reason for reason in reasons)


def test_without_ipv6_for_pods_nothing_is_said() -> None:
    assert told(with_v6(), ClusterSpec.load({})) == []
