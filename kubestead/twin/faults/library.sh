# Put before every script of a fault.

# until_done SECONDS COMMAND...: run a command every half second until it succeeds.
until_done() {
  end=$(($(date +%s) + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$(date +%s)" -lt "$end" ] || { printf 'not in time: %s\n' "$*" >&2; return 1; }
    sleep 0.5
  done
}

# main_pid UNIT: the process a unit consists of.
main_pid() { systemctl show --property=MainPID --value "$1"; }

# past DAYS: that many days ago, as openssl-ca(1) writes a time.
past() { date --utc --date="$1 days ago" +%Y%m%d%H%M%SZ; }

# sign CA FROM_DAYS_AGO TO_DAYS_AGO: a certificate for the request on stdin, its extensions kept; CA.crt and CA.key sign.
sign() {
  ca_folder=$(mktemp -d)
  cat > "$ca_folder/request"
  : > "$ca_folder/index"
  printf '%s\n' '[ca]' 'default_ca = own' '[own]' "database = $ca_folder/index" "new_certs_dir = $ca_folder" \
    'rand_serial = yes' 'default_md = sha256' 'policy = any' 'copy_extensions = copyall' 'unique_subject = no' \
    '[any]' 'organizationName = optional' 'commonName = supplied' > "$ca_folder/config"
  openssl ca -batch -notext -config "$ca_folder/config" -cert "$1.crt" -keyfile "$1.key" -in "$ca_folder/request" \
    -startdate "$(past "$2")" -enddate "$(past "$3")" 2> "$ca_folder/said" || { cat "$ca_folder/said" >&2; return 1; }
  rm -rf "$ca_folder"
}

# client_pem CA FROM_DAYS_AGO TO_DAYS_AGO: a certificate and key by which a kubelet names itself as this node.
client_pem() {
  key=$(mktemp)
  openssl req -new -newkey rsa:2048 -nodes -keyout "$key" -subj "/O=system:nodes/CN=system:node:$NODE" \
    -addext keyUsage=digitalSignature,keyEncipherment -addext extendedKeyUsage=clientAuth 2>/dev/null |
    sign "$1" "$2" "$3"
  cat "$key"
  rm "$key"
}

# other_ca PREFIX: a certificate authority that looks like the cluster's, as PREFIX.crt and PREFIX.key.
other_ca() {
  openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=kubernetes -keyout "$1.key" -out "$1.crt" \
    -addext keyUsage=critical,digitalSignature,keyEncipherment,keyCertSign 2>/dev/null
}

# use_client_pem: make the certificate and key on stdin the ones the kubelet names itself by, and start it anew.
use_client_pem() {
  pem=/var/lib/kubelet/pki/kubelet-client-$(date --utc --date='366 days ago' +%Y-%m-%d-%H-%M-%S).pem
  umask 077
  rm -f /var/lib/kubelet/pki/kubelet-client-*.pem
  cat > "$pem"
  ln -s "$pem" /var/lib/kubelet/pki/kubelet-client-current.pem
  systemctl restart kubelet
}

# again DAEMONSET_LABEL: delete this node's pod with that label, so that another one must start.
again() {
  kubectl --namespace kube-system delete pods --selector "$1" --field-selector "spec.nodeName=$NODE" --wait=false >/dev/null
}

# expire PAIR CA: make PAIR.crt (its key is PAIR.key) one that expired yesterday, else the same.
expire() {
  openssl x509 -x509toreq -copy_extensions copyall -in "$1.crt" -signkey "$1.key" 2>/dev/null | sign "$2" 366 1 > "$1.new"
  cat "$1.new" > "$1.crt"
  rm "$1.new"
}

# fill FILE: a file that takes all that is left of the file system it lies on.
fill() {
  left=$(($(stat --file-system --format=%f "$(dirname "$1")") * $(stat --file-system --format=%S "$(dirname "$1")")))
  while [ "$left" -gt 65536 ]; do
    part=$(mktemp "$1.XXXX")
    if fallocate --length "$left" "$part" 2>/dev/null; then mv "$part" "$1"; break; fi
    rm -f "$part"
    left=$((left - left / 100))
  done
  dd if=/dev/zero of="$1" bs=64k oflag=append conv=notrunc 2>/dev/null || true
  dd if=/dev/zero of="$1" bs=512 oflag=append conv=notrunc 2>/dev/null || true
}
