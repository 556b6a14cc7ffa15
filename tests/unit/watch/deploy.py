"""Stands in for pyinfra: writes the diagnoses a test asks for, notes which remedies were run, and ends as told.

``deploy.py -y INVENTORY deploys/NAME.py --limit NODE ... --data diagnosis_file=PATH``; the folder of INVENTORY holds
``cause-NODE`` (the cause to diagnose), ``code-NAME`` (the exit code), ``hang-NAME`` (never end), ``ran``, and
``data-NAME`` (its last data).
"""

import json
import sys
import time
from pathlib import Path

words = sys.argv[1:]
folder, name = Path(words[1]).parent, Path(words[2]).stem
limits = [words[index + 1] for index, word in enumerate(words) if word == "--limit"]
data = dict(words[index + 1].split("=", 1) for index, word in enumerate(words) if word == "--data")
print(name, *limits)
(folder / f"data-{name}").write_text(" ".join(f"{key}={value}" for key, value in data.items()))
with (folder / "ran").open("a") as ran:
    ran.write(" ".join([name, *limits]) + "\n")
while (folder / f"hang-{name}").exists():
    time.sleep(0.05)
if name == "diagnose":
    with Path(data["diagnosis_file"]).open("a") as file:
        for node in limits:
            cause = folder / f"cause-{node}"
            if cause.exists():
                cause, _, remedies = cause.read_text().partition(" ")
                found = {
                    "node": node,
                    "cause": cause,
                    "evidence": ["seen"],
                    "remedies": remedies.split(),
                    "advice": "look",
                }
                file.write(json.dumps(found) + "\n")
code = folder / f"code-{name}"
sys.exit(int(code.read_text()) if code.exists() else 0)
