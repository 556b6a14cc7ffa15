#!/usr/bin/env bash
# Both servers, in the network this runs in, until it is ended: iperf3 on port 5201, nginx on port 9080.
# serve.sh [FOLDER]    for nginx's own files
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-$(mktemp -d)}
LD_LIBRARY_PATH="$here/usr/lib/$(uname -m)-linux-gnu"
export LD_LIBRARY_PATH
"$here/usr/sbin/nginx" -p "$folder" -c "$here/nginx.conf" &
exec "$here/usr/bin/iperf3" --server --port 5201
