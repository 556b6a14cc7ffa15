# Read-only. Prints "key<TAB>value" lines that kubestead/diagnose/parse.py reads, and "end" when it came to its end.
# The caller puts a line "node='NAME'" before it. POSIX sh; what is missing on a host leaves its lines out.
# No part may hang the rest: each question has its time, and the parts run side by side through pipes, because a
# temporary file cannot be had on a full or read-only disk.
export LC_ALL=C PATH="$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/sbin:/usr/bin:/bin"
exec 2>/dev/null
conf=/etc/kubernetes/kubelet.conf
pki=/etc/kubernetes/pki

within() { timeout -k 1 "$@"; }
say() { printf '%s\t%s\n' "$1" "$2"; }
lines() { sed "s|^|$1	|"; }
packed() { base64 | tr -d '\n'; }
certificates() { sed -n '/-BEGIN CERTIFICATE-/,/-END CERTIFICATE-/p' "$1" | head -c 16384 | packed; }
# A page of a server on this host: its status line and the first of its body; "refused"; nothing in three seconds.
page() {
    # shellcheck disable=SC2016  # bash's own
    within 3 bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$0" || { echo refused; exit; }
        printf "GET %s HTTP/1.0\r\nHost: localhost\r\nbrief: true\r\n\r\n" "$1" >&3; cat <&3' "$1" "$2" |
        tr -d '\r' | sed -n '1p; /^$/,$p' | tr '\n' ' ' | head -c 300
}
unit_path() { within 3 systemctl show --property=ExecStart "$1" | sed -n '1s/.*path=\([^ ;]*\).*/\1/p'; }
# The first of some paths that is there; where none is, the first one.
first_of() {
    for tool; do [ -e "$tool" ] && break; done
    if [ -e "$tool" ]; then echo "$tool"; else printf '%s\n' "$@" | grep -m 1 .; fi
}
# "binary NAME STATE PATH", where the program tells its version: what it said last, and how it ended.
# What counts is what it said last: a kubelet warns of every old flag before it says what is wrong.
binary() {
    name=$1 path=$2
    shift 2
    if [ ! -e "$path" ]; then say binary "$name missing $path"
    elif [ ! -x "$path" ]; then say binary "$name not-executable $path"
    else
        told=$(within 4 "$path" "$@" 2>&1 </dev/null)
        say binary "$name $? $path $(printf '%s' "$told" | tr '\n\t' '  ' | tail -c 400)"
    fi
}

host_part() {
    say clock "$(date +%s.%N)"
    say boot_id "$(cat /proc/sys/kernel/random/boot_id)"
    say uptime "$(cut -d ' ' -f 1 /proc/uptime)"
    say hostname "$(uname -n)"
    within 3 df -B1 --output=file,target,size,avail,itotal,iavail \
        / /etc /etc/kubernetes /opt /var /var/log /var/lib /var/lib/kubelet /var/lib/containerd /var/lib/etcd /run /tmp |
        sed 1d | lines disk
    # shellcheck disable=SC2016  # awk's own
    awk '$5 !~ "/(pods|io.containerd|netns|plugins|credentials)(/|[.])" && $5 ~ "^/(etc|opt|var|run|tmp|usr)?(/|$)"' \
        /proc/self/mountinfo | head -n 200 | lines mount
    grep -E '^(MemTotal|MemAvailable):' /proc/meminfo | lines memory
    say tasks "$(cut -d ' ' -f 4 /proc/loadavg)"
    say load "$(cut -d ' ' -f 1 /proc/loadavg)"
    say processors "$(nproc)"
    say pid_max "$(cat /proc/sys/kernel/pid_max)"
    say threads_max "$(cat /proc/sys/kernel/threads-max)"
    for tree in /sys/fs/cgroup /sys/fs/cgroup/pids; do
        [ -e "$tree/pids.max" ] && say pids_limit "$(cat "$tree/pids.current" "$tree/pids.max" | tr '\n' ' ')"
    done
    lines swap </proc/swaps
    within 3 chronyc tracking | grep -E '^(System time|Leap status)' | lines chrony
    say synchronized "$(within 3 timedatectl show --property=NTPSynchronized --value)"
}

