#!/usr/bin/env bash
# Install the system packages that are missing, all in one apt-get call. Proven on Debian 12; the names are the same on
# Ubuntu 22.04 and 24.04.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(
  # the virtual environment, and the tests of the Vagrantfile and of these scripts
  python3-venv ca-certificates ruby shellcheck
  # the mirror: runc is built with cgo, the apt repository is indexed and signed, images go into a registry
  gcc libc6-dev libseccomp-dev pkg-config apt-utils gnupg gpgv docker-registry skopeo curl
  # the twin: node image, hosts, network, disks, ssh
  debootstrap debian-archive-keyring systemd-container iproute2 procps mount e2fsprogs kmod openssh-client
)

installed() {
  [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

apt_get() {
  # A busy package manager is waited for; needrestart would ask questions, or restart services that are not ours.
  tools/as-root.sh env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 RUNLEVEL=1 \
    apt-get --quiet --yes -o DPkg::Lock::Timeout=600 "$@"
}

# docker-registry's package enables and starts a service of its own on port 5000, and only its program is wanted here. On
# a machine that does not have the package yet, a preset (systemd.preset(5), the administrator's own way of saying so)
# stands while it is installed: the service is never enabled or started, and later upgrades leave it so. Where no systemd
# runs, RUNLEVEL=1 (above) keeps invoke-rc.d from starting it.
registry_preset=/etc/systemd/system-preset/00-kubestead.preset
keep_registry_service_off() {
  tools/as-root.sh mkdir -p "$(dirname $registry_preset)"
  trap 'tools/as-root.sh rm -f $registry_preset' EXIT
  tools/as-root.sh tee $registry_preset <<<"disable docker-registry.service" >/dev/null
  "$@"
  tools/as-root.sh systemctl --quiet disable docker-registry.service
}

if ! command -v apt-get >/dev/null; then
  echo "packages: apt-get is missing; use Debian 12 or Ubuntu 22.04/24.04, or install by hand: ${packages[*]}" >&2
  exit 1
fi

missing=()
for package in "${packages[@]}"; do
  installed "$package" || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
  echo "packages: all ${#packages[@]} are installed"
  exit 0
fi

echo "packages: installing ${missing[*]}"
install=(apt_get install --no-install-recommends "${missing[@]}")
apt_get update
if [[ " ${missing[*]} " == *" docker-registry "* ]] && command -v systemctl >/dev/null; then
  keep_registry_service_off "${install[@]}"
else
  "${install[@]}"
fi
