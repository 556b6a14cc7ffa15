"""Packages and their repository: made by dpkg-deb, indexed by apt-ftparchive, signed by gpg, read back by apt."""

import subprocess

import pytest

from kubestead import cache
from kubestead.errors import KubesteadError
from kubestead.mirror import aptrepo, debs
from kubestead.mirror.serve import serving

PACKAGES = {package.name: package for package in debs.load()}
INDEX = """Package: kubelet
Version: 1.31.13-1.1
Description: one
 continued: not a field
Filename: amd64/kubelet.deb

Package: kubeadm
Version: 1.31.13-1.1
"""
RELEASE = """Origin: x
MD5Sum:
 0123 5 Packages
SHA256:
 {} 3598 Packages
 {} 12 Packages.gz
""".format("a" * 64, "b" * 64)


@pytest.fixture
def entries(tmp_path):
    """Cache entries with stand-ins for the binaries."""
    made = {}
    for component, names in (
        ("kubernetes", ("kubelet", "kubeadm", "kubectl")),
        ("cni-plugins", ("bridge", "loopback")),
    ):
        folder = tmp_path / component / "bin"
        folder.mkdir(parents=True)
        for name in names:
            (folder / name).write_text(f"#!/bin/sh\necho {name}\n")
        made[component] = tmp_path / component
    return made


@pytest.fixture
def repository(tmp_path, entries):
    folder = tmp_path / "mirror/apt/kubernetes"
    folder.mkdir(parents=True)
    for package in PACKAGES.values():
        debs.build(package, entries, folder, "amd64")
    return folder, aptrepo.write(folder)


def dpkg(*arguments):
    return subprocess.run(["dpkg-deb", *arguments], capture_output=True, text=True, check=True).stdout


def test_the_kubelet_package_is_laid_out_as_upstream_s(tmp_path, entries):
    deb = debs.build(PACKAGES["kubelet"], entries, tmp_path, "amd64")
    listed = {line.split()[-1]: line.split()[:2] for line in dpkg("--contents", deb).splitlines()}
    assert listed["./usr/bin/kubelet"] == ["-rwxr-xr-x", "root/root"]
    assert listed["./usr/lib/systemd/system/kubelet.service"] == ["-rw-r--r--", "root/root"]
    assert {"./etc/kubernetes/manifests/", "./var/lib/kubelet/", "./etc/default/kubelet"} <= set(listed)
    assert dpkg("--field", deb, "Depends").startswith("iptables (>= 1.4.21), kubernetes-cni (>= 1.2.0), conntrack")
    assert dpkg("--info", deb, "conffiles") == "/etc/default/kubelet\n"


def test_the_drop_in_is_kubeadm_s(tmp_path, entries):
    deb = debs.build(PACKAGES["kubeadm"], entries, tmp_path, "amd64")
    assert "./usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf" in dpkg("--contents", deb)
    assert dpkg("--field", deb, "Depends") == "cri-tools (>= 1.30.0)\n"


def test_cri_tools_says_that_it_is_empty(tmp_path, entries):
    deb = debs.build(PACKAGES["cri-tools"], entries, tmp_path, "amd64")
    assert [line.split()[-1] for line in dpkg("--contents", deb).splitlines()] == ["./"]
    assert "contains no crictl" in dpkg("--field", deb, "Description")


def test_a_package_is_the_same_twice(tmp_path, entries):
    first = debs.build(PACKAGES["kubernetes-cni"], entries, tmp_path, "amd64").read_bytes()
    assert debs.build(PACKAGES["kubernetes-cni"], entries, tmp_path, "amd64").read_bytes() == first


