"""A kubelet's new certificate: when one is made, where its key goes, and where it does not."""

from __future__ import annotations

import base64
import datetime

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from kubestead.facts.files import FileTexts
from kubestead.facts.kubeletcertificate import KubeletCertificate
from kubestead.facts.service import Services
from kubestead.nodecredentials import CURRENT, fault, read_credentials
from kubestead.operations.kubeadm import CA_CERTIFICATE
from kubestead.operations.remedies import renew_kubelet_certificate
from tests.operations.harness import run
from tests.operations.patient import DEAD, NOW, RUNS, WELL, control_plane, node, view
from tests.shell import sh

pytestmark = pytest.mark.usefixtures("no_wait")


class Authority:
    """A CA that signs client certificates."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "kubernetes")])
        self.pem = self.certificate(self.name, self.key, 3650)

    def certificate(self, name: x509.Name, key: ec.EllipticCurvePrivateKey, days: int) -> str:
        start = NOW - datetime.timedelta(days=30)
        builder = x509.CertificateBuilder(
            self.name, name, key.public_key(), x509.random_serial_number(), start, start + datetime.timedelta(days)
        )
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()

    def kubeconfig(self, common_name: str, days: int = 365) -> tuple[str, str, str]:
        """A kubeconfig, its certificate and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)])
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        secret, certificate = key.private_bytes(*form).decode(), self.certificate(name, key, days)
        cluster = {"server": "https://k8s-api:6443", "certificate-authority-data": coded(self.pem)}
        user = {"client-certificate-data": coded(certificate), "client-key-data": coded(secret)}
        config = {
            "clusters": [{"name": "lab", "cluster": cluster}],
            "users": [{"name": common_name, "user": user}],
            "contexts": [{"name": "here", "context": {"cluster": "lab", "user": common_name}}],
            "current-context": "here",
        }
        return yaml.safe_dump(config), certificate, secret


def coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


CA, OTHER = Authority(), Authority()
MINTED, CERTIFICATE, SECRET = CA.kubeconfig("system:node:node1")
ROTATED = CA.kubeconfig("system:node:node1")[1]


def renew(*views, certificate=CERTIFICATE, ca=CA.pem, service=RUNS, minted=MINTED, kept=(ROTATED,), **arguments):
    facts = {KubeletCertificate: certificate, FileTexts: {CA_CERTIFICATE: ca} if ca else {},
             Services: {"kubelet.service": service}}  # fmt: skip
    host = node(facts, {CURRENT: [pem.splitlines() for pem in kept]})
    api = control_plane(*views, facts={FileTexts: {CA_CERTIFICATE: CA.pem}},
                        answers={"kubeadm kubeconfig user": minted.splitlines()})  # fmt: skip
    outcome = run(renew_kubelet_certificate, host, control_plane=api, **arguments)
    return outcome, host, api


def test_a_good_certificate_is_kept():
    outcome, _, api = renew(WELL)
    assert "its certificate good" in str(outcome.noop)
    assert api.sent == []


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ({"certificate": CA.kubeconfig("system:node:node1", days=29)[1]}, "expired on 2024-12-31"),
        ({"certificate": "garbage"}, "cannot be read"),
        ({"certificate": None}, "has no client certificate"),
        ({"certificate": OTHER.kubeconfig("system:node:node1")[1]}, "not of this cluster's CA"),
        ({"ca": OTHER.pem}, "trusts another CA"),
        ({"ca": None}, "has no CA certificate"),
        ({"service": DEAD}, "nothing wrong with it was found"),
        ({"force": True}, "nothing wrong with it was found"),
    ],
)
def test_any_other_is_replaced_and_the_node_watched(case, reason, caplog):
    caplog.set_level("INFO")
    outcome, _, _ = renew(WELL, view(age=-2), **case)
    assert outcome.call() is True
    assert reason in caplog.text


def test_the_key_goes_by_stdin_and_is_said_nowhere(caplog):
    caplog.set_level("DEBUG")
    outcome, host, api = renew(view("Unknown"), view(age=-2))
    assert outcome.call() is True

    (mint,) = api.sent
    assert "--org system:nodes --client-name system:node:node1" in mint
    assert yaml.safe_load(host.stdin[0]) == yaml.safe_load(MINTED)
    secret = SECRET.splitlines()[1]
    everything = "".join([*host.sent, *api.sent, caplog.text, repr(outcome.yielded), repr(outcome.host.__dict__)])
    assert secret not in everything
    assert coded(SECRET)[:40] not in "".join([*host.sent, *api.sent, caplog.text])
    assert CA.pem.strip() in host.sent[0]


def test_once_renewed_the_kubeconfig_holds_no_key_and_points_at_the_kubelets_own():
    _, host, _ = (made := renew(view("Unknown"), view(age=-2), kept=(CERTIFICATE, CERTIFICATE, ROTATED)))
    assert made[0].call() is True
    config = yaml.safe_load(host.stdin[1])
    assert config["users"][0]["user"] == {"client-certificate": CURRENT, "client-key": CURRENT}
    assert config["clusters"] == yaml.safe_load(MINTED)["clusters"]


def test_a_kubelet_that_renews_nothing_keeps_what_it_got(caplog):
    caplog.set_level("INFO")
    outcome, host, _ = renew(view("Unknown"), view(age=-2), kept=("",))
    assert outcome.call() is True
    assert len(host.stdin) == 1
    assert "this one lasts until 2025-12-02" in caplog.text


@pytest.mark.parametrize("minted", ["", "clusters: []", CA.kubeconfig("system:node:other")[0]])
def test_what_is_no_kubeconfig_of_this_node_is_never_brought_there(minted, caplog):
    outcome, host, _ = renew(view("Unknown"), minted=minted)
    assert outcome.call() is False
    assert host.stdin == []
    assert "cp: what kubeadm made is" in caplog.text


def test_a_host_that_is_no_control_plane_mints_nothing():
    api = control_plane(WELL, facts={FileTexts: {}})
    (refusal,) = run(renew_kubelet_certificate, node(), control_plane=api).shell
    assert b"cp: /etc/kubernetes/pki/ca.crt cannot be read" in sh(refusal).stderr


def test_credentials_show_no_secret():
    credentials = read_credentials(MINTED, "node1")
    assert SECRET.splitlines()[1] not in repr(credentials)
    assert coded(SECRET)[:30] not in repr(credentials) + credentials.pointing
    with pytest.raises(ValueError, match="system:node:other") as error:
        read_credentials(MINTED, "other")
    assert error.value.__cause__ is None


def test_a_certificate_ends_at_its_last_second():
    end = NOW + datetime.timedelta(days=335)
    assert fault(CERTIFICATE, CA.pem, CA.pem, end - datetime.timedelta(seconds=1)) is None
    assert fault(CERTIFICATE, CA.pem, CA.pem, end)
