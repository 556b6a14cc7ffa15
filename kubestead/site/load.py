"""Finding, reading and checking the site file."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from kubestead.errors import Finding, InvalidInput
from kubestead.paths import expanded, is_file, is_there
from kubestead.site.model import HostSettings, SiteFile
from kubestead.site.site import Site
from kubestead.spec.fields import is_dns_name
from kubestead.spec.loading import check_values
from kubestead.validation import Location, findings_of
from kubestead.yamlfile import place, read_yaml

ENVIRONMENT = "KUBESTEAD_SITE"
DEFAULT = "site.yaml"
ALL = "all"


def site_path() -> Path | None:
    """The site file in force: ``KUBESTEAD_SITE``, else ``site.yaml`` in the working folder, else None.

    Raises:
        InvalidInput: what is named is no path.
    """
    named = os.environ.get(ENVIRONMENT)
    if named:
        try:
            return expanded(named).absolute()
        except ValueError as error:
            fix = f"correct {ENVIRONMENT}, or unset it"
            raise InvalidInput([Finding(ENVIRONMENT, f"is not a path: {error}", fix, value=named)]) from None
    default = Path(DEFAULT).absolute()
    return default if is_there(default) else None


def load_site(path: Path | None = None) -> Site:
    """Read the site file; without one, a site with no settings at all (``Site.path`` is None).

    Args:
        path: the file; None takes the one in force (:func:`site_path`).

    Raises:
        InvalidInput: with every finding at once, each with file and line.
    """
    path = path.absolute() if path else site_path()
    if path is None:
        return Site()
    if not is_there(path):
        fix = f"correct {ENVIRONMENT}, or copy site.example.yaml there"
        raise InvalidInput([Finding(str(path), "there is no such site file", fix)])
    content, node = read_yaml(path)

    def locate(location: Location) -> str:
        return place(path, node, location)

    content = {} if content is None else content
    if not isinstance(content, dict):
        fix = "write it as site.example.yaml shows"
        raise InvalidInput([Finding(str(path), "must be a mapping with hosts, sources, overrides", fix)])
    try:
        file = SiteFile.model_validate(content, context={"folder": path.parent})
        findings = []
    except ValidationError as error:
        findings = findings_of(error, SiteFile, locate)
        raise InvalidInput([*findings, *_override_findings(content, locate)]) from None
    findings = [*_host_findings(file, locate), *_source_findings(file, locate), *_override_findings(content, locate)]
    if findings:
        raise InvalidInput(findings)
    return _site(path, file, {key: locate(("overrides", key)) for key in file.overrides})


def _site(path: Path, file: SiteFile, places: dict[str, str]) -> Site:
    defaults = file.hosts.get(ALL, HostSettings())
    hosts = {
        name: defaults.model_copy(update={key: getattr(host, key) for key in host.model_fields_set})
        for name, host in file.hosts.items()
        if name != ALL
    }
    return Site(
        path=path,
        defaults=defaults,
        hosts=hosts,
        sources=file.sources,
        overrides=file.overrides,
        override_places=places,
        twin=file.twin,
    )


def _override_findings(content: dict[Any, Any], locate: Callable[[Location], str]) -> list[Finding]:
    overrides = content.get("overrides")
    if not isinstance(overrides, dict):
        return []
    named = {str(key): value for key, value in overrides.items()}
    return check_values(named, {key: locate(("overrides", key)) for key in named})


def _host_findings(file: SiteFile, locate: Callable[[Location], str]) -> list[Finding]:
    findings = [
        Finding(locate(("hosts", name)), "is not a node name", "use lower-case letters, digits, '-' and '.'")
        for name in file.hosts
        if not is_dns_name(name)
    ]
    for key in ("address", "node_address", "power"):
        if ALL in file.hosts and key in file.hosts[ALL].model_fields_set:
            reason = "cannot be the same for all hosts"
            findings.append(Finding(locate(("hosts", ALL, key)), reason, "write it under each host"))
    return findings


def _source_findings(file: SiteFile, locate: Callable[[Location], str]) -> list[Finding]:
    sources = file.sources
    if sources.base_url and not sources.catalog:
        reason, fix = "has no use without a catalog", "name the mirror's catalog.yaml as sources.catalog"
        return [Finding(locate(("sources", "base_url")), reason, fix, value=sources.base_url)]
    if sources.catalog and not is_file(sources.catalog):
        fix = "correct the path; 'kubestead mirror build' prints its folder, which holds the catalog"
        return [Finding(locate(("sources", "catalog")), "there is no such file", fix, value=str(sources.catalog))]
    return []
