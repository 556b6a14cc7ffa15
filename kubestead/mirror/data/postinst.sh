#!/bin/sh
set -e
# Enabled, as the host's presets say, but not started: it has no configuration before kubeadm ran. An upgrade leaves
# the running service alone; whoever upgrades restarts it when the node is drained.
if [ "$1" = configure ] && [ -x /bin/systemctl ]; then
	if [ -z "$2" ]; then systemctl --no-reload preset UNIT >/dev/null 2>&1 || true; fi
	if [ -d /run/systemd/system ]; then systemctl daemon-reload >/dev/null 2>&1 || true; fi
fi
