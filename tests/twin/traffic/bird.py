"""A router outside the cluster: BIRD of Debian's package, on the twin's bridge, with every node as a neighbour."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kubestead.twin.plan import GATEWAY
from tests.debian import unpacked
from tests.twin.conftest import Twin, eventually

ASN = 64513
# The program's package, and the libraries a plain machine has not.
PACKAGES = ("bird2", "libssh-gcrypt-4", "libreadline8")
HEAD = """\
router id {address};
protocol device {{ }}
# What is learnt is used: several nodes for one address share its flows.
protocol kernel {{ merge paths yes; ipv4 {{ export all; import none; }}; }}
template bgp node {{
    local {address} as {asn};
    passive yes;
    hold time {hold};
    {password}
    ipv4 {{ import all; export none; }};
}}
"""
NEIGHBOUR = "protocol bgp {name} from node {{ neighbor {address} as {asn}; }}\n"


@dataclass(frozen=True)
class Bird:
    """A running BIRD."""

    programs: Path
    control: Path
    environment: Mapping[str, str]

    def says(self, command: str) -> str:
        """What birdc prints for a command."""
        argv = [str(self.programs / "birdc"), "-s", str(self.control), *command.split()]
        return subprocess.run(argv, capture_output=True, text=True, check=True, env=dict(self.environment)).stdout

    def established(self) -> set[str]:
        """The nodes whose sessions are up."""
        rows = (line.split() for line in self.says("show protocols").splitlines())
        return {
            row[0].replace("_", "-") for row in rows if len(row) > 1 and row[1] == "BGP" and row[-1] == "Established"
        }

    def routes(self) -> dict[str, set[str]]:
        """The next hops of every network learnt: ``{"10.0.1.0/24": {"192.168.1.61"}}``."""
        found: dict[str, set[str]] = {}
        network = ""
        for line in self.says("show route").splitlines():
            if match := re.match(r"(\d+\.\d+\.\d+\.\d+/\d+)", line):
                network = match[1]
            if via := re.search(r"via (\S+) on", line):
                found.setdefault(network, set()).add(via[1])
        return found


@contextmanager
def bird(twin: Twin, folder: Path, node_asn: int, hold_seconds: int, password: str = "") -> Iterator[Bird]:
    """BIRD in the bridge's namespace, until the end of the block.

    Args:
        twin: whose.
        folder: for its configuration, which holds the password, and its log.
        node_asn: the nodes' AS number.
        hold_seconds: silence after which it gives a node up.
        password: of every session; none without.
    """
    programs, environment = _programs()
    configuration, control = folder / "bird.conf", folder / "bird.ctl"
    known = f'password "{password}";' if password else ""
    text = HEAD.format(address=GATEWAY, asn=ASN, hold=hold_seconds, password=known)
    for name, address in twin.record["addresses"].items():
        text += NEIGHBOUR.format(name=name.replace("-", "_"), address=address, asn=node_asn)
    configuration.touch(mode=0o600)
    configuration.write_text(f'log "{folder / "bird.log"}" all;\n{text}')
    inside = ["nsenter", f"--net=/run/netns/kubestead-{twin.name}"]
    argv = [*inside, str(programs / "bird"), "-f", "-c", str(configuration), "-s", str(control)]
    process = subprocess.Popen(
        argv, env=dict(environment), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    try:
        eventually(lambda: control.exists() or process.poll() is not None)
        assert process.poll() is None, process.stderr.read() if process.stderr else ""
        yield Bird(programs, control, environment)
    finally:
        # By its signal it takes its routes out of the kernel first.
        process.terminate()
        process.wait(timeout=20)


def _programs() -> tuple[Path, dict[str, str]]:
    if found := shutil.which("bird", path="/usr/sbin"):
        return Path(found).parent, dict(os.environ)
    root = unpacked(*PACKAGES)
    libraries = [str(folder) for folder in (*root.glob("usr/lib/*-linux-gnu"), *root.glob("lib/*-linux-gnu"))]
    return root / "usr/sbin", {**os.environ, "LD_LIBRARY_PATH": ":".join(libraries)}
