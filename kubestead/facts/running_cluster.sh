# Read-only. What runs here already, whoever built it, one tab-separated line per thing; kubestead/adopt/running.py
# reads them. Nothing is printed where there is no control plane, or only half of one.
exec 2>/dev/null
[ -e /etc/kubernetes/manifests/kube-apiserver.yaml ] && [ -e /etc/kubernetes/admin.conf ] || exit 0
[ -e /var/lib/kubestead/kubeadm-in-progress ] && exit 0
here() { kubectl --kubeconfig /etc/kubernetes/admin.conf --request-timeout=5s "$@"; }

[ -e /var/lib/kubestead/kubeadm-init.yaml ] && echo built-here
[ -e /var/lib/kubestead/cilium-values.yaml ] && echo cilium-kept-here
sed -n 's/^ *server: */server\t/p' /etc/kubernetes/kubelet.conf
for file in /etc/cni/net.d/*.conf /etc/cni/net.d/*.conflist; do
    [ -e "$file" ] && printf 'cni\t%s\t%s\n' "${file##*/}" \
        "$(tr -d '\n' <"$file" | grep -oE '"type" *: *"[^"]*"' | head -n 1 | cut -d '"' -f 4)"
done
objects=$(here get --namespace kube-system configmaps/kubeadm-config configmaps/cilium-config \
    configmaps/kubestead-cilium daemonsets/kube-proxy daemonsets/cilium \
    --ignore-not-found --output "jsonpath={range .items[*]}object{\"\t\"}{.kind}/{.metadata.name}{\"\t\"}\
{.data}{\"\t\"}{.metadata.annotations}{\"\t\"}{.spec.template.spec.containers[*].image}{\"\n\"}{end}") && {
    echo answers
    printf '%s\n' "$objects"
}
# Only with multi-pool: the pools as they are, which may be more or less than what Cilium's operator was told to make.
case $objects in *'"ipam":"multi-pool"'*)
    pools=$(here get ciliumpodippools --output "jsonpath={range .items[*]}podpool{\"\t\"}{.metadata.name}{\"\t\"}\
{.spec.ipv4.maskSize}{\"\t\"}{.spec.ipv4.cidrs[*]}{\"\n\"}{end}") && {
        echo podpools
        printf '%s\n' "$pools"
    }
    ;;
esac
# Half a megabyte, and wanted only once: before kubestead gives Cilium its values for the first time.
[ -e /var/lib/kubestead/cilium-values.yaml ] ||
    printf 'helm\t%s\n' "$(here get secrets --namespace kube-system --selector owner=helm,name=cilium \
        --sort-by=.metadata.creationTimestamp --output 'jsonpath={.items[-1:].data.release}' | base64 -d)"
exit 0
