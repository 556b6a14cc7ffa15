#!/usr/bin/env bash
# Make the virtual environment .venv from uv.lock. Without uv on PATH, uv itself comes from PyPI into .kubestead/uv.
set -euo pipefail

uv_version=0.13.9
own_uv=.kubestead/uv/bin/uv

# A shim on PATH (pyenv's, say) can exist without a uv behind it, so it is run, not looked up.
if uv --version >/dev/null 2>&1; then
  uv=uv
else
  uv=$own_uv
  if [ "$("$own_uv" --version 2>/dev/null | cut -d' ' -f2)" != "$uv_version" ]; then
    echo "environment: installing uv $uv_version from PyPI into .kubestead/uv (a few seconds)"
    python3 -m venv --clear .kubestead/uv
    .kubestead/uv/bin/pip install --quiet --disable-pip-version-check "uv==$uv_version"
  fi
fi

echo "environment: .venv from uv.lock (under a minute when nothing is cached)"
# The machine's own Python (3.10 or newer) and its own certificates: a Python from elsewhere would be one more thing to
# trust, and a site's own certificate authority is known to the machine only.
# Compiled here once: a process that may not write bytecode would compile everything anew each time (0.5 s, measured).
UV_PYTHON_DOWNLOADS=never UV_SYSTEM_CERTS=true "$uv" sync --locked --compile-bytecode
.venv/bin/python -m compileall -q kubestead
