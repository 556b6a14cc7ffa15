#!/usr/bin/env bash
# Run a command as root: directly, or by sudo with this environment (proxies, caches, CI) and root's own home.
set -euo pipefail
if [ "$(id -u)" -eq 0 ]; then
  exec "$@"
fi
if ! command -v sudo >/dev/null; then
  echo "as-root: '$1' needs root, and there is no sudo; run make as root" >&2
  exit 1
fi
exec sudo --preserve-env --set-home env PATH="$PATH" "$@"
