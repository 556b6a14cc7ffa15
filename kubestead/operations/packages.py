"""Operations on Debian packages: a signed repository, exact versions, held."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterator, Mapping

from pyinfra import host
from pyinfra.api import OperationError, QuoteString, StringCommand, operation

from kubestead.aptsources import without_source
from kubestead.catalog import AptRepository
from kubestead.facts.files import FileTexts
from kubestead.facts.packages import AptSourcesNaming, InstalledPackages
from kubestead.operations import shown
from kubestead.operations.files import TextFile, install_files
from kubestead.render import render

Commands = Generator[StringCommand, None, None]
# One bounded wait for another apt, no questions, and no restart of services behind our back (needrestart #340).
APT = "DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 apt-get -o DPkg::Lock::Timeout=600"
CONFIGURE = "DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 dpkg --configure --pending --force-confold"


@operation()
def repository(repository_name: str, source: AptRepository) -> Commands:
    """Have apt trust and read a signed repository: its key only with the catalog's fingerprint, unaltered.

    Entries for the same repository that somebody wrote before are turned off: apt reads no source at all while two name
    one repository with different keys.

    Args:
        repository_name: how its files below ``/etc/apt/sources.list.d`` and ``/etc/apt/keyrings`` are called.
        source: the repository as the catalog has it.
    """
    keyring = f"/etc/apt/keyrings/{repository_name}.asc"
    stamp = f"{keyring}.fingerprint"
    texts = host.get_fact(FileTexts, paths=(keyring, stamp))
    text = render("kubernetes.sources.j2", url=source.url, suite=source.suite, keyring=keyring)
    path = f"/etc/apt/sources.list.d/{repository_name}.sources"
    files = list(install_files._inner([*_others_turned_off(source.url, path), TextFile(path, text)]))
    if texts.get(stamp, "").split() != [source.key_fingerprint, _sha256(texts.get(keyring))]:
        shown.show(f"{keyring}: not the key {source.key_fingerprint} as it was installed -> that key")
        yield StringCommand(render("install-apt-key.sh.j2", source=source, keyring=keyring, stamp=stamp))
    yield from files


def _sha256(text: str | None) -> str | None:
    return None if text is None else hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()


def _others_turned_off(url: str, own: str) -> Iterator[TextFile]:
    for path, text in host.get_fact(AptSourcesNaming, url=url).items():
        if path == own:
            continue
        try:
            wanted = without_source(path, text, url, own)
        except ValueError as error:
            raise OperationError(
                f"{host.name}: {path} contradicts {own} about {url}, and {error}; take {url} out of it"
            ) from error
        if wanted != text:
            yield TextFile(path, wanted)


@operation()
def exact_versions(packages: Mapping[str, str], source_name: str) -> Commands:
    """Install each package in exactly the version given, and hold it there; see also :func:`installs`.

    Args:
        packages: version (``1.31.13-1.1``) by package name.
        source_name: the repository they come from, as :func:`repository` named it.
    """
    installed = host.get_fact(InstalledPackages, names=tuple(packages))
    wrong = [name for name, version in packages.items() if name not in installed or installed[name].version != version]
    loose = [name for name in packages if name in wrong or not installed[name].held]
    host.data.kubestead_installs = frozenset(wrong)
    for name in loose:
        was = installed[name].version + (", held" if installed[name].held else "") if name in installed else "not there"
        shown.show(f"package {name}: {was} -> {packages[name]}, held")
    if wrong:
        wanted = [QuoteString(f"{name}={version}") for name, version in packages.items()]
        source = f"-o Dir::Etc::sourcelist=sources.list.d/{source_name}.sources -o Dir::Etc::sourceparts=-"
        install = [
            APT,
            "install --yes --no-install-recommends --allow-change-held-packages --allow-downgrades",
            *wanted,
        ]
        # Tried again with what may have been in the way: a dpkg that was killed in the middle, which apt refuses to go
        # on from, and the distribution's own lists when they are too old to give the dependencies.
        yield StringCommand(
            APT, "update -qq", source, "-o APT::Get::List-Cleanup=0 &&",
            "{", *install, "|| {", CONFIGURE, ";", APT, "update -qq &&", *install, "; }; }",
        )  # fmt: skip
    if loose:
        yield StringCommand("apt-mark", "hold", *[QuoteString(name) for name in loose])
    if not loose:
        host.noop(f"{', '.join(packages)} installed and held")


def installs(*names: str) -> bool:
    """Whether :func:`exact_versions` installs any of these packages on the present host in this run."""
    return not host.data.get("kubestead_installs", frozenset()).isdisjoint(names)
