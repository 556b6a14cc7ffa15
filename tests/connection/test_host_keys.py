"""Host keys: trusted at the first contact, refused when they change, trusted anew by a person."""

from __future__ import annotations

import pytest

from tests.connection.server import new_key

WHO = """\
from pyinfra import inventory
from kubestead.connection.client import refusal
for host in inventory:
    if refused := refusal(host):
        print(f"refused {host.name}: {refused.reason} | {refused.fix}")
"""


def told(run):
    assert "Traceback" not in run.stdout + run.stderr
    return run.stdout + run.stderr


@pytest.fixture
def server(serve, desk):
    server = serve()
    desk.site({"one": {"port": server.port}})
    return server


def test_the_first_contact_is_remembered_once_and_told(desk, server):
    first = desk.shell("true")
    assert first.returncode == 0, told(first)
    assert f"first contact with {server.name}: {server.key.fingerprint}" in told(first)
    assert desk.known_hosts.read_text() == server.line
    assert desk.known_hosts.stat().st_mode & 0o777 == 0o600
    again = desk.shell("true")
    assert "first contact" not in told(again)
    assert desk.known_hosts.read_text() == server.line


def test_a_changed_key_ends_the_run_in_words(desk, server):
    desk.known_hosts.write_text(f"# ours\n{server.line}")
    old, server.key = server.key, new_key()
    run = desk.shell("touch was-here")
    assert run.returncode == 1
    for words in (
        "[one]",
        "its SSH host key has changed",
        "reinstalled, or its",
        "stands in between",
        f"{old.fingerprint} (ecdsa-sha2-nistp256), {desk.known_hosts} line 2",
        f"{server.key.fingerprint} (ecdsa-sha2-nistp256)",
        "kubestead trust-rebuilt one --inventory inventory.py",
    ):
        assert words in told(run)
    assert not (desk.folder / "was-here").exists()
    assert server.logins == []
    assert old.get_base64() in desk.known_hosts.read_text()


def test_one_changed_host_of_two_ends_the_run_for_both(desk, serve, server):
    other = serve()
    desk.site({"one": {"port": server.port}, "two": {"port": other.port}})
    desk.known_hosts.write_text(server.line + other.line)
    other.key = new_key()
    run = desk.shell("touch was-here")
    assert run.returncode == 1
    assert "[two]" in told(run)
    assert not (desk.folder / "was-here").exists()


def test_a_host_that_was_refused_is_not_taken_for_a_dead_one(desk, serve, server):
    """What deploys/diagnose.py makes of it is tests/unit/diagnose/test_causes.py's."""
    changed, closed, silent = serve(), serve(), serve()
    hosts = {"one": server, "changed": changed, "closed": closed, "silent": silent}
    desk.site(
        {name: {"port": host.port, **({"user": "stranger"} if host is closed else {})} for name, host in hosts.items()}
    )
    desk.known_hosts.write_text("".join(host.line for host in hosts.values()))
    changed.key = new_key()
    silent.close()
    (desk.folder / "deploys").unlink()
    (desk.folder / "deploys").mkdir()
    (desk.folder / "deploys/diagnose.py").write_text(WHO)
    run = desk.run("pyinfra", "-y", "inventory.py", "deploys/diagnose.py")
    rows = {line.split(": ", 1)[0]: line for line in run.stdout.splitlines() if line.startswith("refused ")}
    assert sorted(rows) == ["refused changed", "refused closed"], told(run)
    assert "its SSH host key has changed, so nothing was sent to it | only if" in rows["refused changed"]
    assert "kubestead trust-rebuilt changed --inventory inventory.py" in rows["refused changed"]
    assert "it does not let us in: Authentication failed. | see user and key" in rows["refused closed"]


def test_strict_refuses_an_unknown_key_and_says_how_to_trust_it(desk, server):
    desk.site({"one": {"port": server.port}}, host_keys="strict")
    desk.known_hosts.write_text("")
    run = desk.shell("true")
    assert run.returncode == 1
    assert "is not known in" in told(run)
    assert "kubestead trust-rebuilt one" in told(run)
    assert desk.known_hosts.read_text() == ""


def test_unreadable_lines_about_others_hide_nobody(desk, server):
    desk.known_hosts.write_bytes(b"other ssh-ed25519 AAAAC3Nza\n\xff\xfe\n" + server.line.encode())
    server.key = new_key()
    assert "its SSH host key has changed" in told(desk.shell("true"))


def test_a_key_that_cannot_be_written_down_is_not_trusted(desk, server):
    desk.known_hosts.symlink_to("/proc/version")
    run = desk.shell("true")
    assert run.returncode == 1
    assert "cannot be written" in told(run)


def test_a_rebuilt_host_is_trusted_anew_by_its_fingerprint(desk, server):
    desk.known_hosts.write_text(f"a.example ssh-rsa AAAA\n{server.line}last line without an end")
    desk.known_hosts.chmod(0o640)
    old, server.key = server.key, new_key()
    unasked = desk.run("kubestead", "trust-rebuilt", "one", "--inventory", "inventory.py")
    assert unasked.returncode == 1
    assert "nobody can be asked" in told(unasked)
    assert old.fingerprint in told(unasked)
    assert server.key.fingerprint in told(unasked)
    wrong = desk.run(
        "kubestead", "trust-rebuilt", "one", "--inventory", "inventory.py", "--fingerprint", old.fingerprint
    )
    assert wrong.returncode == 1
    assert old.get_base64() in desk.known_hosts.read_text()
    right = desk.run(
        "kubestead", "trust-rebuilt", "one", "--inventory", "inventory.py", "--fingerprint", server.key.fingerprint
    )
    assert right.returncode == 0, told(right)
    expected = f"a.example ssh-rsa AAAA\nlast line without an end\n{server.line}"
    assert desk.known_hosts.read_text() == expected
    assert desk.known_hosts.stat().st_mode & 0o777 == 0o640
    assert desk.shell("true").returncode == 0
    again = desk.run("kubestead", "trust-rebuilt", "one", "--inventory", "inventory.py")
    assert "nothing to do" in told(again)


def test_trust_names_hosts_that_are_not_there_and_not_up(desk, server):
    typo = desk.run("kubestead", "trust-rebuilt", "onee", "--inventory", "inventory.py")
    assert typo.returncode == 1
    assert "did you mean one?" in told(typo)
    server.close()
    silent = desk.run("kubestead", "trust-rebuilt", "one", "--inventory", "inventory.py", "--yes")
    assert silent.returncode == 1
    assert "no SSH server answers" in told(silent)
