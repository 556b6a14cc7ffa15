"""The fake API server of the watcher's tests."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "watch"))
sys.path.insert(0, str(Path(__file__).parents[1] / "report"))
