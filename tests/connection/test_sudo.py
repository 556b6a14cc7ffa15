"""sudo with and without a password; the password is in no command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

WORDS = "correct horse battery"
BY_FILE: dict[str, Any] = {"sudo": True, "sudo_password_file": "password"}
SUDO = """\
#!/bin/sh
# As sudo: -S reads the password up to the end of its line, -n never asks.
echo "$*" >> sudo.log
while :; do
  case $1 in
    -H|-k) shift ;;
    -p|-u) shift 2 ;;
    -S) asks=1; shift ;;
    -n) shift ;;
    *) break ;;
  esac
done
if [ -e nopasswd ]; then exec "$@"; fi
if [ "$asks" ]; then
  IFS= read -r given
  [ "$given" = "$(cat the-password)" ] || { echo "Sorry, try again." >&2; exit 1; }
  exec "$@"
fi
echo "sudo: a password is required" >&2
exit 1
"""
UPLOAD = """
from io import BytesIO
from pyinfra.api import FileUploadCommand, operation
from pyinfra import host
@operation()
def put():
    yield FileUploadCommand(BytesIO(bytes(range(256)) * 500), "{folder}/it's here")
put(name="Put", _sudo=bool(host.data.get("_sudo")))
"""


@pytest.fixture
def server(serve, desk):
    server = serve()
    (desk.folder / "bin").mkdir()
    (desk.folder / "bin" / "sudo").write_text(SUDO)
    (desk.folder / "bin" / "sudo").chmod(0o755)
    (desk.folder / "the-password").write_text(WORDS + "\n")
    (desk.folder / "password").write_text(WORDS + "\n")
    (desk.folder / "password").chmod(0o600)
    return server


def seen(desk, server):
    return "".join([*server.commands, (desk.folder / "sudo.log").read_text()])


@pytest.mark.parametrize("nopasswd", [False, True])
def test_a_password_goes_by_standard_input_and_never_to_the_command(desk, server, nopasswd):
    if nopasswd:
        (desk.folder / "nopasswd").touch()
    desk.site({"one": {"port": server.port}}, **BY_FILE)
    run = desk.shell("cat > given; echo done-it >> given", "-vvv", "--debug")
    assert run.returncode == 0, run.stderr
    assert (desk.folder / "given").read_text() == "done-it\n", "nothing of the password's part is left for the command"
    assert "sh -c" in seen(desk, server)
    assert WORDS not in seen(desk, server) + run.stdout + run.stderr


def test_a_password_from_the_environment(desk, server):
    desk.site({"one": {"port": server.port}}, sudo=True)
    assert desk.shell("true", KUBESTEAD_SUDO_PASSWORD=WORDS).returncode == 0


def test_a_missing_password_is_said_at_once_and_never_asked_for(desk, server):
    desk.site({"one": {"port": server.port}}, sudo=True)
    run = desk.shell("touch was-here")
    assert run.returncode == 1
    assert "[one]" in run.stderr
    assert "sudo wants a password" in run.stderr
    assert "KUBESTEAD_SUDO_PASSWORD" in run.stderr
    assert "Traceback" not in run.stderr
    assert not (desk.folder / "was-here").exists()


def test_a_wrong_password_is_tried_once(desk, server):
    desk.site({"one": {"port": server.port}}, **BY_FILE)
    (desk.folder / "the-password").write_text("another\n")
    run = desk.shell("true")
    assert run.returncode == 1
    assert "does not take the password (Sorry, try again.)" in run.stderr
    assert len((desk.folder / "sudo.log").read_text().splitlines()) == 1


def test_a_password_file_open_to_others_is_refused(desk, server):
    desk.site({"one": {"port": server.port}}, **BY_FILE)
    (desk.folder / "password").chmod(0o644)
    run = desk.shell("true")
    assert run.returncode == 1
    assert f"run 'chmod 600 {desk.folder}/password'" in run.stderr


@pytest.mark.parametrize("sudo", [False, True])
def test_an_upload_is_whole_and_its_writers_alone(desk, server, sudo):
    desk.site({"one": {"port": server.port}}, **(BY_FILE if sudo else {}))
    (desk.folder / "put.py").write_text(UPLOAD.format(folder=desk.folder))
    path = desk.folder / "it's here"
    path.write_text("before")
    path.chmod(0o644)
    run = desk.run("pyinfra", "-y", "inventory.py", "put.py")
    assert run.returncode == 0, run.stderr
    assert path.read_bytes() == bytes(range(256)) * 500
    assert path.stat().st_mode & 0o777 == 0o600
    assert not list(Path("/tmp").glob("pyinfra-*"))
