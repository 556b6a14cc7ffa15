"""A folder where any file may be written."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="module", autouse=True)
def home(tmp_path_factory):
    """A home and a working folder of their own; nothing named by the environment."""
    folder, before = tmp_path_factory.mktemp("home"), Path.cwd()
    (folder / ".ssh").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(folder))
        patch.delenv("KUBESTEAD_SITE", raising=False)
        os.chdir(folder)
        yield folder
        os.chdir(before)
