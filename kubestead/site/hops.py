"""Jump hosts as ssh's -J and ProxyJump name them: ``[user@]host[:port]``, several with commas. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kubestead.spec.fields import is_address, is_dns_name
from kubestead.validation import Refusal

_HOP = re.compile(r"(?:(?P<user>[A-Za-z_][-A-Za-z0-9_.]*\$?)@)?(?P<host>[^:@,\s]+)(?::(?P<port>[0-9]{1,5}))?")
MOST = 8


@dataclass(frozen=True)
class Hop:
    """One jump host; ``user`` and ``port`` are None where they are not said."""

    host: str
    user: str | None = None
    port: int | None = None


def hops(text: str) -> list[Hop]:
    """The jump hosts in order, the first one reached from here.

    Raises:
        Refusal: it is not of that form.
    """
    found = []
    for part in text.split(","):
        match = _HOP.fullmatch(part.strip())
        port = int(match["port"]) if match and match["port"] else None
        if (
            not match
            or not (is_address(match["host"]) or is_dns_name(match["host"]))
            or port == 0
            or (port or 0) > 65535
        ):
            raise Refusal("is no jump host", "write 'user@bastion.example:22'; user and port may be left out")
        found.append(Hop(match["host"], match["user"], port))
    if len(found) > MOST:
        raise Refusal(f"has more than {MOST} jump hosts")
    return found
