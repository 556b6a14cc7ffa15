# Read-only. Prints "Property=value" lines for each unit given as an argument, and an empty line after each.
# What systemd calls active may be stopped by a signal, frozen by its cgroup, or deaf: that is asked too.
for unit; do
    systemctl show --property=Id,LoadState,ActiveState,UnitFileState,NeedDaemonReload,NRestarts "$unit"
    pid=$(systemctl show --property=MainPID --value "$unit")
    if [ "${pid:-0}" -gt 0 ]; then
        echo "Process=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$pid/status" 2>/dev/null)"
        sed -n 's/^[0-9]*:freezer:/freezer /p; s/^0::/unified /p' "/proc/$pid/cgroup" 2>/dev/null |
            while read -r tree path; do
                case $tree in
                freezer) grep -qsE 'FROZEN|FREEZING' "/sys/fs/cgroup/freezer$path/freezer.state" && echo Frozen=yes ;;
                *) cat "/sys/fs/cgroup$path/cgroup.events" "/sys/fs/cgroup/unified$path/cgroup.events" 2>/dev/null |
                    grep -qx 'frozen 1' && echo Frozen=yes ;;
                esac
            done
        if [ "$unit" = containerd.service ] && command -v ctr >/dev/null; then
            timeout 5 ctr --namespace k8s.io version >/dev/null 2>&1 && echo Answers=yes || echo Answers=no
        fi
    fi
    echo
done
exit 0
