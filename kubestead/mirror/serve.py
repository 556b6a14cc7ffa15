"""Serves a mirror folder in the foreground: files over HTTP and the registry beside them, read-only."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from whitenoise import WhiteNoise  # type: ignore[import-untyped]

from kubestead import cache
from kubestead.errors import KubesteadError
from kubestead.mirror import registry

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

SERVED = ("files", "apt")  # not the registry's storage: docker-registry serves that


class _ThreadingServer(ThreadingMixIn, WSGIServer):
    """One thread per download, so that hosts do not wait for each other."""

    daemon_threads = True
    request_queue_size = 128


class _QuietHandler(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing per request."""


class _Files(WhiteNoise):  # type: ignore[misc]  # it has no type information
    """Files exactly as they are: a .gz is a file of its own here, not another file's compressed form."""

    @staticmethod
    def is_compressed_variant(path: str, stat_cache: object = None) -> bool:
        return False


def _not_found(_environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
    start_response("404 Not Found", [("Content-Type", "text/plain")])
    return [b"not in this mirror\n"]


def application(mirror: Path) -> WhiteNoise:
    """The WSGI application that serves a mirror's files, with ranges."""
    app = _Files(_not_found, max_age=0)
    app.add_file_to_dictionary("/catalog.yaml", str(mirror / "catalog.yaml"))
    for folder in SERVED:
        app.add_files(str(mirror / folder), prefix=folder)
    return app


@dataclass(frozen=True)
class Served:
    """A mirror being served: the URLs of its files and of its registry, and the registry itself."""

    files_url: str
    registry_url: str
    registry: registry.Registry


@contextmanager
def serving(mirror: Path, listen: str, port: int = 0, registry_port: int = 0) -> Iterator[Served]:
    """Serve a mirror for the length of a block.

    Args:
        mirror: the mirror's folder.
        listen: the address to listen on (``192.168.1.1``).
        port: the files' TCP port; 0 for any free one.
        registry_port: the registry's TCP port; 0 for any free one.

    Raises:
        KubesteadError: the folder is no mirror, or a port cannot be listened on.
    """
    if not (mirror / "catalog.yaml").is_file():
        raise KubesteadError(f"{mirror} is not a mirror (it has no catalog.yaml); run: kubestead mirror build")
    try:
        server = make_server(listen, port, application(mirror), _ThreadingServer, _QuietHandler)
    except OSError as error:
        raise KubesteadError(
            f"cannot listen on {listen}:{port} ({error.strerror}); name another --listen or --port"
        ) from error
    with server:
        address = f"{listen}:{registry_port or registry.free_port(listen)}"
        with registry.running(mirror / "registry", address, read_only=True) as running:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            try:
                yield Served(f"http://{listen}:{server.server_port}/", f"http://{address}", running)
            finally:
                server.shutdown()


def serve(mirror: Path, listen: str, port: int = 8080, registry_port: int = 5000) -> None:
    """Serve a mirror until SIGINT or SIGTERM; prints one line when it is ready.

    Raises:
        KubesteadError: it could not start, or the registry ended by itself.
    """
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with cache.hold(mirror), serving(mirror, listen, port, registry_port) as served:
        served.registry.when_ended(stop.set)
        print(f"ready: files {served.files_url} registry {served.registry_url} mirror {mirror}", flush=True)
        stop.wait()
        if (code := served.registry.process.poll()) is not None:
            raise KubesteadError(f"docker-registry ended by itself with {code}, so the mirror is not served any more")
