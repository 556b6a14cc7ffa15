"""The secrets of a cluster that was just built, and every place they are found in."""

from __future__ import annotations

import base64
import json
import re
import shlex
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.twin.conftest import Twin
from tests.twin.operator import KUBECTL, NODES

# A slice of 40 characters holds one of these whole, wherever it begins.
BLOCK = 20
_PEM = re.compile(r"-----BEGIN ([A-Z ]*PRIVATE KEY)-----\n(.*?)-----END", re.DOTALL)
# How etcd's log has a bootstrap token's Secret (protobuf).
_MINTED = r"token-secret\x12\x10[a-z0-9]{16}"
# Name and content of each file with a private key, and everything public that may look like a part of one.
PRIVATE = """
for file in $(find /etc/kubernetes /var/lib/kubelet/pki /etc/ssh -type f '(' -name '*.key' -o -name '*.pem' \\
    -o -name '*.conf' -path '/etc/kubernetes/*' -o -name 'ssh_host_*_key' ')'); do
    printf '%s\\t%s\\n' "$file" "$(base64 -w 0 "$file")"
done
"""
PUBLIC = (
    "cat /etc/ssh/*.pub $(find /etc/kubernetes /var/lib/kubelet/pki -name '*.crt' -o -name '*.pub' -o -name '*.pem')"
)
SEARCHED = "/etc /root /home /tmp /var /opt /run /usr/local /srv /dev/shm"
# Images and their layers: what upstream ships, gigabytes of it.
LEFT_OUT = ("io.containerd.content.v1.content", "io.containerd.snapshotter.v1.overlayfs", "mirror", "modules")


@dataclass(frozen=True)
class Hit:
    """A secret in a place.

    Args:
        name: the secret's; never itself.
        place: ``host:/path``, or what it was seen in.
        private: it is a file that only its owner may read, or below a folder others may not enter.
    """

    name: str
    place: str
    private: bool = False


