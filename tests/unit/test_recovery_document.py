"""docs/recovery.md says what the code does."""

from pathlib import Path

import pytest

from kubestead.diagnose import LADDER, Cause, Remedy

DOCUMENT = (Path(__file__).parents[2] / "docs" / "recovery.md").read_text()


@pytest.mark.parametrize("cause", [cause for cause in Cause if cause is not Cause.HEALTHY], ids=str)
def test_every_cause_stands_there_with_its_remedies(cause: Cause) -> None:
    remedies = ", ".join(remedy.value for remedy in LADDER[cause]) or "a person"
    assert f"| {cause.value} | {cause.summary} | {remedies} |" in DOCUMENT


@pytest.mark.parametrize("remedy", set(Remedy) - {Remedy.POWER_CYCLE, Remedy.OUT_OF_SERVICE}, ids=str)
def test_every_remedy_is_a_deploy_and_stands_there(remedy: Remedy) -> None:
    assert (Path("deploys") / f"{remedy}.py").is_file()
    assert f"| `{remedy}.py` |" in DOCUMENT
