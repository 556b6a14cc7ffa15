# Read-only. Prints "key=value" lines that kubestead/facts/watcher.py reads. The places are those of
# kubestead/watchhost/places.py. POSIX sh.
export LC_ALL=C PATH="$PATH:/usr/sbin:/sbin"
exec 2>/dev/null

# Who SSH logged in as, also below sudo.
login=${SUDO_USER:-$(id -un)}
echo "login=$login"
echo "home=$(getent passwd "$login" | cut -d : -f 6)"
echo "group=$(id -gn "$login")"
echo "python=$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
# Debian's python3-minimal lacks most of the standard library.
modules='asyncio, ctypes, http.client, multiprocessing, venv, xml.etree.ElementTree, zoneinfo'
python3 -c "import $modules" && echo 'library=yes'
echo "bundle=$(readlink /opt/kubestead/current)"
echo "public_key=$(cat /var/lib/kubestead-watch/ssh/id_ed25519.pub)"
getent passwd kubestead-watch >/dev/null && echo 'present=user kubestead-watch'
for path in /opt/kubestead /etc/kubestead-watch /var/lib/kubestead-watch /etc/systemd/system/kubestead-watch.service \
    /etc/tmpfiles.d/kubestead-watch.conf; do
    [ -e "$path" ] && echo "present=$path"
done
exit 0