unit_part() {
    unit=$1
    within 3 systemctl show --property=Id,LoadState,ActiveState,SubState,UnitFileState,MainPID,NRestarts,Result \
        --property=ExecMainCode,ExecMainStatus,ExecMainStartTimestampMonotonic,StateChangeTimestampMonotonic \
        --property=ExecStart,FragmentPath,DropInPaths,NeedDaemonReload "$unit" | lines "unit $unit"
    pid=$(within 3 systemctl show --property=MainPID --value "$unit")
    if [ "${pid:-0}" -gt 0 ]; then
        say "unit $unit" "Process=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$pid/status")"
        # cgroup v1 has a freezer of its own; v2 (and a hybrid's second tree) tells it among the events.
        for state in "/sys/fs/cgroup/freezer$(sed -n 's/^[0-9]*:freezer://p' "/proc/$pid/cgroup")/freezer.state" \
            "/sys/fs/cgroup$(sed -n 's/^0:://p' "/proc/$pid/cgroup")/cgroup.events" \
            "/sys/fs/cgroup/unified$(sed -n 's/^0:://p' "/proc/$pid/cgroup")/cgroup.events"; do
            [ -e "$state" ] && grep -qE '^(FROZEN|FREEZING|frozen 1)$' "$state" && say "unit $unit" "Frozen=yes"
        done
    fi
    within 3 systemctl is-active --quiet "$unit" && last=20 || last=40
    within 4 journalctl --unit "$unit" --lines "$last" --output cat --no-pager --quiet | cut -c 1-700 | lines "log $unit"
}

containerd_part() {
    unit_part containerd.service
    program=$(first_of "$(unit_path containerd.service)" /usr/local/bin/containerd /usr/bin/containerd)
    binary containerd "$program" --version
    folder=${program%/*}
    binary shim "$(first_of "$folder/containerd-shim-runc-v2" /usr/local/bin/containerd-shim-runc-v2)" -v
    config=/etc/containerd/config.toml
    if [ -s "$config" ]; then say containerd_config there; else say containerd_config missing; fi
    dump=$(within 5 "$program" config dump 2>&1)
    code=$?
    say containerd_dump "$code"
    if [ "$code" = 0 ]; then
        printf '%s\n' "$dump" | grep -E '^ *(\[|(sandbox|SystemdCgroup|bin_dirs?|conf_dir|BinaryName|disabled_plugins|use_internal_loopback) =)' |
            lines dump
    else
        printf '%s\n' "$dump" | tail -n 3 | cut -c 1-700 | lines dump_error
    fi
    runc=$(printf '%s\n' "$dump" | sed -n "s/^ *BinaryName = ['\"]\(.*\)['\"]/\1/p" | grep . | head -n 1)
    binary runc "${runc:-$(command -v runc || echo /usr/local/sbin/runc)}" --version
    plugins=$(within 4 ctr plugins ls 2>&1)
    say containerd_answer "$?"
    printf '%s\n' "$plugins" | grep -E '[[:space:]]cri[[:space:]]|^ctr:' | cut -c 1-700 | lines plugin
    image=$(printf '%s\n' "$dump" | sed -n "s/^ *sandbox = ['\"]\(.*\)['\"]/\1/p" | head -n 1)
    # A name alone may stand in the store without what it names: "check" looks for that too.
    # No answer is no sign that it is absent.
    [ -n "$image" ] && found=$(within 4 ctr --namespace k8s.io images check "name==$image" 2>/dev/null) &&
        say sandbox_image "$image $(printf '%s\n' "$found" | sed 1d | tr -s ' \t' '  ' | cut -d ' ' -f 4 | grep . || echo absent)"
}

kubelet_part() {
    unit_part kubelet.service
    # The version is told only by a kubelet that understands its flags.
    flags=$(sed -n 's/^KUBELET_[A-Z]*_ARGS=//p' /var/lib/kubelet/kubeadm-flags.env /etc/default/kubelet | tr -d "\"'")
    set -f
    # shellcheck disable=SC2086  # several words
    binary kubelet "$(first_of "$(unit_path kubelet.service)" /usr/bin/kubelet)" $flags --version
    set +f
    for file in /var/lib/kubelet/kubeadm-flags.env /var/lib/kubelet/config.yaml "$conf"; do
        if [ -s "$file" ]; then say file "there $file"
        elif [ -e "$file" ]; then say file "empty $file"
        else say file "missing $file"; fi
    done
    # A person may have put headers with secrets there.
    grep -q staticPodURLHeader /var/lib/kubelet/config.yaml ||
        say kubelet_config "$(head -c 65536 /var/lib/kubelet/config.yaml | packed)"
    say kubelet_healthz "$(page 10248 /healthz)"
    say cilium_healthz "$(page 9879 /healthz)"
    agent=$(grep -lx cilium-agent /proc/[0-9]*/comm | head -n 1)
    [ -n "$agent" ] && say cilium_process "$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "${agent%/comm}/status")"
}

