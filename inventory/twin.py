"""The hosts of the site file, by their ``group``: a twin of any size, or your own."""

from kubestead.inventory import load

control_plane, workers = load()
