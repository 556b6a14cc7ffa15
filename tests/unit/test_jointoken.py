"""The join token's form, and the CA's pin as openssl computes it (kubeadm join reference)."""

import re
import subprocess

import pytest

from kubestead.jointoken import JoinMaterial, ca_cert_hash, new_token


def test_tokens_have_kubeadms_form_and_are_not_repeated():
    tokens = {new_token() for _ in range(50)}
    assert len(tokens) == 50
    assert all(re.fullmatch(r"[a-z0-9]{6}\.[a-z0-9]{16}", token) for token in tokens)


@pytest.mark.parametrize("algorithm", ["rsa:2048", "ec -pkeyopt ec_paramgen_curve:prime256v1"])
def test_the_pin_is_openssls(tmp_path, algorithm):
    make = f"openssl req -x509 -newkey {algorithm} -nodes -keyout key -out ca.crt -days 1 -subj /CN=kubernetes"
    subprocess.run(make.split(), cwd=tmp_path, check=True, capture_output=True)
    pin = "openssl x509 -pubkey -noout -in ca.crt | openssl pkey -pubin -outform der | sha256sum | cut -d' ' -f1"
    expected = subprocess.run(pin, shell=True, cwd=tmp_path, check=True, capture_output=True, text=True)  # noqa: S602

    assert ca_cert_hash((tmp_path / "ca.crt").read_text()) == "sha256:" + expected.stdout.strip()


def test_the_secret_shows_nowhere_but_its_public_half_can_be_named():
    material = JoinMaterial("abcdef.0123456789abcdef", "sha256:00")
    assert material.token_id == "abcdef"  # noqa: S105 - the public half
    assert "0123456789abcdef" not in f"{material} {material!r}"
