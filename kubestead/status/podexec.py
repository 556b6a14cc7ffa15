"""A command in a container, run through the API as ``kubectl exec`` does; it is given nothing to read."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from kubernetes.client.api_client import ApiClient
from kubernetes.client.configuration import Configuration
from kubernetes.client.exceptions import ApiException
from kubernetes.stream.ws_client import STDERR_CHANNEL, STDOUT_CHANNEL, websocket_call

from kubestead.errors import KubesteadError

TIMEOUT_SECONDS = 30


def pod_exec(configuration: Configuration, namespace: str, pod: str, container: str, argv: Sequence[str]) -> str:
    """What the command printed on stdout.

    Args:
        configuration: how the API is reached (:func:`kubestead.watch.api.read_kubeconfig`).
        namespace, pod, container: where.
        argv: the command and its arguments.

    Raises:
        KubesteadError: it could not be run, failed, or was not through within :data:`TIMEOUT_SECONDS`.
    """
    where = f"{namespace}/{pod}"
    query = [("container", container), ("stdout", "true"), ("stderr", "true"), *(("command", word) for word in argv)]
    method, url, headers, _, _ = ApiClient(configuration).param_serialize(
        "GET", f"/api/v1/namespaces/{quote(namespace)}/pods/{quote(pod)}/exec", query_params=query,
        auth_settings=["BearerToken"],
    )  # fmt: skip
    try:
        client = websocket_call(configuration, method, url, headers=headers, _preload_content=False)  # type: ignore[no-untyped-call]
        client.run_forever(timeout=TIMEOUT_SECONDS)
    except (ApiException, OSError) as error:
        reason = error.reason if isinstance(error, ApiException) else error
        raise KubesteadError(f"{where}: nothing can be run in it ({' '.join(str(reason).split())[:200]})") from None
    if client.is_open():
        client.close()
        raise KubesteadError(f"{where}: {argv[0]} was not through after {TIMEOUT_SECONDS} s")
    printed, complained = str(client.read_channel(STDOUT_CHANNEL)), str(client.read_channel(STDERR_CHANNEL))
    if client.returncode:
        last = next(iter(reversed(complained.split("\n"))), "") or "it failed without a word"
        raise KubesteadError(f"{where}: {argv[0]}: {last}")
    return printed
