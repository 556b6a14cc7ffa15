"""The mirror: one folder with everything a cluster is made from, its catalog, and the ways to fill, check and serve it.

``apt/`` is a signed apt repository, ``files/`` has the tarballs and the chart, ``registry/`` is docker-registry's
storage, ``catalog.yaml`` lists all of it with digests. An air-gapped site uses exactly what the twin uses.
"""

from kubestead.mirror.record import record
from kubestead.mirror.serve import Served, serve, serving
from kubestead.mirror.source import Source, build, choose_source, newest
from kubestead.mirror.verify import verify

__all__ = ["Served", "Source", "build", "choose_source", "newest", "record", "serve", "serving", "verify"]
