"""Which cluster a command is about where nobody says: not the lab, for whoever has machines of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from kubestead.cli.inventory import Inventory
from kubestead.site import network


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """The inventory a command gets, by its arguments."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KUBESTEAD_INVENTORY", raising=False)
    monkeypatch.setattr(network, "running_twins", list)
    monkeypatch.setattr(network, "current_twin", lambda _: None)
    Path("inventory").mkdir()
    app = typer.Typer()

    @app.command()
    def tell(inventory: Inventory) -> None:
        typer.echo(inventory)

    def ask(*arguments, **environment):
        result = CliRunner().invoke(app, arguments, env=environment)
        assert result.exit_code == 0, result.output
        return result.output.strip()

    return ask


def test_the_lab_where_there_is_nothing_else(asked):
    assert asked() == "inventory/lab.py"


def test_ones_own_machines_where_they_are_named(asked):
    Path("inventory/mine.py").touch()
    assert asked() == "inventory/mine.py"
    assert asked("--inventory", "x.py", KUBESTEAD_INVENTORY="y.py") == "x.py"
    assert asked(KUBESTEAD_INVENTORY="y.py") == "y.py"


def test_the_lab_in_a_twins_network_whatever_else_there_is(asked, monkeypatch):
    Path("inventory/mine.py").touch()
    monkeypatch.setattr(network, "current_twin", lambda _: object())
    assert asked() == "inventory/lab.py"


def test_no_other_command_waits_for_it():
    code = "import sys; import kubestead.cli.main; print('kubestead.site' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
