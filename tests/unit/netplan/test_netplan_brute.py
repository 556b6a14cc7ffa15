"""The plan against brute force: every address of a tiny space, one by one."""

from __future__ import annotations

import copy
import re
from collections import Counter

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kubestead.netplan import check_address_plan, propose_block, propose_pool, propose_service_cidr
from tests.unit.netplan.tiny import (
    MASK,
    SPACE,
    Tiny,
    as_written,
    clashes,
    members,
    network,
    owned,
    plans,
    written,
    wrong,
)

NAME = re.compile(
    r"a network in use: (?P<fixed>.* is "
    r"(?:the address of the API|the address of n\d|a router of|the router \w+|a live route.* on|east's .*))"
    r"|(?P<own>\S+ \(\S+\))$"
)
avoided = st.lists(network(25, 32), max_size=8)


def check(plan: Tiny, **more):
    found = check_address_plan(plan.spec, plan.nodes, plan.routes, others=plan.others, **more)
    return [finding for finding in found if finding.severity == "error"]


def overlaps(findings):
    met = Counter()
    for finding in findings:
        if not finding.reason.startswith("holds"):
            name = NAME.search(finding.reason)
            met[finding.where, name["fixed"] or name["own"]] += 1
    return met


@settings(max_examples=300)
@given(plans())
def test_every_overlap_is_told_once_and_nothing_else(plan):
    found, texts = check(plan), written(plan.data)
    assert overlaps(found) == clashes(plan)
    assert all(finding.value == texts[finding.where] for finding in found)


def followed(plan: Tiny, keys) -> Tiny:
    """The plan with the advice for these keys taken."""
    data = copy.deepcopy(plan.data)
    for finding in check(plan):
        if finding.where in keys and (advice := re.match(r"write .*?'([0-9./]+)'", finding.fix)):
            *path, last = [int(part) if part.isdigit() else part for part in finding.where.split(".")]
            place = data
            for part in path:
                place = place[part]
            place[last] = advice[1]
    return Tiny(data, plan.nodes, plan.routes, plan.others)


@settings(max_examples=150)
@given(plans(), st.data())
def test_whatever_part_of_the_advice_is_followed_those_keys_are_well(plan, data):
    advised = sorted({finding.where for finding in check(plan) if finding.fix.startswith("write ")})
    assume(advised)
    keys = data.draw(st.sets(st.sampled_from(advised), min_size=1))
    after = followed(plan, keys)
    before = written(plan.data)
    changed = {key for key, text in written(after.data).items() if text != before[key]}
    assert not changed & {finding.where for finding in check(after)}


def every_network(prefix):
    return SPACE.subnets(new_prefix=prefix)


def taken_by(avoid):
    return {address for network in avoid for address in members(str(network))}


def free(candidate, taken):
    return taken.isdisjoint(range(int(candidate[0]), int(candidate[-1]) + 1))


@given(avoided, st.integers(26, 30), st.integers(1, 20))
def test_the_pool_proposed_is_free_the_largest_and_the_highest_of_those(avoid, mask, nodes):
    proposed = propose_pool(avoid, mask, nodes, (SPACE,))
    taken = taken_by(avoid)
    holding = [
        candidate
        for prefix in range(24, mask + 1)
        for candidate in every_network(prefix)
        if free(candidate, taken) and len(list(candidate.subnets(new_prefix=mask))) >= nodes
    ]
    best = max(holding, key=lambda candidate: (candidate.num_addresses, candidate.network_address), default=None)
    assert proposed == best


@given(avoided, st.integers(1, 256))
def test_the_block_proposed_is_free_no_larger_than_needed_and_the_highest_of_those(avoid, addresses):
    proposed = propose_block(avoid, addresses, SPACE)
    taken = taken_by(avoid)
    by_size = {
        2 ** (32 - prefix): [candidate for candidate in every_network(prefix) if free(candidate, taken)]
        for prefix in range(24, 33)
    }
    enough = [size for size, found in by_size.items() if size >= addresses and found]
    # Where so many are not free together, as many as there are.
    smallest = min((size for size in by_size if size >= addresses), default=None)
    size = smallest if enough else max((size for size, found in by_size.items() if found), default=None)
    assert proposed == (max(by_size[size]) if size else None)


@given(avoided, st.integers(25, 30))
def test_the_service_network_proposed_is_free_wherever_one_is(avoid, prefix):
    proposed = propose_service_cidr(avoid, (SPACE,), prefix)
    taken = taken_by(avoid)
    there = [candidate for candidate in every_network(prefix) if free(candidate, taken)]
    assert proposed in there if there else proposed is None


@given(plans())
def test_what_a_running_cluster_keeps_is_only_told(plan):
    """The same is found, and nothing of it stops a run."""
    kept = set(written(plan.data))
    found = check_address_plan(plan.spec, plan.nodes, plan.routes, others=plan.others, kept=kept)
    told = [finding for finding in found if finding.where in kept]
    assert {finding.severity for finding in told} <= {"warning"}
    assert overlaps(told) == clashes(plan)


@given(plans())
def test_a_pool_too_small_says_so(plan):
    pool = [plan.data["pod_cidr"], *plan.data["cilium_more_pod_cidrs"]]
    parts = sum(len(members(text)) // 2 ** (32 - MASK) for text in pool)
    told = [finding for finding in check(plan) if "node part" in finding.reason]
    assert bool(told) == (parts < len(plan.nodes))
    kept = set(written(plan.data))
    grow = [finding for finding in check(plan, kept=kept) if finding.where == "cilium_more_pod_cidrs"]
    assert bool(grow) == (parts < len(plan.nodes))


@given(plans())
def test_growing_as_advised_makes_room(plan):
    kept = set(written(plan.data))
    for finding in check(plan, kept=kept):
        if finding.where == "cilium_more_pod_cidrs":
            more = re.findall(r"[0-9.]+/[0-9]+", finding.fix)
            assert more[:-1] == plan.data["cilium_more_pod_cidrs"]
            spec = as_written({**plan.data, "cilium_more_pod_cidrs": more})
            after = check_address_plan(spec, plan.nodes, plan.routes, others=plan.others, kept=kept)
            assert not [one for one in after if one.where.startswith("cilium_more_pod_cidrs") and one.where not in kept]


def test_the_brute_force_itself_can_tell():
    """A pool over a node and a block over a router, told by hand."""
    pool = {"blocks": ["10.9.0.32/28"], "first_and_last": False}
    data = {"pod_cidr": "10.9.0.0/28", "service_cidr": "10.9.0.16/28", "cilium_lb_pools": [pool]}
    block = owned({**data, "cilium_more_pod_cidrs": [], "cilium_pools": []})[2]
    link = members("10.9.0.0/24")
    assert not wrong(block, "link", link)
    assert wrong(block, "machine", members("10.9.0.33"))
    assert not wrong(block, "machine", members("10.9.0.32"))
    assert wrong(block, "link", members("10.9.0.40/29"))
