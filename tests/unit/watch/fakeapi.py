"""A small API server over HTTP: objects with versions, lists, watches, conflicts. Nodes, leases, ConfigMaps, events."""

from __future__ import annotations

import itertools
import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import yaml

KINDS = {"nodes", "leases", "configmaps", "events", "pods", "namespaces", "daemonsets", "deployments", "ciliumnodes"}


class FakeApi:
    """The objects, by kind and name, and the changes since the start."""

    def __init__(self):
        self.lock = threading.Condition()
        self.objects = {kind: {} for kind in KINDS}
        self.log = []
        self.versions = itertools.count(1)
        self.down = False
        self.refused = 0
        self.forbidden = set()
        self.before_write = lambda kind: None
        self.seen = []
        # What is answered at a path as it is: "/version", a kubelet's metrics.
        self.plain = {}
        self.put("namespaces", {"metadata": {"name": "kube-system"}})

    def put(self, kind, item, change=None):
        """Write an object, whatever its version; the watchers see it."""
        with self.lock:
            name = item["metadata"]["name"]
            known = name in self.objects[kind]
            item = json.loads(json.dumps(item))
            item["metadata"]["resourceVersion"] = str(next(self.versions))
            self.objects[kind][name] = item
            self.log.append((kind, change or ("MODIFIED" if known else "ADDED"), item))
            self.lock.notify_all()
            return item

    def delete(self, kind, name):
        with self.lock:
            item = self.objects[kind].pop(name)
            item["metadata"]["resourceVersion"] = str(next(self.versions))
            self.log.append((kind, "DELETED", item))
            self.lock.notify_all()

    def node(self, name, ready="True", boot="boot-1", cordoned=False, annotations=None, labels=None):
        """A Node object."""
        self.put(
            "nodes",
            {
                "metadata": {
                    "name": name,
                    "labels": labels or {},
                    "annotations": annotations or {},
                    "creationTimestamp": "2020-01-01T00:00:00Z",
                },
                "spec": {"unschedulable": True} if cordoned else {},
                "status": {"conditions": [{"type": "Ready", "status": ready}], "nodeInfo": {"bootID": boot}},
            },
        )

    def beat(self, name):
        """Renew a node's lease."""
        self.put(
            "leases", {"metadata": {"name": name}, "spec": {"holderIdentity": name, "renewTime": str(time.time())}}
        )

    def agent(self, node, ready="True"):
        """The Cilium agent's pod of a node."""
        self.put(
            "pods",
            {
                "metadata": {"name": f"cilium-{node}", "namespace": "kube-system", "labels": {"k8s-app": "cilium"}},
                "spec": {"nodeName": node},
                "status": {"conditions": [{"type": "Ready", "status": ready}]},
            },
        )


class Handler(BaseHTTPRequestHandler):
    """Answers for the FakeApi in ``server.api``."""

    protocol_version = "HTTP/1.1"
    server: ThreadingHTTPServer

    def log_message(self, *_):
        """Quiet."""

    def do_GET(self):
        api = self.server.api
        if self.path in api.plain and not api.down:
            return self.answer(200, api.plain[self.path])
        kind, name, query = self.about()
        if api.down or api.refused:
            return self.answer(api.refused or 503, {})
        if kind in api.forbidden:
            return self.answer(403, {})
        if "watch" in query:
            return self.watch(kind, int(query["resourceVersion"][0]))
        with api.lock:
            if name or kind not in KINDS:
                found = api.objects.get(kind, {}).get(name)
                return self.answer(200, found) if found else self.answer(404, {"code": 404})
            items = list(api.objects[kind].values())
            if node := query.get("fieldSelector", [""])[0].removeprefix("spec.nodeName="):
                items = [item for item in items if item["spec"]["nodeName"] == node]
            version = str(next(api.versions))
            return self.answer(200, {"items": items, "metadata": {"resourceVersion": version}})

    def do_POST(self):
        api, (kind, _, _) = self.server.api, self.about()
        body = self.body()
        if api.down:
            return self.answer(503, {})
        with api.lock:
            name = body["metadata"].setdefault("name", f"{body['metadata'].get('generateName')}{next(api.versions)}")
            if name in api.objects[kind]:
                return self.answer(409, {"code": 409})
            return self.answer(201, api.put(kind, body))

    def do_PUT(self):
        self.write(lambda old, body: body)

    def do_PATCH(self):
        self.write(merged)

    def write(self, change):
        api, (kind, name, _) = self.server.api, self.about()
        body = self.body()
        api.before_write(kind)
        if api.down:
            return self.answer(503, {})
        with api.lock:
            old = api.objects[kind].get(name)
            if old is None:
                return self.answer(404, {"code": 404})
            version = body.get("metadata", {}).get("resourceVersion")
            if version and version != old["metadata"]["resourceVersion"]:
                return self.answer(409, {"code": 409})
            return self.answer(200, api.put(kind, change(old, body)))

    def watch(self, kind, version):
        api = self.server.api
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        with api.lock:
            position = 0
        try:
            while not api.down:
                with api.lock:
                    new, position = api.log[position:], len(api.log)
                for kind_, change, item in new:
                    if kind_ == kind and int(item["metadata"]["resourceVersion"]) > version:
                        line = json.dumps({"type": change, "object": item}).encode() + b"\n"
                        self.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
                        self.wfile.flush()
                with api.lock:
                    if position == len(api.log):
                        api.lock.wait(0.05)
        except OSError:
            pass
        self.close_connection = True

    def about(self):
        parts = urlsplit(self.path)
        words = [word for word in parts.path.split("/") if word]
        position = max((index for index, word in enumerate(words) if word in KINDS), default=None)
        if position is None:
            return words[-1], "", {}
        if words[position] == "namespaces":
            position = words.index("namespaces")
        name = words[position + 1] if len(words) > position + 1 else ""
        self.server.api.seen.append((self.command, words[position], name))
        return words[position], name, parse_qs(parts.query)

    def body(self):
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

    def answer(self, code, data):
        body = data.encode() if isinstance(data, str) else json.dumps(data).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def merged(old, patch):
    """A JSON merge patch (RFC 7386)."""
    if not isinstance(patch, dict) or not isinstance(old, dict):
        return patch
    new = {key: merged(old.get(key), value) for key, value in patch.items() if value is not None}
    return {**{key: value for key, value in old.items() if key not in patch}, **new}


@contextmanager
def serving(api):
    """The FakeApi on a port of this machine; gives the text of a kubeconfig."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.api = api
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield kubeconfig(server.server_address[1])
    finally:
        api.down = True
        server.shutdown()
        server.server_close()


def kubeconfig(port):
    """A kubeconfig for a port of this machine."""
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "c",
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
            "users": [{"name": "u", "user": {}}],
        }
    )
