"""The lab's three hosts. How to reach them is the site file's business (site.example.yaml); this file never changes."""

from kubestead.inventory import load

control_plane, workers = load(
    control_plane=[("k8s-cp", "192.168.1.187")],
    workers=[("k8s-worker1", "192.168.1.61"), ("k8s-worker2", "192.168.1.62")],
)
