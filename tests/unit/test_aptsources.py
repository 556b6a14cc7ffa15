"""Entries of others for a repository are turned off; every other line stays as it is."""

import pytest

from kubestead.aptsources import without_source

URI, OWN = "https://pkgs.k8s.io/core:/stable:/v1.31/deb/", "kubernetes.sources"
DEB = f"deb [signed-by=/etc/apt/keyrings/kubernetes-apt-keyring.gpg] {URI} /\n"
NOTE = f"# kubestead: written in {OWN} now"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (DEB, f"{NOTE}: {DEB}"),
        (f"deb {URI.rstrip('/')} /\n", f"{NOTE}: deb {URI.rstrip('/')} /\n"),
        (f"# {DEB}", f"# {DEB}"),
        (f"{NOTE}: {DEB}", f"{NOTE}: {DEB}"),
        (DEB.replace("v1.31", "v1.30"), DEB.replace("v1.31", "v1.30")),
        (f"deb http://deb.debian.org/debian x main\n{DEB}", f"deb http://deb.debian.org/debian x main\n{NOTE}: {DEB}"),
        (f"deb-src {URI} /", f"{NOTE}: deb-src {URI} /"),
        ("", ""),
    ],
)  # fmt: skip
def test_a_file_of_lines(text, wanted):
    assert without_source("/etc/apt/sources.list.d/k8s.list", text, URI, OWN) == wanted


STANZA = f"Types: deb\nURIs: {URI}\nSuites: /\nSigned-By: /etc/apt/keyrings/k8s.gpg\n"
OTHER = "Types: deb\nURIs: http://deb.debian.org/debian\nSuites: bookworm\nComponents: main\n"


def deb822(text):
    return without_source("/etc/apt/sources.list.d/k8s.sources", text, URI, OWN)


def test_a_stanza_is_disabled_and_the_others_stay():
    assert deb822(f"{OTHER}\n{STANZA}") == f"{OTHER}\n" + STANZA.replace("URIs:", f"{NOTE}\nEnabled: no\nURIs:")


@pytest.mark.parametrize("text", [OTHER, f"Enabled: no\n{STANZA}", STANZA.replace("v1.31", "v1.32"), ""])
def test_stanzas_of_others_and_disabled_ones_stay(text):
    assert deb822(text) == text


def test_what_was_turned_off_stays_so():
    assert deb822(deb822(STANZA)) == deb822(STANZA)


def test_a_stanza_with_other_repositories_is_for_a_person():
    with pytest.raises(ValueError, match="one entry names"):
        deb822(STANZA.replace("URIs: ", "URIs: https://other.example/\n "))