def test_the_unit_is_enabled_when_first_installed_only(tmp_path, entries):
    script = dpkg("--info", debs.build(PACKAGES["kubelet"], entries, tmp_path, "amd64"), "postinst")
    log = tmp_path / "log"
    systemctl = tmp_path / "systemctl"
    systemctl.write_text(f'#!/bin/sh\necho "$@" >> {log}\n')
    systemctl.chmod(0o755)
    runnable = script.replace("/bin/systemctl", str(systemctl)).replace("then systemctl", f"then {systemctl}")
    runnable = runnable.replace("/run/systemd/system", str(tmp_path / "none"))
    subprocess.run(["sh", "-c", runnable, "postinst", "configure", ""], check=True)
    assert log.read_text() == "--no-reload preset kubelet.service\n"
    subprocess.run(["sh", "-c", runnable, "postinst", "configure", "1.31.12-1.1"], check=True)
    assert log.read_text() == "--no-reload preset kubelet.service\n"


def test_the_signature_holds_until_a_byte_changes(repository):
    folder, fingerprint = repository
    assert "Packages" in aptrepo.verify(folder, fingerprint)
    release = folder / "InRelease"
    release.write_text(release.read_text().replace("Origin: kubestead", "Origin: somebody"))
    with pytest.raises(KubesteadError, match="checking the repository's signature"):
        aptrepo.verify(folder, fingerprint)


def test_another_key_is_refused_by_its_fingerprint(repository):
    with pytest.raises(KubesteadError, match=f"the catalog trusts {'0' * 40}"):
        aptrepo.verify(repository[0], "0" * 40)


def test_the_signing_key_is_kept_private_and_beside_the_mirrors(repository):
    folder, fingerprint = repository
    secret = aptrepo.signing_home() / "secret.asc"
    assert secret.stat().st_mode & 0o777 == 0o600
    assert secret.parent.stat().st_mode & 0o777 == 0o700
    assert "PRIVATE" not in "".join(path.read_text(errors="replace") for path in folder.iterdir())
    assert aptrepo.write(folder) == fingerprint
    assert cache.root() in secret.parents


def test_apt_itself_takes_the_repository(repository, tmp_path):
    folder, _ = repository
    mirror = folder.parents[1]
    (mirror / "catalog.yaml").write_text("origin: test\n")
    (mirror / "registry").mkdir()
    (mirror / "files").mkdir()
    apt = tmp_path / "apt"
    for name in (
        "lists/partial",
        "cache/archives/partial",
        "etc/apt.conf.d",
        "etc/preferences.d",
        "etc/sources.list.d",
    ):
        (apt / name).mkdir(parents=True)
    (apt / "status").touch()
    with serving(mirror, "127.0.0.1") as served:
        line = f"deb [signed-by={folder}/key.asc] {served.files_url}apt/kubernetes/ /\n"
        (apt / "etc/sources.list").write_text(line)
        options = [f"Dir={apt}", f"Dir::Etc={apt}/etc", f"Dir::State={apt}", f"Dir::State::status={apt}/status"]
        options += [f"Dir::State::lists={apt}/lists", f"Dir::Cache={apt}/cache", "APT::Sandbox::User=root"]
        command = ["apt-get", *(f"-o{option}" for option in options)]
        updated = subprocess.run([*command, "update"], check=True, capture_output=True, text=True)
        assert "404" not in updated.stdout
        subprocess.run([*command, "download", "kubelet=1.31.13-1.1"], check=True, capture_output=True, cwd=apt)
    assert dpkg("--field", next(apt.glob("kubelet_*.deb")), "Version") == "1.31.13-1.1\n"


def test_reading_an_index():
    first, second = aptrepo.packages(INDEX)
    assert first["Filename"] == "amd64/kubelet.deb"
    assert "continued" not in first
    assert second["Package"] == "kubeadm"


def test_reading_a_release():
    assert aptrepo.digests(RELEASE) == {"Packages": "a" * 64, "Packages.gz": "b" * 64}
    with pytest.raises(KubesteadError, match="states no sha256 for Packages"):
        aptrepo.digests("Origin: x\nMD5Sum:\n 0123 5 Packages\n")
