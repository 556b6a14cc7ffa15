# Read-only. Prints "key<TAB>JSON" lines of the cluster's objects, asked on a control plane, the questions side by side.
# "trouble" lines say what was complained of; "asked" is when the leases' answer was there.
export LC_ALL=C PATH="$PATH:/usr/local/bin:/usr/bin"
ask() {
    key=$1
    shift
    answer=$(timeout -k 1 12 kubectl --kubeconfig /etc/kubernetes/admin.conf --request-timeout=10s get "$@" 2>&1)
    code=$?
    # kubectl may warn before it answers; every answer is one line of JSON.
    if [ "$code" = 0 ]; then printf '%s\t%s\n' "$key" "$(printf '%s\n' "$answer" | grep -E '^([{]|null)' | tail -n 1 | tr '\t' ' ')"
    else printf 'trouble\t%s: %s\n' "$key" "$(printf '%s\n' "${answer#null}" | grep -v '^[{]' | tail -n 1 | cut -c 1-400)"; fi
}
# Of the pods of a whole cluster only those being deleted, and of them only what is looked at.
deleted='{{range .items}}{{if .metadata.deletionTimestamp}}{"metadata":{"namespace":"{{.metadata.namespace}}",'
deleted=$deleted'"name":"{{.metadata.name}}","deletionTimestamp":"{{.metadata.deletionTimestamp}}"},"spec":{"nodeName":'
deleted=$deleted'"{{with .spec.nodeName}}{{.}}{{end}}"},"status":{"phase":"{{.status.phase}}"}},{{end}}{{end}}null'

ask nodes --raw /api/v1/nodes </dev/null | {
    {
        ask leases --raw /apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases
        printf 'asked\t%s\n' "$(date +%s.%N)"
    } </dev/null | {
        ask pods --raw '/api/v1/namespaces/kube-system/pods?labelSelector=app.kubernetes.io%2Fpart-of%3Dcilium' </dev/null | {
            ask deleted pods --all-namespaces --output=go-template="$deleted" </dev/null | {
                ask cluster_info --raw /api/v1/namespaces/kube-public/configmaps/cluster-info </dev/null
                cat
            }
            cat
        }
        cat
    }
    cat
}
exit 0
