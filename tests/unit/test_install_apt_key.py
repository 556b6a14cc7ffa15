"""The script that trusts an apt repository's key, run here with real keys: that one key or none."""

import hashlib
import subprocess

import pytest

from kubestead.catalog import AptRepository
from kubestead.render import render
from tests.shell import in_folder, sh


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Two armored public keys by fingerprint; the first has a subkey, as real ones do."""
    home = tmp_path_factory.mktemp("gnupg")
    home.chmod(0o700)
    gpg = ["gpg", "--homedir", home, "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", ""]

    def run(*arguments):
        return subprocess.run([*gpg, *arguments], check=True, capture_output=True, text=True).stdout

    for name in ("one", "two"):
        run("--quick-generate-key", name, "ed25519", "sign", "1d")
    listing = run("--with-colons", "--list-keys").splitlines()
    prints = [line.split(":")[9] for line in listing if line.startswith("fpr:")]
    run("--quick-add-key", prints[0], "ed25519", "sign", "1d")
    subprocess.run(["gpgconf", "--homedir", home, "--kill", "gpg-agent"], check=True)
    return {fingerprint: run("--armor", "--export", fingerprint) for fingerprint in prints}


@pytest.fixture
def install(tmp_path):
    keyring = tmp_path / "keyrings" / "k.asc"

    def run(text, fingerprint):
        (tmp_path / "key.asc").write_text(text)
        source = AptRepository(url="x", key_url=f"file://{tmp_path}/key.asc", key_fingerprint=fingerprint, packages={})
        stamp = f"{keyring}.fingerprint"
        script = render("install-apt-key.sh.j2", source=source, keyring=keyring, stamp=stamp)
        done = sh(in_folder(script, tmp_path))
        return done, {path.name: path.read_text() for path in keyring.parent.glob("*")}

    return run


def test_the_key_of_the_catalog_is_trusted(install, keys):
    for fingerprint, text in keys.items():
        done, files = install(text, fingerprint)
        assert done.returncode == 0, done.stderr
        digest = hashlib.sha256(text.encode()).hexdigest()
        assert files == {"k.asc": text, "k.asc.fingerprint": f"{fingerprint}\n{digest}\n"}


def test_another_key_is_not(install, keys):
    first, second = keys
    done, files = install(keys[first], second)
    assert done.returncode == 1
    assert f"holds the key(s) {first}, the catalog says {second}; the key was not installed" in done.stderr.decode()
    assert files == {}


def test_a_second_key_in_the_file_would_be_trusted_too_so_it_is_refused(install, keys):
    first, second = keys
    done, files = install(keys[first] + keys[second], first)
    assert done.returncode == 1
    assert second in done.stderr.decode()
    assert files == {}


@pytest.mark.parametrize("text", ["", "<html>Not found</html>"], ids=["empty", "no key"])
def test_what_is_no_key_is_refused(install, keys, text):
    done, files = install(text, next(iter(keys)))
    assert done.returncode == 1
    assert files == {}
