# Read-only. Cilium's agents and operator, one tab-separated line per thing; kubestead/cilium/rollout.py reads them.
here() { kubectl --kubeconfig /etc/kubernetes/admin.conf --request-timeout=10s --namespace kube-system "$@" 2>/dev/null; }
rows() { # rows KIND FIELD...: a jsonpath of one line per object
    row="$1"
    shift
    for field; do row="$row{\"\\t\"}{$field}"; done
    printf 'jsonpath={range .items[*]}%s{"\\n"}{end}' "$row"
}
here get controllerrevisions --selector k8s-app=cilium \
    --output "$(rows revision .metadata.labels.controller-revision-hash .revision)" &&
    here get pods --selector k8s-app=cilium --output "$(rows pod .metadata.name .metadata.uid .spec.nodeName \
        '.status.conditions[?(@.type=="Ready")].status' .metadata.deletionTimestamp \
        .metadata.labels.controller-revision-hash '.status.containerStatuses[*].restartCount' \
        '.status.initContainerStatuses[*].restartCount' '.status.containerStatuses[*].state.waiting.reason' \
        '.status.initContainerStatuses[*].state.waiting.reason')" &&
    here get pods --selector io.cilium/app=operator --output "$(rows operator .metadata.name \
        '.status.conditions[?(@.type=="Ready")].status' '.status.containerStatuses[*].restartCount')" &&
    here get nodes --selector node-role.kubernetes.io/control-plane --output "$(rows control-plane .metadata.name)" &&
    here get daemonsets/cilium --output 'jsonpath={.kind}/{.metadata.name}{"\t"}{.metadata.generation}{"\t"}{.status.observedGeneration}{"\n"}' &&
    here get deployments/cilium-operator --output 'jsonpath={.kind}/{.metadata.name}{"\t"}{.metadata.generation}{"\t"}{.status.observedGeneration}{"\t"}{.spec.replicas}{"\t"}{.status.updatedReplicas}{"\t"}{.status.availableReplicas}{"\n"}' &&
    echo answered
exit 0
