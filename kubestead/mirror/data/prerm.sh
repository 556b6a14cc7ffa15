#!/bin/sh
set -e
if [ "$1" = remove ] && [ -x /bin/systemctl ]; then
	systemctl --no-reload disable UNIT >/dev/null 2>&1 || true
	if [ -d /run/systemd/system ]; then systemctl stop UNIT >/dev/null 2>&1 || true; fi
fi
