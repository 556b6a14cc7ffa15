"""What is told of a key without seeing it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kubestead.cilium.ipseckey import ALGORITHM, KeySeen, KeysInUse

OURS = KeySeen("1", 1, 4, "3+", ALGORITHM, 40, "128")


def test_a_key_of_ours() -> None:
    assert (OURS.wrong, OURS.is_ours, OURS.spi, OURS.next_number) == ("", True, 3, 4)


def test_the_number_counts_up_to_15_and_begins_again() -> None:
    numbers = [3]
    for _ in range(30):
        numbers.append(replace(OURS, number=f"{numbers[-1]}+").next_number)
    assert numbers[:14] == [*range(3, 16), 1]
    assert set(numbers) == set(range(1, 16)), "never 0, never more than four bits"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"lines": 0, "fields": 0}, "is not a line"),
        ({"fields": 2}, "is not a line"),
        ({"number": "0"}, "number is '0'"),
        ({"number": "16+"}, "Cilium takes 1 to 15"),
        ({"number": "x"}, "number is 'x'"),
        ({"number": "+"}, "number is '+'"),
        ({"digits": 0}, "not a hexadecimal number"),
        ({"digits": 39}, "of whole bytes"),
        ({"check_bits": "64"}, "last word is '64'"),
    ],
)
def test_what_agents_end_at(change: dict[str, object], words: str) -> None:
    assert words in replace(OURS, **change).wrong  # type: ignore[arg-type]


def test_a_key_of_another_form_is_well_and_not_ours() -> None:
    other = KeySeen("1", 1, 5, "7", "hmac(sha256)", 64, "cbc(aes)")
    assert (other.wrong, other.is_ours) == ("", False)
    assert not replace(OURS, lines=2).is_ours


def test_who_uses_another_key() -> None:
    numbers = {"k8s-cp": 4, "k8s-worker1": 3, "k8s-worker2": 0}
    assert KeysInUse(True, numbers).others(4) == "k8s-worker1 uses 3, k8s-worker2 uses none"
    assert KeysInUse(True, {"k8s-cp": 4}).others(4) == ""
    assert KeysInUse(True).others(4) == "no node tells its key"
    assert KeysInUse(False, numbers).others(4) == ""
