"""The twin as a guarded site has it: no root log-ins, a password for sudo, and workers reached through a jump host."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

import yaml

from tests.twin.conftest import Twin
from tests.twin.operator import NODES

USER = "engineer"  # there is a group "operator" everywhere
JUMP = "k8s-cp"
# Workers let the user in from the jump host alone; the tests' own log-ins (root) stay.
ADMIT = (
    "printf 'AllowUsers root ubuntu {user}{source}\\n' > /etc/ssh/sshd_config.d/engineer.conf && systemctl reload ssh"
)
MAKE = """\
id {user} > /dev/null 2>&1 || useradd --create-home --shell /bin/bash {user}
chpasswd
echo '{user} ALL=(ALL:ALL) PASSWD: ALL' > /etc/sudoers.d/{user} && chmod 440 /etc/sudoers.d/{user}
install -d -m 700 -o {user} -g {user} /home/{user}/.ssh
echo '{key}' > /home/{user}/.ssh/authorized_keys && chown {user} /home/{user}/.ssh/authorized_keys
"""


@dataclass(frozen=True)
class Guarded:
    """How the operator comes in.

    Args:
        folder: with all of it: site file, key, password, known_hosts.
        secret: sudo's password.
    """

    folder: Path
    secret: str

    @property
    def site(self) -> Path:
        return self.folder / "site.yaml"

    @property
    def key(self) -> Path:
        return self.folder / "key"

    @property
    def known_hosts(self) -> Path:
        """Empty at first: every key is learnt."""
        return self.folder / "known_hosts"


def guard(twin: Twin, folder: Path) -> Guarded:
    """Make the user on bare hosts and the site file that goes through the jump host."""
    guarded = Guarded(folder, f"sudo-{token_hex(16)}")
    (folder / "password").write_text(guarded.secret + "\n")
    (folder / "password").chmod(0o600)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(guarded.key)], check=True)
    public = guarded.key.with_suffix(".pub").read_text().strip()
    for node in NODES:
        # By standard input, as everything in this file that is a secret.
        twin.ssh(node, MAKE.format(user=USER, key=public), stdin=f"{USER}:{guarded.secret}\n")
        source = "" if node == JUMP else f"@{twin.record['addresses'][JUMP]}"
        twin.ssh(node, ADMIT.format(user=USER, source=source))
    site = yaml.safe_load((twin.state / "site.yaml").read_text())
    site["hosts"]["all"] = {
        "user": USER,
        "key": "key",
        "known_hosts": "known_hosts",
        "host_keys": "accept-new",
        "sudo": True,
        "sudo_password_file": "password",
        "jump": JUMP,
    }
    guarded.site.write_text(yaml.safe_dump(site))
    return guarded
