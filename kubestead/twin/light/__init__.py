"""The light twin: hosts as the real twin's, with stand-ins for kubeadm, kubelet, kubectl and Helm.

Host preparation, apt packages, containerd and image pulls are real. A cluster is simulated, openly: the stand-ins come
as Debian packages and an archive of a mirror of their own (:mod:`kubestead.twin.light.mirror`), so that a run installs
and calls them as it does the real ones, and everything they print begins with ``SIMULATED``.
"""