def secrets(twin: Twin, others: Mapping[str, str]) -> dict[str, frozenset[str]]:
    """Every secret of the cluster by name, as pieces: any 40 characters of it hold one of them whole.

    Args:
        others: secrets that are no keys, by name.
    """
    texts: dict[str, str] = {}
    public = ""
    for node in NODES:
        for line in twin.ssh(node, PRIVATE).splitlines():
            path, _, content = line.partition("\t")
            text = base64.b64decode(content).decode()
            for user in yaml.safe_load(text)["users"] if path.endswith(".conf") else ():
                text = base64.b64decode(user["user"].get("client-key-data", "")).decode()
            texts[f"{node}:{path}"] = text
        public += twin.ssh(node, PUBLIC)
    found = {name: set(key_pieces(text)) for name, text in {**texts, **cluster_keys(twin)}.items()}
    found |= {name: set(pieces(text)) for name, text in others.items()}
    found |= {f"bootstrap token {number}": {word} for number, word in enumerate(tokens(twin))}
    # A key's file holds its public half too, and certificates are no secret.
    flat = re.sub(r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*-----", "", public).replace("\n", "")
    return {name: frozenset(one for one in words if one not in flat) for name, words in found.items() if words}


def tokens(twin: Twin) -> list[str]:
    """The secret halves of all bootstrap tokens this cluster ever had: etcd's log has those that were deleted too."""
    lines = twin.ssh("k8s-cp", f"LC_ALL=C grep -ahoP '{_MINTED}' /var/lib/etcd/member/wal/*.wal").splitlines()
    return sorted({line[-16:] for line in lines})


def cluster_keys(twin: Twin) -> dict[str, str]:
    """The private keys in the cluster's Secrets."""
    items = json.loads(twin.ssh("k8s-cp", f"{KUBECTL} get secrets --all-namespaces -o json"))["items"]
    values = {
        f"Secret {item['metadata']['name']} {key}": base64.b64decode(value).decode(errors="replace")
        for item in items
        for key, value in (item.get("data") or {}).items()
    }
    return {name: text for name, text in values.items() if "PRIVATE KEY" in text}


def pieces(text: str) -> Iterator[str]:
    """A secret's blocks; the whole of a short one."""
    flat = "".join(text.split())
    if len(flat) < 2 * BLOCK:
        yield flat
    yield from (flat[at : at + BLOCK] for at in range(0, len(flat) - BLOCK + 1, BLOCK))


def key_pieces(pem: str) -> Iterator[str]:
    """Blocks of the private part of every key in a PEM text: line by line, in one line, and wrapped in base64 again."""
    for match in _PEM.finditer(pem):
        kind, body = match.groups()
        flat = "".join(body.split())
        # What stands around it is public: RSA's modulus, the other half of a curve's key, OpenSSH's head.
        begin, end = {"RSA": (400, -40), "EC": (0, 60), "OPENSSH": (216, 256)}.get(kind.split()[0], (0, len(flat)))
        private = flat[begin:end]
        yield from pieces(private)
        for line in body.split():
            if line in private:
                yield from pieces(line)
        # Three bytes make four characters; a line's end is one more in 65.
        head = len(f"-----BEGIN {kind}-----") + 1
        wrapped = base64.b64encode(match[0].encode()).decode()
        yield from pieces(wrapped[(head + begin * 65 // 64) * 4 // 3 + 4 : (head + len(flat[:end])) * 4 // 3])


def hits_in_file(known: Mapping[str, Iterable[str]], path: Path, place: str) -> Iterator[Hit]:
    """Each line of a file of this machine's that holds a piece; ``place`` may say ``{line}``."""
    names = names_of(known)
    # -f -: the patterns are secrets, and go by standard input.
    argv = ["grep", "--line-number", "--only-matching", "--text", "--fixed-strings", "--file=-", str(path)]
    done = subprocess.run(argv, input=patterns(names), capture_output=True, text=True, check=False, errors="replace")
    assert done.returncode in (0, 1), done.stderr
    found = {(line, names[word]) for line, _, word in (one.partition(":") for one in done.stdout.splitlines())}
    yield from (Hit(name, place.format(line=line)) for line, name in sorted(found))


def names_of(known: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Each piece with the name of its secret."""
    return {word: name for name, words in known.items() for word in words}


def patterns(words: Iterable[str]) -> str:
    """As grep takes them."""
    return "".join(f"{word}\n" for word in sorted(words))


def hits_on_host(twin: Twin, node: str, known: Mapping[str, Iterable[str]]) -> Iterator[Hit]:
    """Every file of a host, and its journal, with a piece in it."""
    names = names_of(known)
    left_out = " ".join(f"--exclude-dir={shlex.quote(name)}" for name in LEFT_OUT)
    # The patterns are secrets: they come by standard input, and their file lives outside what is searched.
    search = f"""
        umask 077; mkdir -p /patterns && mount -t tmpfs tmpfs /patterns && cat > /patterns/p
        grep -rlaF {left_out} --devices=skip -f /patterns/p {SEARCHED} 2> /dev/null | while IFS= read -r file; do
            closed=$(namei -m "$file" | grep -c '^ *d......---')
            printf '%s\\t%s\\t%s\\t' "$file" "$(stat -c %a "$file")" "$closed"
            grep -aohF -f /patterns/p "$file" | sort -u | head -n 20 | tr '\\n' ' '; echo
        done
        journalctl --no-pager --output=export | grep -aoF -f /patterns/p | sort -u | sed "s/^/journal\\t\\t0\\t/"
        umount /patterns
    """
    for line in twin.ssh(node, search, stdin=patterns(names)).splitlines():
        place, mode, closed, words = line.split("\t")
        private = bool(mode) and (int(mode, 8) & 0o077 == 0 or int(closed) > 0)
        for name in sorted({names[word] for word in words.split()}):
            yield Hit(name, f"{node}:{place}", private)


def hits_in_samples(known: Mapping[str, Iterable[str]], samples: Path) -> Iterator[Hit]:
    """Where a sample (:mod:`tests.twin.sampler`) holds a piece."""
    lines = samples.read_text().splitlines()
    for hit in hits_in_file(known, samples, "{line}"):
        sample = json.loads(lines[int(hit.place) - 1])
        yield Hit(hit.name, f"{sample['kind']} of {sample['where']}")
