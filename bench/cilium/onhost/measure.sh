#!/usr/bin/env bash
# What a client in this network sees of a server, as three lines of JSON.
# measure.sh ADDRESS IPERF-PORT HTTP-PORT SECONDS
set -euo pipefail
address=$1 iperf_port=$2 http_port=$3 seconds=$4
here=$(cd "$(dirname "$0")" && pwd)
LD_LIBRARY_PATH="$here/usr/lib/$(uname -m)-linux-gnu"
export LD_LIBRARY_PATH
# A connection after the other would use up the ports: by default one is not used again for a minute.
echo 1 > /proc/sys/net/ipv4/tcp_tw_reuse

for _ in $(seq 50); do
    # Where it fails, its report says why.
    report=$("$here/usr/bin/iperf3" --client "$address" --port "$iperf_port" --time "$seconds" --json | tr -d '\n\t' || true)
    # It serves one client at a time, and notices the last one's end a moment late.
    case $report in *'server is busy'*) sleep 0.1 ;; *) break ;; esac
done
echo "$report"
load() {
    "$here/usr/bin/wrk" --threads 1 --duration "${seconds}s" --script "$here/wrk.lua" "$@" "http://$address:$http_port/" |
        tail -n 1
}
load --connections 1
load --connections 4 --header 'Connection: close'
