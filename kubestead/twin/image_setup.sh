# Runs inside the new root with chroot, once per image; what a host's first boot would find.
set -eu
export PATH=/usr/sbin:/usr/bin:/sbin:/bin

useradd --create-home --shell /bin/bash ubuntu
chmod 0440 /etc/sudoers.d/ubuntu

systemctl enable ssh.service systemd-networkd.service twin-cgroup-v1.service
# No console to log in to, and nothing that wakes up by itself to take apt's lock or the disk.
systemctl mask console-getty.service getty.target
systemctl disable apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service \
    fstrim.timer 2>/dev/null || true

# Every host gets its own of these.
rm -f /etc/ssh/ssh_host_* /etc/machine-id /var/lib/dbus/machine-id /etc/hostname /etc/hosts /etc/resolv.conf

# No package source: a host knows only what its deploy gives it.
rm -rf /etc/apt/sources.list /etc/apt/sources.list.d/* /var/lib/apt/lists/* /var/cache/apt/*.bin
apt-get clean
mkdir -p /var/log/journal
