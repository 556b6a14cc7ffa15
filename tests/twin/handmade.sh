#!/usr/bin/env bash
# A cluster built by hand, the way tutorials tell it, with nothing of kubestead: a plain `kubeadm init` (no endpoint
# name, kubeadm's own service network inside the pod network, cluster name "kubernetes") and Cilium by `helm install`.
# Run it inside a twin's network: kubestead twin exec --name NAME -- tests/twin/handmade.sh
# Lines marked "twin" are what a real machine would not need.
set -euo pipefail

state=$(dirname "$KUBESTEAD_SITE")
mirror=http://192.168.1.1:8080
control_plane=${CONTROL_PLANE:-192.168.1.187}
read -r -a workers <<< "${WORKERS:-192.168.1.61}"

on() { # on ADDRESS: a script from stdin, on the host
  ssh -F none -i "$state/id_ed25519" -o UserKnownHostsFile="$state/known_hosts" -o StrictHostKeyChecking=yes \
    -o LogLevel=ERROR "root@$1" bash -euo pipefail -s
}

prepare() {
  on "$1" <<HOST
mirror=$mirror
HOST_LINES=1
$(sed -n '/^# --- on every host/,/^# --- end/p' "$0" | sed 's/^# | \{0,1\}//')
HOST
}

# --- on every host
# | swapoff -a || true
# | printf 'overlay\nbr_netfilter\n' > /etc/modules-load.d/k8s.conf
# | modprobe overlay; modprobe br_netfilter
# | cat > /etc/sysctl.d/k8s.conf <<'X'
# | net.bridge.bridge-nf-call-iptables = 1
# | net.bridge.bridge-nf-call-ip6tables = 1
# | net.ipv4.ip_forward = 1
# | X
# --- end
