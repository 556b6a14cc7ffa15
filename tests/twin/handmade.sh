#!/usr/bin/env bash
# A cluster made by hand as tutorials tell it, with nothing of kubestead: a plain `kubeadm init` (no name for the API,
# services inside the pod network, a cluster called "kubernetes") and Cilium by `helm install` with few values.
#
#   kubestead twin exec --name NAME -- tests/twin/handmade.sh
#
# CONTROL_PLANE is its address, WORKERS those of the workers. What only a twin needs is marked "twin:".
set -euo pipefail

control_plane=${CONTROL_PLANE:-192.168.1.187}
read -r -a workers <<< "${WORKERS:-192.168.1.61}"
state=$(dirname "$KUBESTEAD_SITE")

# on ADDRESS [ARGUMENT]...: run the script on stdin on that host.
on() {
  local address=$1
  shift
  ssh -F none -o LogLevel=ERROR -o StrictHostKeyChecking=yes -o UserKnownHostsFile="$state/known_hosts" \
    -i "$state/id_ed25519" "root@$address" bash -euo pipefail -s -- "$@"
}

prepare() {
  on "$1" <<'HOST'
mirror=http://192.168.1.1:8080
arch=$(dpkg --print-architecture)

swapoff -a 2>/dev/null || true
printf 'overlay\nbr_netfilter\n' > /etc/modules-load.d/k8s.conf
modprobe overlay
modprobe br_netfilter
cat > /etc/sysctl.d/k8s.conf <<'EOF'
net.bridge.bridge-nf-call-iptables  = 1
net.bridge.bridge-nf-call-ip6tables = 1
net.ipv4.ip_forward                 = 1
EOF
sysctl --quiet --load /etc/sysctl.d/k8s.conf

curl -fsSL "$mirror/files/containerd-2.1.5-linux-$arch.tar.gz" | tar -xz -C /usr/local
curl -fsSL -o /usr/local/sbin/runc "$mirror/files/runc-1.3.3-linux-$arch"
chmod 755 /usr/local/sbin/runc
mkdir -p /etc/containerd /usr/local/lib/systemd/system
cat > /usr/local/lib/systemd/system/containerd.service <<'EOF'
[Unit]
Description=containerd container runtime
Documentation=https://containerd.io
After=network.target dbus.service

[Service]
ExecStartPre=-/sbin/modprobe overlay
ExecStart=/usr/local/bin/containerd
Type=notify
Delegate=yes
KillMode=process
Restart=always
RestartSec=5
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
OOMScoreAdjust=-999

[Install]
WantedBy=multi-user.target
EOF
containerd config default \
  | sed -e 's/SystemdCgroup = false/SystemdCgroup = true/' \
    -e "s|config_path = ''|config_path = '/etc/containerd/certs.d'|" \
    -e 's/restrict_oom_score_adj = false/restrict_oom_score_adj = true/' > /etc/containerd/config.toml # twin: the last one
for registry in registry.k8s.io quay.io; do
  mkdir -p "/etc/containerd/certs.d/$registry"
  printf '[host."http://192.168.1.1:5000/v2/%s"]\n  capabilities = ["pull", "resolve"]\n  override_path = true\n' \
    "$registry" > "/etc/containerd/certs.d/$registry/hosts.toml"
done
systemctl daemon-reload
systemctl enable --quiet --now containerd

mkdir -p /etc/apt/keyrings
curl -fsSL "$mirror/apt/kubernetes/key.asc" | gpg --dearmor --yes -o /etc/apt/keyrings/kubernetes-apt-keyring.gpg
echo "deb [signed-by=/etc/apt/keyrings/kubernetes-apt-keyring.gpg] $mirror/apt/kubernetes/ /" \
  > /etc/apt/sources.list.d/kubernetes.list
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -qq -y kubelet kubeadm kubectl > /dev/null
apt-mark hold kubelet kubeadm kubectl > /dev/null
HOST
}

preparing=()
for host in "$control_plane" "${workers[@]}"; do
  prepare "$host" &
  preparing+=("$!")
done
for job in "${preparing[@]}"; do wait "$job"; done

# twin: a Go toolchain newer than upstream's makes kubeadm's proxy check fail, and nf_conntrack_max is not writable.
on "$control_plane" "$control_plane" <<'HOST'
kubeadm init --apiserver-advertise-address="$1" --pod-network-cidr=10.0.0.0/8 \
  --kubernetes-version=1.31.13 --ignore-preflight-errors=HTTPProxyCIDR > /root/kubeadm-init.log
mkdir -p /root/.kube
cp /etc/kubernetes/admin.conf /root/.kube/config
kubectl -n kube-system get configmap kube-proxy -o yaml \
  | sed -e 's/maxPerCore: null/maxPerCore: 0/' -e 's/ min: null/ min: 0/' | kubectl apply -f - > /dev/null 2>&1
kubectl -n kube-system rollout restart daemonset kube-proxy > /dev/null
HOST

join=$(on "$control_plane" <<< 'kubeadm token create --print-join-command 2>/dev/null')
joining=()
for host in "${workers[@]}"; do
  on "$host" <<< "$join > /root/kubeadm-join.log" &
  joining+=("$!")
done

# twin: no Envoy is built for it, its images have digests of their own, and there is no CAP_SYS_RESOURCE to give.
on "$control_plane" <<'HOST'
mirror=http://192.168.1.1:8080
curl -fsSL "$mirror/files/helm-3.19.0-linux-$(dpkg --print-architecture).tar.gz" \
  | tar -xz -C /usr/local/bin --strip-components=1 --wildcards '*/helm'
cat > /root/cilium.yaml <<'EOF'
operator:
  replicas: 1
  image: {useDigest: false}
image: {useDigest: false}
bpf:
  events:
    trace: {enabled: false}
envoy: {enabled: false}
l7Proxy: false
securityContext:
  capabilities:
    ciliumAgent: [CHOWN, KILL, NET_ADMIN, NET_RAW, IPC_LOCK, SYS_MODULE, SYS_ADMIN, DAC_OVERRIDE, FOWNER, SETGID, SETUID]
    cleanCiliumState: [NET_ADMIN, SYS_MODULE, SYS_ADMIN]
EOF
curl -fsSL -O "$mirror/files/cilium-1.18.4.tgz"
helm install cilium cilium-1.18.4.tgz --namespace kube-system --values /root/cilium.yaml > /dev/null
HOST
for job in "${joining[@]}"; do wait "$job"; done

on "$control_plane" <<'HOST'
kubectl wait --for=condition=Ready nodes --all --timeout=300s
kubectl -n kube-system rollout status daemonset/cilium --timeout=300s
kubectl -n kube-system rollout status deployment/coredns --timeout=300s
HOST
