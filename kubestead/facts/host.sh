# Read-only. Prints sections that kubestead/preflight/parse.py reads: "@@ name", then the section's lines.
# POSIX sh, and nothing that a minimal Ubuntu or Debian lacks; a tool that is missing leaves its section empty.
export LC_ALL=C PATH="$PATH:/usr/sbin:/sbin"
exec 2>/dev/null

echo '@@ identity'
echo "clock=$(date +%s.%N)"
echo "euid=$(id -u)"
echo "machine=$(uname -m)"
echo "kernel=$(uname -r)"
echo "hostname=$(uname -n)"
echo "machine_id=$(cat /etc/machine-id)"
echo "cores=$(nproc)"
echo "cgroup_fs=$(stat -f -c %T /sys/fs/cgroup)"
[ -d /run/systemd/system ] && echo 'systemd=yes' || echo 'systemd=no'
[ -e /sys/kernel/btf/vmlinux ] && echo 'btf=yes' || echo 'btf=no'
echo "apparmor=$(cat /sys/module/apparmor/parameters/enabled || echo absent)"
echo '@@ os-release'
cat /etc/os-release || cat /usr/lib/os-release
echo '@@ meminfo'
grep -E '^(MemTotal|MemAvailable|SwapTotal):' /proc/meminfo
echo '@@ swaps'
cat /proc/swaps
echo '@@ disk'
df -P -k /var/lib / | sed 1d
echo '@@ inodes'
df -P -i /var/lib / | sed 1d
echo '@@ addresses'
ip -j addr show
echo
echo '@@ routes'
ip -j -4 route show
echo
echo '@@ routes-v6'
ip -j -6 route show
echo
echo '@@ sockets'
ss -H -l -n -t -u -p && echo end
echo '@@ controllers'
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
    cat /sys/fs/cgroup/cgroup.controllers
else
    while read -r name _ _ enabled; do
        [ "$enabled" = 1 ] && [ -d "/sys/fs/cgroup/$name" ] && echo "$name"
    done </proc/cgroups
fi
echo '@@ filesystems'
cat /proc/filesystems
echo '@@ modules'
for module in overlay br_netfilter vxlan geneve wireguard sch_fq esp4; do
    if [ -d "/sys/module/$module" ]; then
        echo "$module=loaded"
    elif modprobe -n -q "$module"; then
        echo "$module=available"
    else
        echo "$module=absent"
    fi
done
echo '@@ kernel-config'
options='^CONFIG_(OVERLAY_FS|BRIDGE_NETFILTER|VXLAN|BPF_SYSCALL|BPF_JIT|CGROUP_BPF|NET_CLS_BPF|NET_CLS_ACT|NET_SCH_INGRESS|GENEVE|WIREGUARD|NET_SCH_FQ|NETKIT|INET_ESP)='
if [ -e /proc/config.gz ]; then
    gzip -dc </proc/config.gz | grep -E "$options" && echo end
else
    grep -E "$options" "/boot/config-$(uname -r)" && echo end
fi
echo '@@ files'
if [ "$(id -u)" = 0 ]; then
    for path in /etc/kubernetes/admin.conf /etc/kubernetes/kubelet.conf /etc/kubernetes/bootstrap-kubelet.conf \
        /etc/kubernetes/manifests/kube-apiserver.yaml /etc/kubernetes/pki/ca.crt /var/lib/etcd/member \
        /var/lib/kubelet/config.yaml; do
        [ -e "$path" ] && echo "$path=yes" || echo "$path=no"
    done
    sed -n 's/^ *server: */kubelet_server=/p' /etc/kubernetes/kubelet.conf
    echo "interrupted=$(cat /var/lib/kubestead/kubeadm-in-progress)"
    echo "ca_sha256=$(sha256sum </etc/kubernetes/pki/ca.crt | cut -d ' ' -f 1)"
fi
echo '@@ locks'
for path in /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/lib/apt/lists/lock; do
    inode=$(stat -c %i "$path") || continue
    while read -r _ _ _ _ pid device _; do
        [ "${device##*:}" = "$inode" ] && echo "$path $pid $(cat "/proc/$pid/comm")"
    done </proc/locks
done
echo '@@ packages'
# shellcheck disable=SC2016  # dpkg-query expands these itself
dpkg-query -W -f='${Package} ${Version} ${db:Status-Status}\n' \
    containerd containerd.io docker.io docker-ce podman-docker cri-o runc kubelet kubeadm kubectl kubernetes-cni
echo '@@ units'
systemctl show --property=Id,LoadState,ActiveState containerd.service docker.service kubelet.service crio.service \
    k3s.service k3s-agent.service rke2-server.service rke2-agent.service snap.microk8s.daemon-kubelite.service \
    k0scontroller.service k0sworker.service ufw.service firewalld.service \
    chrony.service systemd-timesyncd.service ntpsec.service
echo '@@ firewall'
grep -E '^ENABLED=' /etc/ufw/ufw.conf
echo '@@ end'
exit 0
