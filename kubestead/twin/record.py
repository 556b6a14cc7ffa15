"""Where a twin that is up says so. Imports nothing: the inventory reads it, and the twin's supervisor stays small."""

from pathlib import Path

# One folder per twin, with its record, its supervisor's socket and lock.
TWINS = Path("/run/kubestead/twins")
RECORD = "twin.json"
