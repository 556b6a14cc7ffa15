#!/bin/sh
# SIMULATED kubelet of a light twin: it runs no pod. As the real one it ends where kubeadm has not been yet.
[ -e /var/lib/kubelet/config.yaml ] || { echo 'SIMULATED kubelet: no /var/lib/kubelet/config.yaml' >&2; exit 1; }
echo 'SIMULATED kubelet: this node runs no pods'
exec sleep infinity
