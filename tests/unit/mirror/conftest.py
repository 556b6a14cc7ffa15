"""A local TLS server that plays upstream: files that arrive whole, short, late, or not at all."""

import gzip
import hashlib
import ssl
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import trustme
import yaml

from kubestead.catalog import AptRepository, Catalog, File, Image
from kubestead.mirror import registry
from kubestead.mirror.commands import run
from tests.unit.mirror.made import make_repository, write_layout


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """A cache of the test's own, so that nothing on this machine is found or changed."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture(scope="session")
def signed_repository(tmp_path_factory):
    """A signed repository, made once; its folder is to be copied, never changed. Gives it and the fingerprint."""
    folder = tmp_path_factory.mktemp("repository") / "deb"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        return folder, make_repository(folder)


@pytest.fixture(scope="session")
def image_layout(tmp_path_factory):
    """An OCI layout with the image ``it`` of two architectures, made once. Gives it and the image's sha256."""
    folder = tmp_path_factory.mktemp("image") / "layout"
    return folder, write_layout(folder)


@dataclass
class Upstream:
    """What the server has, how it behaves per path, and what it was asked."""

    files: dict = field(default_factory=dict)
    behaviour: dict = field(default_factory=dict)
    asked: list = field(default_factory=list)
    release: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    def url(self, path):
        return f"https://localhost:{self.port}/{path}"

    def offer(self, path, data, behaviour="whole"):
        self.files[path] = data
        self.behaviour[path] = behaviour
        return self.url(path), hashlib.sha256(data).hexdigest()


def handler(upstream):
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args):
            pass

        def do_HEAD(self):
            self.send_response(200)
            self.end_headers()

        def do_GET(self):
            path, wanted = self.path[1:], self.headers.get("Range", "")
            upstream.asked.append((path, wanted))
            data, behaviour = upstream.files.get(path), upstream.behaviour.get(path, "whole")
            if data is None or behaviour.startswith("status "):
                self.send_error(int(behaviour.split()[1]) if data is not None else 404)
                return
            start = int(wanted.removeprefix("bytes=").split("-")[0]) if wanted else 0
            if start >= len(data) > 0:
                self.send_error(416)
                return
            self.send_response(206 if wanted else 200)
            if wanted:
                self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
            if behaviour != "short without a length":
                self.send_header("Content-Length", str(len(data) - start))
            self.end_headers()
            self.send(path, data[start:], behaviour)

        def send(self, path, data, behaviour):
            if behaviour == "breaks off once":
                upstream.behaviour[path] = "whole"
            half = data[: len(data) // 2]
            if behaviour == "stalls":
                self.wfile.write(half)
                self.wfile.flush()
                upstream.release.wait(20)
            elif behaviour.startswith(("breaks off", "short")):
                self.wfile.write(half)
            else:
                self.wfile.write(data)

    return Handler


@pytest.fixture
def authority(tmp_path, monkeypatch):
    """A certificate authority curl and skopeo trust by SSL_CERT_FILE."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    monkeypatch.setenv("CURL_CA_BUNDLE", str(tmp_path / "authority.pem"))  # else the machine's own setting wins
    return authority


@pytest.fixture
def upstream(authority):
    """The server, on a free port of localhost."""
    played = Upstream()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    server = ThreadingHTTPServer(("localhost", 0), handler(played))
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True)
    played.port = server.server_port
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield played
    played.release.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def registry_k8s_io(tmp_path, authority, image_layout, monkeypatch):
    """A docker-registry with TLS that skopeo takes for registry.k8s.io; gives the sha256 of its one image."""
    certificate, key = tmp_path / "registry.pem", tmp_path / "registry.key"
    issued = authority.issue_cert("localhost")
    issued.private_key_pem.write_to_path(str(key))
    issued.cert_chain_pems[0].write_to_path(str(certificate))
    storage = tmp_path / "upstream-registry"
    storage.mkdir()
    layout, sha256 = image_layout
    address = f"localhost:{registry.free_port()}"
    with registry.running(storage, address, tls=(certificate, key)) as running:
        # skopeo reads the user's own configuration, below HOME.
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
        configuration = tmp_path / ".config/containers/registries.conf"
        configuration.parent.mkdir(parents=True)
        configuration.write_text(f'[[registry]]\nprefix = "registry.k8s.io"\nlocation = "{running.address}"\n')
        copy = ["skopeo", "copy", "--quiet", "--insecure-policy", "--all", "--preserve-digests"]
        run([*copy, f"oci:{layout}:it", f"docker://{address}/pause:3.10"], "playing registry.k8s.io")
        yield sha256


@pytest.fixture
def catalog(tmp_path, upstream, signed_repository, registry_k8s_io):
    """A catalog file of everything the played upstream has."""
    repository, fingerprint = signed_repository
    for file in repository.iterdir():
        upstream.offer(f"deb/{file.name}", file.read_bytes())
    files = {}
    for architecture in ("amd64", "arm64"):
        data = gzip.compress(architecture.encode() * 4000, mtime=0)
        url, sha256 = upstream.offer(f"containerd-2.1.5-linux-{architecture}.tar.gz", data)
        files[architecture] = {"url": url, "sha256": sha256}
    chart_url, chart = upstream.offer("cilium-1.18.4.tgz", b"a chart" * 5000)
    described = Catalog(
        origin="upstream",
        files={
            "containerd": File.model_validate({"version": "2.1.5", **files}),
            "cilium-chart": File.model_validate({"version": "1.18.4", "any": {"url": chart_url, "sha256": chart}}),
        },
        apt={
            "kubernetes": AptRepository(
                url=upstream.url("deb/"),
                key_url=upstream.url("deb/key.asc"),
                key_fingerprint=fingerprint,
                packages={"kubelet": "1.31.13-1.1"},
            )
        },
        images={"registry.k8s.io/pause": Image(tag="3.10", sha256=registry_k8s_io)},
    )
    path = tmp_path / "upstream.yaml"
    path.write_text("# A comment that stays.\n" + yaml.safe_dump(described.model_dump(exclude_none=True)))
    return path


@pytest.fixture
def change(catalog):
    """Change the catalog file: ``change("files containerd amd64 sha256", "0" * 64)``."""

    def set_value(keys, value):
        data = yaml.safe_load(catalog.read_text())
        *path, last = keys.split()
        target = data
        for key in path:
            target = target[key]
        target[last] = value
        catalog.write_text("# A comment that stays.\n" + yaml.safe_dump(data))

    return set_value
