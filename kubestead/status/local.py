"""The last run and the last recovery, by the records on this machine and the watchers' history in the cluster."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

from kubernetes.client.exceptions import ApiException

from kubestead.record.read import find, names, read
from kubestead.recovery.history import History
from kubestead.report.audit import read as read_audit
from kubestead.report.incidents import incidents
from kubestead.watch.api import Api
from kubestead.watch.ledger import CONFIGMAPS, KEY, NAME


def last_run(folder: Path) -> tuple[dict[str, Any], Sequence[str]] | None:
    """The newest run in a few words, and the nodes it knew; None where none is recorded."""
    if not names(folder):
        return None
    run = read(find(None, folder))
    told = {"name": run.name, "deploy": run.title, "outcome": run.outcome, "began": run.began, "ended": run.ended}
    return {**told, "changes": run.changed, "errors": run.errors}, [node.name for node in run.nodes]


def last_recovery(audit: Path) -> dict[str, Any] | None:
    """The newest incident of a watcher's audit on this machine; None where there is none."""
    if not audit.exists():
        return None
    found = incidents(read_audit([audit])[0])
    if not found:
        return None
    last = max(found, key=lambda one: one.last)
    remedy = last.steps[-1].remedy if last.steps else ""
    cause = last.causes[-1] if last.causes else "unknown"
    return _recovery(last.node, cause, remedy, last.ending, last.until.timestamp(), str(audit))


def recovery_in_cluster(api: Api) -> dict[str, Any] | None:
    """The newest attempt in the watchers' history in the cluster; None where no watcher has done anything.

    Raises:
        ApiException: the API refuses to say, for another reason than that there is none.
    """
    try:
        text = (api.get(f"{CONFIGMAPS}/{NAME}").get("data") or {}).get(KEY, "")
    except ApiException as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return None
        raise
    attempts = History.from_json(text).attempts if text else ()
    if not attempts:
        return None
    last = max(attempts, key=lambda one: one.ended or one.started)
    when = last.ended or last.started
    return _recovery(
        last.node, last.cause, last.remedy.value, last.outcome.value, when, f"ConfigMap kube-system/{NAME}"
    )


def _recovery(node: str, cause: str, remedy: str, outcome: str, when: float, source: str) -> dict[str, Any]:
    return {"node": node, "cause": cause, "remedy": remedy, "outcome": outcome, "when": when, "source": source}
