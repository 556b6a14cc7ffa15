"""Your own machines: copy this file to inventory/mine.py and site.example.yaml to site.yaml, and write yours there."""

from kubestead.inventory import load

control_plane, workers = load(
    # The name each machine has as a node, and the address your computer reaches it by.
    # One control plane for now; one machine alone will do: leave workers empty, [].
    control_plane=[("node1", "192.0.2.11")],
    workers=[("node2", "192.0.2.12"), ("node3", "192.0.2.13")],
)