identity_part() {
    say server "$(sed -n 's/^ *server: *//p' "$conf" | head -n 1)"
    say conf_ca "$(sed -n 's/^ *certificate-authority-data: *//p' "$conf" | head -n 1)"
    say pki_ca "$(certificates "$pki/ca.crt")"
    file=$(sed -n 's/^ *client-certificate: *//p' "$conf" | head -n 1)
    if [ -n "$file" ]; then
        say client_file "$file"
        say client_certificate "$(certificates "$file")"
    else
        say client_certificate "$(sed -n 's/^ *client-certificate-data: *//p' "$conf" | head -n 1)"
    fi
    # As the kubelet asks it: address, CA, certificate and key are all tried.
    told=$(within 9 kubectl --kubeconfig "$conf" --request-timeout=6s get --raw "/api/v1/nodes/${node:-$(uname -n)}" 2>&1)
    code=$?
    [ "$code" = 0 ] && told=
    say api "$code $(printf '%s' "$told" | tail -n 3 | tr '\n\t' '  ' | cut -c 1-700)"
    place=$(sed -n 's|^ *server: *https://||p' "$conf" | head -n 1 | tr -d "\"'/")
    # shellcheck disable=SC2016  # bash's own
    told=$(within 3 bash -c ': <"/dev/tcp/$0/$1"' "${place%:*}" "${place##*:}" 2>&1)
    say api_tcp "$? $(printf '%s' "$told" | head -n 1 | sed 's/^.*line 1: //')"
}

network_part() {
    for file in /etc/cni/net.d/*; do
        [ -f "$file" ] && say cni_file "${file##*/} $(head -c 16384 "$file" | packed)"
    done
    say cni_files read
    find /opt/cni/bin -maxdepth 1 -type f -perm -u+x -size +0 -printf '%f\n' | lines cni_binary
    say cni_binaries read
}

control_plane_part() {
    for file in /etc/kubernetes/manifests/*.yaml; do [ -s "$file" ] && say manifest "${file##*/}"; done
    [ -e "$pki/ca.key" ] || [ -e "$pki/apiserver.crt" ] || [ -e /etc/kubernetes/admin.conf ] || return
    say control_plane yes
    grep -lxE 'kube-apiserver|etcd|kube-controller|kube-scheduler' /proc/[0-9]*/comm | while read -r file; do
        say process "$(cat "$file") $(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "${file%/*}/status")"
    done
    say etcd_health "$(page 2381 /health)"
    told=$(within 7 kubectl --kubeconfig /etc/kubernetes/admin.conf --server https://127.0.0.1:6443 \
        --tls-server-name kubernetes --request-timeout=4s get --raw /readyz 2>&1)
    say apiserver "$? $(printf '%s' "$told" | tail -n 3 | tr '\n\t' '  ' | cut -c 1-700)"
    for file in "$pki"/*.crt "$pki"/etcd/*.crt; do
        [ -e "$file" ] && say certificate "$file $(certificates "$file")"
    done
    for file in /etc/kubernetes/admin.conf /etc/kubernetes/controller-manager.conf /etc/kubernetes/scheduler.conf; do
        [ -e "$file" ] && say certificate "$file $(sed -n 's/^ *client-certificate-data: *//p' "$file" | head -n 1)"
    done
}

containerd_part </dev/null | {
    kubelet_part </dev/null | {
        identity_part </dev/null | {
            control_plane_part </dev/null | {
                host_part </dev/null
                network_part </dev/null
                cat
            }
            cat
        }
        cat
    }
    cat
}
say end yes
