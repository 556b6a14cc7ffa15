"""The tools, from Debian's packages: one folder with all that a host needs of them.

iperf3 for throughput. wrk against nginx for latency and connections: they do little work of their own for a request,
and where both ends share two cores with the network, the tools' time is in every number.
(netperf is not in Debian; fortio needs a module the Go proxy does not give.)
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from bench.debian import unpacked

PACKAGES = ("iperf3", "libiperf0", "libsctp1", "wrk", "libluajit-5.1-2", "nginx")
ON_HOST = Path(__file__).with_name("onhost")
# Of the packages; documentation and units stay behind.
_NEEDED = ("usr/bin", "usr/sbin", "usr/lib")


def folder(scratch: Path) -> Path:
    """Programs, libraries and the scripts that start them, in a new folder.

    Raises:
        KubesteadError: the packages cannot be had.
    """
    root, made = unpacked("bench-cilium", *PACKAGES), scratch / "programs"
    for name in _NEEDED:
        shutil.copytree(root / name, made / name, symlinks=True)
    for path in ON_HOST.iterdir():
        if path.is_file():
            shutil.copy2(path, made / path.name)
    return made


def versions(made: Path) -> dict[str, str]:
    """What the tools call themselves."""
    libraries = {"LD_LIBRARY_PATH": ":".join(map(str, made.glob("usr/lib/*-linux-gnu")))}
    found = {}
    for program, option in (("bin/iperf3", "--version"), ("bin/wrk", "--version"), ("sbin/nginx", "-v")):
        argv = [str(made / "usr" / program), option]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, env={**os.environ, **libraries})
        version = re.search(r"\d+(\.\d+)+", done.stdout + done.stderr)
        found[Path(program).name] = version[0] if version else "unknown"
    return found
