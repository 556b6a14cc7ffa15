"""The hosts an inventory file names: are they pairs of a name and an address, each once?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from kubestead.errors import Finding
from kubestead.spec.fields import is_address, is_dns_name

Members = dict[str, str]


def check_given(given: Mapping[str, object]) -> tuple[dict[str, Members], list[Finding]]:
    """The hosts by group and name, with their addresses, and what is wrong with what was written.

    Args:
        given: group to what the inventory file has for it; None is no host.

    Returns:
        the entries that are pairs of texts, the first of each name; and the findings.
    """
    groups: dict[str, Members] = {}
    findings: list[Finding] = []
    for group, entries in given.items():
        pairs, wrong = _pairs(group, entries)
        findings += wrong
        findings += [
            Finding(f"host {name}", f"is named {times} times in {group}", "name it once")
            for name, times in Counter(name for name, _ in pairs).items()
            if times > 1
        ]
        groups[group] = dict(reversed(pairs))
        groups[group] = {name: groups[group][name] for name, _ in pairs}
    both = Counter(name for members in groups.values() for name in members)
    findings += [Finding(f"host {name}", "is in both groups", "leave it in one") for name in both if both[name] > 1]
    return groups, findings + _check_pairs(groups)


def _pairs(group: str, entries: object) -> tuple[list[tuple[str, str]], list[Finding]]:
    where, fix = f"the inventory: {group}", f'write {group}=[("node1", "192.0.2.11")]'
    if entries is None:
        return [], []
    if not isinstance(entries, (list, tuple)):
        return [], [Finding(where, "must be a list of pairs, a name and an address each", fix, value=entries)]
    pairs, findings = [], []
    for number, entry in enumerate(entries):
        if isinstance(entry, (list, tuple)) and len(entry) == 2 and all(isinstance(part, str) for part in entry):
            pairs.append((entry[0], entry[1]))
        else:
            findings.append(Finding(f"{where}.{number}", "must be a name and an address, both text", fix, value=entry))
    return pairs, findings


def _check_pairs(groups: Mapping[str, Members]) -> list[Finding]:
    pairs = {name: address for members in groups.values() for name, address in members.items()}
    names = [
        Finding(f"host {name}", "is not a name a node can have", "use lower-case letters, digits, '-' and '.'")
        for name in pairs
        if not is_dns_name(name)
    ]
    return names + [
        Finding(f"host {name}", "has neither an IP address nor a host name", "correct its address", value=address)
        for name, address in pairs.items()
        if address and not is_address(address) and not is_dns_name(address)
    ]
