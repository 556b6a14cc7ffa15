# Read-only: opens a TCP connection to each "ADDRESS PORT" given, all at once, and prints ADDRESS PORT EXIT-CODE ERROR.
# A host that is busy may not get to its probes in time; what had no answer is asked once more, and given longer.
left=("$@")
for seconds in 2 5; do
    [ ${#left[@]} = 0 ] && break
    # shellcheck disable=SC2016  # the inner bash expands these
    seen=$(timeout $seconds bash -c 'for peer; do
        { error=$({ : <"/dev/tcp/${peer/ //}"; } 2>&1); echo "$peer" "$?" $error; } &
    done; wait' probe "${left[@]}")
    echo "$seen"
    silent=()
    for peer in "${left[@]}"; do
        case $'\n'$seen in *$'\n'"$peer "*) ;; *) silent+=("$peer") ;; esac
    done
    left=("${silent[@]}")
done
for peer in "${left[@]}"; do echo "$peer 124"; done
exit 0
