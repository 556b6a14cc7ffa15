"""The cluster as data: what it is (:class:`ClusterSpec`) and what may differ from node to node (:class:`NodeSpec`)."""

from kubestead.spec.cluster import ClusterSpec, PreflightMinimum
from kubestead.spec.node import NodeSpec, Taint

__all__ = ["ClusterSpec", "NodeSpec", "PreflightMinimum", "Taint"]
