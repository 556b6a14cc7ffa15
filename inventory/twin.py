"""A twin of any size: the hosts of the site file, by their ``group``."""

from kubestead.inventory import load

control_plane, workers = load()
