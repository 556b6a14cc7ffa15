"""Asking the API on a control plane's own machine, where kubectl, Helm or the endpoint's name may be what is missing.

A run puts those back before it changes anything in the cluster, so its plan must be able to see past them.
"""

from __future__ import annotations

from pyinfra.api import QuoteString, StringCommand

_PKI = "/etc/kubernetes/pki"


def ask_directly(path: str) -> StringCommand:
    """A command that prints what the API server of this machine answers to ``path``, and nothing where it does not.

    As kubeadm leaves a control plane: the API server's own client certificate may read everything.

    Args:
        path: below the server's address, ``/api/v1/nodes``.
    """
    return StringCommand(
        "{ port=$(sed -n 's/^ *- --secure-port=//p' /etc/kubernetes/manifests/kube-apiserver.yaml 2>/dev/null);",
        # Its certificate names the service "kubernetes" on every control plane, wherever the endpoint's name leads.
        'curl -fsS --max-time 10 --noproxy "*" --connect-to "::127.0.0.1:${port:=6443}"',
        f"--cacert {_PKI}/ca.crt --cert {_PKI}/apiserver-kubelet-client.crt",
        f"--key {_PKI}/apiserver-kubelet-client.key",
        StringCommand('"https://kubernetes:$port"', QuoteString(path), _separator=""), "2>/dev/null; }",
    )  # fmt: skip
