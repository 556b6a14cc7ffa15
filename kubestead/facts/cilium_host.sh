# Read-only. Prints "key<TAB>value" lines of this host's Cilium agent and of what it leaves on the host, and "end" when
# it came to its end. The caller puts a line "node='NAME'" before it. POSIX sh. The agent is asked by its own programs in
# its own file system, so neither the API nor the kubelet is needed for it; each question has its time.
export LC_ALL=C HOME=/tmp PATH="$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/sbin:/usr/bin:/bin"
exec 2>/dev/null

within() { timeout -k 1 "$@"; }
say() { printf '%s\t%s\n' "$1" "$2"; }
lines() { sed "s|^|$1	|"; }
packed() { base64 | tr -d '\n'; }
line() { tr '\n\t' '  '; }
# ask KEY SECONDS COMMAND...: the exit code, and JSON or what was complained of. The output stays in $told.
ask() {
    key=$1 seconds=$2
    shift 2
    told=$(within "$seconds" nsenter --target "$pid" --mount --pid -- "$@" 2>&1 </dev/null)
    code=$?
    # A program may warn before it answers; without any entry it says so in words.
    if [ "$code" = 0 ]; then
        told=$(printf '%s\n' "$told" | sed 's/^No entries found\.$/[]/' | sed -n '/^[[{]/,$p')
        say "$key" "0 $(printf '%s' "$told" | line)"
    else say "$key" "$code $(printf '%s' "$told" | tail -n 2 | line | cut -c 1-500)"; fi
    return "$code"
}
settings() { cd "/proc/$pid/root/tmp/cilium/config-map" && grep -H '' -- * | lines setting; }
# What a connection to the health port of each address does now; a lost packet has a second chance.
probes() {
    port=$(cat "/proc/$pid/root/tmp/cilium/config-map/cluster-health-port")
    # In a ring from this node on, so that in a large cluster each is asked by some.
    # shellcheck disable=SC2016  # awk's and sh's own
    printf '%s\n' "$told" | grep -oE '"(name|ip)": *"[^"]*"' | sed 's/"\([a-z]*\)": *"\(.*\)"/\1 \2/' |
        awk -v own="$node" '$1 == "name" { sub(".*/", "", $2) }
            $1 == "ip" && !seen[$2]++ { all[++n] = $2 } $1 == "name" && $2 == own { at = n }
            END { for (i = 1; i <= n && i <= 64; i++) print all[(at + i - 1) % n + 1] }' |
        xargs -r -n 1 -P 16 sh -c '
            for try in 1 2; do
                told=$(timeout -k 1 2 bash -c ": <\"/dev/tcp/\$0/\$1\"" "$1" "$0" 2>&1)
                code=$?
                case $code$told in
                    0*) word=open; break ;;
                    *refused*) word=refused; break ;;
                    *) word=silent ;;
                esac
            done
            printf "probe\t%s %s\n" "$1" "$word"' "${port:-4240}"
}
# The newest log of an agent's pod, whichever of its containers wrote it.
log() {
    # shellcheck disable=SC2012  # names the kubelet made
    newest=$(ls -t /var/log/pods/kube-system_cilium-?????_*/*/*.log | head -n 1)
    [ -n "$newest" ] && tail -n 200 "$newest" | grep -E 'level=(fatal|error)|panic:' | tail -n 3 | cut -c 1-700 | lines log
    [ -n "$newest" ] && tail -n 1 "$newest" | cut -c 1-700 | lines log
}

node=${node:-$(uname -n)}
say node "$node"
pid=$(grep -lx cilium-agent /proc/[0-9]*/comm | head -n 1)
pid=${pid%/comm} pid=${pid#/proc/}
if [ -z "$pid" ]; then
    say process none
    log
else
    say process "$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$pid/status")"
    ask drops 4 cilium-dbg bpf metrics list --output json
    if ask status 5 cilium-dbg status --timeout 4s --output json; then
        ask health 4 cilium-health status --output json && probes
        (settings)
    else log; fi
    ask drops_again 4 cilium-dbg bpf metrics list --output json
fi
for file in /sys/class/net/*/mtu; do
    name=${file%/mtu} name=${name##*/}
    case $name in lxc* | lo) ;; *) say link "$name $(cat "$file")" ;; esac
done
for file in /etc/cni/net.d/*; do
    [ -f "$file" ] && say cni_file "${file##*/} $(head -c 16384 "$file" | packed)"
done
say cni_files read
say end yes
