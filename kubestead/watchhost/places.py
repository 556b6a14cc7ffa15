"""Where the watcher's parts are on its host, and what they are called in the cluster."""

from __future__ import annotations

NAME = "kubestead-watch"
USER = NAME
UNIT = f"{NAME}.service"
UNIT_FILE = f"/etc/systemd/system/{UNIT}"
CLEANING = f"/etc/tmpfiles.d/{NAME}.conf"

# Software, one folder per archive; ``current`` leads to the one in force.
SOFTWARE = "/opt/kubestead"
CURRENT = f"{SOFTWARE}/current"

CONFIGURATION = f"/etc/{NAME}"
SITE = f"{CONFIGURATION}/site.yaml"
INVENTORY = f"{CONFIGURATION}/inventory.py"
GROUP_DATA = f"{CONFIGURATION}/group_data/all.py"
KNOWN_HOSTS = f"{CONFIGURATION}/known_hosts"
KUBECONFIG = f"{CONFIGURATION}/kubeconfig"
CATALOG = f"{CONFIGURATION}/catalog.yaml"
# The operator's own, if it is there.
ENVIRONMENT = f"{CONFIGURATION}/environment"

STATE = f"/var/lib/{NAME}"
KEY = f"{STATE}/ssh/id_ed25519"
AUDIT = f"{STATE}/audit.jsonl"
# What deploys said and recorded, a file or folder for each run; systemd-tmpfiles removes the old ones.
RUNS = (f"{STATE}/runs", f"{STATE}/.kubestead/runs")

NAMESPACE = "kube-system"
# By these names kubestead.watch keeps its Lease and its history; that package is too heavy to be loaded by a deploy.
LEASE = HISTORY = "kubestead-recovery"
METRICS_PORT = 9469
# The watcher and one or two pyinfra processes at a time.
MEMORY_MAX = "400M"
# A watcher that is told to stop may be between off and on of a host: more than kubestead.watch.parts.POWER_SECONDS.
STOP_SECONDS = 300


def secret(host: str) -> str:
    """The Secret that holds the token of the watcher on ``host``."""
    return f"{NAME}-{host}"
