# Read-only. Prints "key<TAB>CODE JSON" lines of what the API knows of Cilium, asked on a control plane, the questions
# side by side; then what Hubble's relay says, and "asked", this host's clock.
export LC_ALL=C HOME=/tmp PATH="$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/bin"
exec 2>/dev/null

line() { tr '\n\t' '  '; }
# tell KEY CODE TEXT: JSON, or what was complained of; a program may warn before it answers.
tell() {
    if [ "$2" = 0 ]; then printf '%s\t0 %s\n' "$1" "$(printf '%s\n' "$3" | sed -n '/^[[{]/,$p' | line)"
    else printf '%s\t%s %s\n' "$1" "$2" "$(printf '%s' "$3" | tail -n 1 | line | cut -c 1-400)"; fi
}
ask() {
    key=$1
    shift
    told=$(timeout -k 1 12 kubectl --kubeconfig /etc/kubernetes/admin.conf --request-timeout=10s get "$@" 2>&1)
    tell "$key" "$?" "$told"
}
mesh() {
    heard=$(timeout -k 1 8 kubectl --kubeconfig /etc/kubernetes/admin.conf --namespace kube-system \
        exec deployment/clustermesh-apiserver --container kvstoremesh -- \
        /usr/bin/clustermesh-apiserver kvstoremesh-dbg status --output json 2>&1)
    tell mesh "$?" "$heard"
}
named() {
    ask objects --namespace kube-system --ignore-not-found --output json daemonsets.apps/cilium \
        deployments.apps/cilium-operator deployments.apps/hubble-relay deployments.apps/coredns deployments.apps/clustermesh-apiserver \
        configmaps/cilium-config leases.coordination.k8s.io/cilium-operator-resource-lock services/hubble-relay
    # What it mirrors of other clusters, the agents cannot tell from what was mirrored once.
    case $told in *'"name": "clustermesh-apiserver"'*) mesh ;; esac
    # Of these only a service has an address of its own. The relay is asked from inside the agent here.
    address=$(printf '%s\n' "$told" | sed -n 's/^ *"clusterIP": *"\([^"]*\)".*/\1/p' | head -n 1)
    pid=$(grep -lx cilium-agent /proc/[0-9]*/comm | head -n 1)
    pid=${pid%/comm} pid=${pid#/proc/}
    # With TLS of its own it stands behind 443 and wants a certificate; then it is not asked.
    port=$(printf '%s\n' "$told" | sed -n '/"kind": "Service"/,$p' | sed -n 's/^ *"port": *\([0-9]*\).*/\1/p' | head -n 1)
    if [ -z "$address" ] || [ -z "$pid" ] || [ "$port" = 443 ]; then return; fi
    heard=$(timeout -k 1 6 nsenter --target "$pid" --mount --pid -- \
        hubble status --server "$address:${port:-80}" --timeout 5s --output json 2>&1)
    tell relay "$?" "$heard"
}

ask nodes --raw /api/v1/nodes </dev/null | {
    ask pods --raw '/api/v1/namespaces/kube-system/pods?labelSelector=app.kubernetes.io%2Fpart-of%3Dcilium' </dev/null | {
        ask cilium_nodes --raw /apis/cilium.io/v2/ciliumnodes </dev/null | {
            ask node_configs --raw /apis/cilium.io/v2/namespaces/kube-system/ciliumnodeconfigs </dev/null | {
                named </dev/null
                cat
            }
            cat
        }
        cat
    }
    cat
}
printf 'asked\t%s\n' "$(date +%s)"
