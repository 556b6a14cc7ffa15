"""The unit and what goes with it: systemd can read them, and the command in it is one kubestead has."""

import configparser
import io
import shlex
import subprocess
import tarfile
from pathlib import Path

import pytest
from typer.main import get_command

from kubestead.cli.main import app
from kubestead.render import render
from kubestead.watch.election import TRY_LIMIT
from kubestead.watch.parts import POWER_SECONDS
from kubestead.watch.teller import DRAIN
from kubestead.watchhost import places
from tests.shell import sh

VALUES = {
    "name": places.NAME, "user": places.USER, "software": places.CURRENT, "state": places.STATE, "site": places.SITE,
    "inventory": places.INVENTORY, "kubeconfig": places.KUBECONFIG, "environment": places.ENVIRONMENT,
    "metrics_address": "192.0.2.1", "metrics_port": places.METRICS_PORT, "memory_max": places.MEMORY_MAX,
    "stop_seconds": places.STOP_SECONDS,
}  # fmt: skip


def unit():
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str
    parser.read_string(render("kubestead-watch.service.j2", **VALUES).replace("\\\n", " "))
    return parser


def test_the_command_is_one_kubestead_takes():
    program, *arguments = shlex.split(unit()["Service"]["ExecStart"])
    assert program == "/opt/kubestead/current/bin/kubestead"
    assert arguments.pop() == "$KUBESTEAD_WATCH_OPTIONS"
    command = get_command(app).commands[arguments[0]]
    context = command.make_context("watch", arguments[1:])
    assert (context.params["metrics_address"], context.params["metrics_port"]) == ("192.0.2.1", places.METRICS_PORT)
    assert str(context.params["folder"]) == places.STATE
    assert str(context.params["kubeconfig"]) == places.KUBECONFIG


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("User", places.USER),
        ("NoNewPrivileges", "yes"),
        ("CapabilityBoundingSet", ""),
        ("ProtectSystem", "strict"),
        ("ProtectHome", "yes"),
        ("Restart", "always"),
        ("StateDirectory", places.NAME),
        ("WorkingDirectory", places.STATE),
        ("Environment", f"KUBESTEAD_SITE={places.SITE} PYINFRA_PROGRESS=off"),
    ],
)
def test_it_runs_without_rights_in_its_own_folder(setting, value):
    assert unit()["Service"][setting] == value


def test_a_host_whose_power_is_being_switched_is_waited_for():
    most = POWER_SECONDS + sum(TRY_LIMIT) + DRAIN
    assert int(unit()["Service"]["TimeoutStopSec"]) > most


def test_what_deploys_said_is_cleaned_up_and_the_audit_is_not():
    lines = render("kubestead-watch.tmpfiles.j2", folders=places.RUNS, days=30).splitlines()[1:]
    assert [line.split() for line in lines] == [["e", folder, "-", "-", "-", "30d"] for folder in places.RUNS]
    assert not any(places.AUDIT in line for line in lines)


def archive(path: Path, program: str) -> str:
    """An archive whose ``kubestead`` is this Python text; returns its sha256."""
    import hashlib

    with tarfile.open(path, "w:gz") as tar:
        for name, text in {"app/kubestead/__init__.py": "", "app/kubestead/cli.py": program}.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
        text = b"../../../app\n"
        packages = tarfile.TarInfo(f"lib/python{_python()}/site-packages/kubestead.pth")
        packages.size = len(text)
        tar.addfile(packages, io.BytesIO(text))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _python() -> str:
    return sh("python3 -c 'import sys; print(\"%d.%d\" % sys.version_info[:2])'").stdout.decode().strip()


def install(folder: Path, key: str, program: str, sha256: str | None = None):
    digest = archive(folder / f".{key}.tar.gz", program)
    values = {"software": folder, "archive": folder / f".{key}.tar.gz", "key": key, "sha256": sha256 or digest}
    return sh(render("watcher-install.sh.j2", **values))


WELL = "import sys; print('runs', sys.argv[1:])\n"


def test_software_is_put_in_force_and_the_one_before_goes(tmp_path):
    for key in ("k1", "k2"):
        done = install(tmp_path, key, WELL)
        assert done.returncode == 0, done.stderr.decode()
        assert (tmp_path / "current").readlink() == Path(key)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["current", key]
    assert sh(f"{tmp_path}/current/bin/kubestead watch").stdout == b"runs ['watch']\n"
    assert list((tmp_path / "k2" / "app").rglob("*.pyc"))


def test_the_software_a_watcher_still_runs_from_stays(tmp_path):
    """It is restarted last, and its remedies are programs of that folder."""
    waits = "import sys; print(flush=True); 'watch' in sys.argv[-1:] and sys.stdin.read()\n"
    assert install(tmp_path, "k1", waits).returncode == 0
    program = [tmp_path / "current" / "bin" / "kubestead", "watch"]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as watcher:
        watcher.stdout.readline()
        for key in ("k2", "k3", "k1", "k4"):
            assert install(tmp_path, key, WELL).returncode == 0
            assert (tmp_path / "current").readlink() == Path(key)
            assert (tmp_path / "k1" / "bin" / "python").exists()
        assert sorted(path.name for path in tmp_path.iterdir()) == ["current", "k1", "k4"]
        watcher.stdin.close()
    assert install(tmp_path, "k5", WELL).returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["current", "k5"]


@pytest.mark.parametrize(
    ("program", "sha256"), [("raise SystemExit(1)\n", None), (WELL, "0" * 64)], ids=["does not run", "another digest"]
)
def test_software_that_is_not_right_changes_nothing(tmp_path, program, sha256):
    assert install(tmp_path, "k1", WELL).returncode == 0
    assert install(tmp_path, "k2", program, sha256).returncode != 0
    assert (tmp_path / "current").readlink() == Path("k1")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["current", "k1"]
