"""Looking after a cluster that runs already: what it is, and where the spec says otherwise."""

from kubestead.adopt.compare import compare
from kubestead.adopt.running import RunningCluster

__all__ = ["RunningCluster", "compare"]
