# Changes nothing. What has the names of the objects on standard input, and what applying them would make of them: lines of
# key and gzip's output in base64, and the API server's words. The first line holds the objects, the second one Secrets,
# of which only the names matter. Set before: apply, the command; owner, the label as kubectl's columns name it.
# shellcheck disable=SC2154
here() { kubectl --kubeconfig /etc/kubernetes/admin.conf --request-timeout=20s "$@" 2>/dev/null; }
pack() { printf '%s\t%s\n' "$1" "$(gzip | base64 -w 0)"; }
given=$(cat)
objects=$(printf '%s\n' "$given" | sed -n 1p)
secrets=$(printf '%s\n' "$given" | sed -n 2p)

[ -z "$objects" ] || printf '%s' "$objects" |
    here get --filename=- --ignore-not-found --show-managed-fields --output=json | pack there
[ -z "$secrets" ] || printf '%s' "$secrets" |
    here get --filename=- --ignore-not-found --no-headers \
        --output "custom-columns=N:.metadata.namespace,M:.metadata.name,O:$owner" | sed 's/^/secret\t/'
[ -z "$objects" ] || {
    would_be=$(printf '%s' "$objects" | $apply --dry-run=server --output=json) && printf '%s' "$would_be" | pack would-be
} 2>&1
exit 0
