"""Jump hosts: hosts behind them are reached, and where not, the jump host is named."""

from __future__ import annotations

import pytest

from tests.connection.server import new_key


@pytest.fixture
def jump(serve):
    return serve()


@pytest.fixture
def other(serve):
    return serve(forwards=False)


@pytest.fixture
def server(serve, desk, jump, other):
    server = serve(forwards=False)
    desk.site({"one": {"port": server.port}, "two": {"port": other.port}}, jump=f"guard@127.0.0.1:{jump.port}")
    return server


def test_hosts_behind_one_share_a_connection_and_all_keys_are_learnt(desk, server, other, jump):
    run = desk.shell("true")
    assert run.returncode == 0, run.stderr
    assert "through the jump host 127.0.0.1" in run.stderr
    assert set(jump.logins) == {"guard"}
    assert len(jump.connections) == 1
    assert set(desk.known_hosts.read_text().splitlines(keepends=True)) == {jump.line, server.line, other.line}


def test_a_jump_host_of_the_site_file_behind_another(desk, serve, server, jump):
    inner = serve()
    desk.site(
        {
            "one": {"port": inner.port, "jump": f"guard@127.0.0.1:{jump.port}", "user": "inner"},
            "two": {"port": server.port, "jump": "one"},
        }
    )
    run = desk.shell("true")
    assert run.returncode == 0, run.stderr
    assert "inner" in inner.logins
    assert server.logins


def test_its_changed_key_is_refused_in_words_and_it_can_be_trusted_anew(desk, server, jump):
    desk.known_hosts.write_text(jump.line)
    jump.key = new_key()
    run = desk.shell("true")
    assert run.returncode == 1
    assert "the jump host 127.0.0.1 is refused: its SSH host key has changed" in run.stderr
    assert "kubestead trust-rebuilt 127.0.0.1 --inventory inventory.py" in run.stderr
    assert "Traceback" not in run.stderr
    assert not server.logins
    done = desk.run("kubestead", "trust-rebuilt", "127.0.0.1", "--inventory", "inventory.py", "-y")
    assert done.returncode == 0, done.stderr
    assert desk.shell("true").returncode == 0


def test_a_changed_key_behind_it_is_refused_and_trusted_anew(desk, server):
    assert desk.shell("true").returncode == 0
    server.key = new_key()
    assert "[one] " in desk.shell("true").stderr
    done = desk.run("kubestead", "trust-rebuilt", "one", "--inventory", "inventory.py", "-y")
    assert done.returncode == 0, done.stderr
    assert desk.shell("true").returncode == 0


def test_a_dead_one_is_named(desk, server, jump):
    jump.close()
    run = desk.shell("true")
    assert run.returncode == 1
    assert f"the jump host 127.0.0.1 cannot be reached at 127.0.0.1 port {jump.port}" in run.stderr
    assert "Traceback" not in run.stderr


def test_doctor_says_why_nobody_can_be_asked(desk, server, jump):
    jump.close()
    run = desk.run("kubestead", "doctor", "--inventory", "inventory.py")
    assert run.returncode == 1
    assert "nothing is known" in run.stderr
    assert "the jump host 127.0.0.1 cannot be reached" in run.stderr
    assert "Traceback" not in run.stderr


def test_one_that_lets_nobody_in_is_named(desk, server, jump):
    desk.site({"one": {"port": server.port}}, jump=f"stranger@127.0.0.1:{jump.port}")
    run = desk.shell("true")
    assert run.returncode == 1
    assert f"the jump host 127.0.0.1 lets nobody in as stranger with {desk.folder}/id" in run.stderr


def test_one_that_does_not_forward_is_named_with_the_setting(desk, server, jump):
    jump.forwards = False
    run = desk.shell("true")
    assert run.returncode == 1
    assert f"the jump host 127.0.0.1 does not forward to 127.0.0.1 port {server.port}" in run.stderr
    assert "AllowTcpForwarding" in run.stderr


def test_a_host_that_is_down_behind_it_is_not_its_fault(desk, server, jump):
    server.close()
    run = desk.shell("true")
    assert run.returncode == 1
    assert f"the jump host 127.0.0.1 does not reach 127.0.0.1 port {server.port}" in run.stderr
