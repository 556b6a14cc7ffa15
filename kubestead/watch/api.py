"""The API as the watcher uses it: paths and plain JSON, short time limits, every request counted.

Of the client its transport is used: kubeconfig, credentials, TLS. Its generated classes (CoreV1Api and the models) take
80 MiB when the first of them is touched, and a watcher reads a few fields of a few kinds.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import urllib3
from kubernetes import config
from kubernetes.client.api_client import ApiClient
from kubernetes.client.configuration import Configuration
from kubernetes.client.exceptions import ApiException
from yaml import YAMLError

from kubestead.errors import KubesteadError

# Seconds to connect, and between two bytes of an answer.
LIMIT = (5.0, 10.0)
# What a request raises when nothing, or nothing sensible, answers; ValueError covers a proxy's page in place of JSON.
Unanswered = (ApiException, urllib3.exceptions.HTTPError, OSError, ValueError)

NODES = "/api/v1/nodes"
PODS = "/api/v1/pods"


def namespaced(namespace: str, kind: str) -> str:
    """The path of a kind in a namespace: ``configmaps``, ``events`` or ``leases``."""
    group = "/apis/coordination.k8s.io/v1" if kind == "leases" else "/api/v1"
    return f"{group}/namespaces/{namespace}/{kind}"


class Requests:
    """Counts requests by verb and resource, and knows when the API last answered (monotonic seconds)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str]] = Counter()
        self.answered: float | None = None
        self.on_request: Callable[[str, str], None] = lambda verb, resource: None

    def count(self, method: str, url: str) -> None:
        """One request more."""
        verb, resource = describe(method, url)
        with self._lock:
            self._counts[verb, resource] += 1
        self.on_request(verb, resource)

    def heard(self) -> None:
        """The API said something just now."""
        self.answered = time.monotonic()

    def counts(self) -> dict[tuple[str, str], int]:
        """Requests so far, by verb and resource."""
        with self._lock:
            return dict(self._counts)


def describe(method: str, url: str) -> tuple[str, str]:
    """Verb and resource of a request, as ``("WATCH", "nodes")``; names of objects are left out."""
    parts = urlsplit(url)
    path = [part for part in parts.path.split("/") if part]
    # /api/v1/... and /apis/<group>/<version>/..., then namespaces/<name>/ where the resource has one.
    rest = path[2:] if path[:1] == ["api"] else path[3:]
    if rest[:1] == ["namespaces"] and len(rest) > 2:
        rest = rest[2:]
    verb = "WATCH" if "watch=" in parts.query.lower() else method.upper()
    return verb, rest[0] if rest else parts.path


class Api:
    """Requests by path; every one raises one of :data:`Unanswered` when there is no answer, or it is a refusal."""

    def __init__(self, configuration: Configuration) -> None:
        # Trying again is the caller's: it knows what may wait. Two streams and some short requests at a time.
        configuration.retries = False
        configuration.connection_pool_maxsize = 10
        self.requests = Requests()
        self._client = ApiClient(configuration)

    def get(self, path: str, limit: tuple[float, float] = LIMIT, **query: str) -> Any:
        """The JSON at a path."""
        return self._json("GET", path, query, None, limit)

    def post(self, path: str, body: Mapping[str, Any], limit: tuple[float, float] = LIMIT) -> Any:
        """Create an object."""
        return self._json("POST", path, {}, body, limit)

    def put(self, path: str, body: Mapping[str, Any], limit: tuple[float, float] = LIMIT) -> Any:
        """Replace an object; the version in it must be the one in force."""
        return self._json("PUT", path, {}, body, limit)

    def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        """Change an object by a JSON merge patch (RFC 7386): None removes a key, a list is replaced whole."""
        return self._json("PATCH", path, {}, body, LIMIT)

    def open(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Mapping[str, Any] | None,
        limit: tuple[float, float],
    ) -> urllib3.HTTPResponse:
        """Send a request; the answer is read by the caller, and was not an error."""
        kind = "merge-patch+json" if method == "PATCH" else "json"
        headers = {"Accept": "application/json", "Content-Type": f"application/{kind}"}
        method, url, headers, content, _ = self._client.param_serialize(
            method, path, query_params=list(query.items()), header_params=headers, body=body,
            auth_settings=["BearerToken"],
        )  # fmt: skip
        self.requests.count(method, url)
        answer = self._client.call_api(method, url, headers, content, _request_timeout=limit).response
        # A server that says 503 is one whose etcd is gone, or a balancer without servers: no answer to count on.
        if answer.status < 500:
            self.requests.heard()
        if not 200 <= answer.status <= 299:
            text = answer.data.decode(errors="replace")
            raise ApiException(status=answer.status, reason=str(answer.reason), body=text)
        found: urllib3.HTTPResponse = answer
        return found

    def _json(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Mapping[str, Any] | None,
        limit: tuple[float, float],
    ) -> Any:
        return json.loads(self.open(method, path, query, body, limit).data)


def connect(kubeconfig: Path) -> Api:
    """The API of a kubeconfig's current context.

    Raises:
        KubesteadError: the file is missing or not a kubeconfig.
    """
    return Api(read_kubeconfig(kubeconfig))


def read_kubeconfig(kubeconfig: Path) -> Configuration:
    """Server and credentials of a kubeconfig's current context; what it holds as data is in files for this process.

    Raises:
        KubesteadError: the file is missing or not a kubeconfig.
    """
    configuration = Configuration()
    try:
        config.load_kube_config(config_file=str(kubeconfig), client_configuration=configuration)  # type: ignore[no-untyped-call]
    # The client checks little of what it reads: what is not of the form fails somewhere in it.
    except (config.ConfigException, OSError, YAMLError, ValueError, TypeError, KeyError, AttributeError) as error:
        fix = "pyinfra INVENTORY deploys/cluster.py writes .kubestead/kubeconfig"
        # A parser's words quote the file, which holds a credential.
        why = "not YAML" if isinstance(error, YAMLError) else " ".join(str(error).split())[:200]
        raise KubesteadError(f"{kubeconfig}: cannot be used ({why}); {fix}") from None
    return configuration


def said(error: BaseException) -> str:
    """An error in a few words: the API's own, or why it could not be reached."""
    if isinstance(error, ApiException):
        return f"{error.status} {error.reason}"
    return f"{type(error).__name__}: {error}".splitlines()[0][:200]
