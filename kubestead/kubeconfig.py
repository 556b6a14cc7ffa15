"""The operator's copy of the administrator's kubeconfig. Pure."""

from __future__ import annotations

from typing import Any

import yaml

from kubestead.textdiff import secrets_of


def for_operator(admin_conf: str, server: str) -> str:
    """The kubeconfig ``admin_conf`` for a machine that does not know the endpoint's name: its server replaced.

    Args:
        admin_conf: the text of ``/etc/kubernetes/admin.conf``.
        server: the URL to use, ``https://192.168.1.187:6443``; its address is in the API server's certificate.
    """
    config: dict[str, Any] = yaml.safe_load(admin_conf)
    for cluster in config["clusters"]:
        cluster["cluster"]["server"] = server
    return yaml.safe_dump(config, sort_keys=False)


def secrets_in(kubeconfig: str) -> list[str]:
    """The keys, tokens and passwords in a kubeconfig; of a text that is none, every line."""
    try:
        config = yaml.safe_load(kubeconfig)
    except yaml.YAMLError:
        config = None
    return secrets_of(config) if isinstance(config, dict) else kubeconfig.splitlines()
