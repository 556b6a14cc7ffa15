#!/usr/bin/env bash
# The floor: the cluster of deploys/cluster.py from a plain shell script, parallel by hand. It is what kubestead's time is
# measured against (bench/run.py), and nothing to build a cluster with: it checks no digest and no fingerprint, looks at
# nothing first, is not idempotent, cleans nothing up after a failure, and knows bare hosts without swap only.
#
# Usage, inside the twin's network: bench/floor.sh FOLDER, where FOLDER was written by bench/floor_files.py.
# Prints `phase<TAB>name<TAB>host<TAB>seconds since the start` at the end of each phase.
# shellcheck disable=SC2154,SC2029 # the variables are in env.sh; lines are meant to expand here
set -euo pipefail
files=$1
# shellcheck source=/dev/null
. "$files/env.sh"
sockets=$(mktemp -d)
trap 'for host in "${!addresses[@]}"; do close "$host"; done; rm -rf "$sockets"' EXIT

# A clock that is never set, in hundredths of a second.
now() { read -r seconds _ < /proc/uptime && echo "${seconds/./}"; }
started=$(now)
phase() { elapsed=$(($(now) - started)); printf 'phase\t%s\t%s\t%d.%02d\n' "$1" "$2" $((elapsed / 100)) $((elapsed % 100)); }

options=(-F none -i "$ssh_key" -l "$ssh_user" -o IdentitiesOnly=yes -o StrictHostKeyChecking=yes
  -o "UserKnownHostsFile=$ssh_known_hosts" -o ControlMaster=auto -o ControlPersist=yes -o "ControlPath=$sockets/%h")
on() { ssh "${options[@]}" "${addresses[$1]}" "${@:2}"; }
close() { ssh "${options[@]}" -O exit "${addresses[$1]}" 2>/dev/null || true; }

# The script of one host's preparation: packages and containerd at once, images as soon as containerd runs.
preparation() {
  cat <<END
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
packages() {
  curl -fsSL -o "$keyring" "$key_url"
  apt-get -o DPkg::Lock::Timeout=600 update -qq -o Dir::Etc::sourcelist=sources.list.d/$repository.sources \
    -o Dir::Etc::sourceparts=- -o APT::Get::List-Cleanup=0
  apt-get -o DPkg::Lock::Timeout=600 install -qq --yes --no-install-recommends $packages
  apt-mark hold $held
  systemctl enable --quiet kubelet.service
}
modprobe --all overlay br_netfilter
sysctl --quiet --load=/etc/sysctl.d/90-kubestead.conf
echo '$control_plane_address $endpoint_host' >> /etc/hosts
systemctl is-active --quiet systemd-networkd && systemctl restart systemd-networkd
packages > /var/log/floor-packages.log 2>&1 & packages=\$!
curl -fsSL -o /usr/local/sbin/runc "$runc_url" & runc=\$!
curl -fsSL "$containerd_url" | tar -xz --no-same-owner -C /usr/local bin/containerd bin/ctr bin/containerd-shim-runc-v2
wait \$runc
chmod 755 /usr/local/sbin/runc
systemctl daemon-reload
systemctl enable --quiet --now containerd.service
END
}

prepare() {
  tar -C "$files/tree/$1" --owner=0 --group=0 -c . | on "$1" tar -C / --no-overwrite-dir -x
  {
    preparation
    if [ "$1" = "$control_plane" ]; then
      echo systemctl start --no-block kubestead-images-control-plane.service
    fi
    echo systemctl start --no-block kubestead-images-node.service
    if [ "$1" = "$control_plane" ]; then
      echo "mkdir -p ${chart%/*} && curl -fsSL -o $chart $chart_url"
      echo "curl -fsSL $helm_url | tar -xz --no-same-owner --strip-components=1 -C /usr/local/bin $helm_member"
    fi
    echo "wait \$packages"
  } | on "$1" bash
  phase prepared "$1"
}

initialise() {
  on "$control_plane" "systemctl start kubestead-images-control-plane.service && kubeadm init --config $init --skip-token-print" > /dev/null
  phase initialised "$control_plane"
}

release() {
  on "$control_plane" "KUBECONFIG=/etc/kubernetes/admin.conf helm upgrade --install cilium $chart --namespace kube-system --values $cilium_values" > /dev/null
  phase released "$control_plane"
}

join() {
  sed "s/$ca_cert_hash/$fingerprint/" "$files/join/$1" | on "$1" kubeadm join --config /dev/stdin > /dev/null
  phase joined "$1"
}

jobs=()
declare -A prepared
for host in $control_plane $workers; do
  prepare "$host" & prepared[$host]=$!
done
wait "${prepared[$control_plane]}"
initialise
release & jobs+=($!)
command=$(on "$control_plane" kubeadm token create "$token" --ttl "$token_ttl" --print-join-command)
# A join that comes before the controller manager has signed cluster-info for the token looks again only after 5 s.
on "$control_plane" "kubectl --kubeconfig /etc/kubernetes/admin.conf --namespace kube-public wait configmap/cluster-info \
  --for 'jsonpath={.data.jws-kubeconfig-${token%%.*}}' --timeout=60s > /dev/null"
fingerprint=$(grep -o 'sha256:[0-9a-f]*' <<< "$command")
for host in $workers; do
  wait "${prepared[$host]}"
  join "$host" & jobs+=($!)
done
for job in "${jobs[@]}"; do wait "$job"; done
on "$control_plane" kubeadm token delete "${token%%.*}" > /dev/null

look=$(cat "$files/health.sh")
until on "$control_plane" "$look" | awk -v nodes="$control_plane $workers" -f "${0%/*}/healthy.awk"; do
  sleep 1 # between two looks
done
phase healthy "$control_plane"
