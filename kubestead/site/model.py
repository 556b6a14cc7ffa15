"""The parts of a site file as frozen models."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationInfo,
    model_validator,
)

from kubestead.paths import expanded
from kubestead.site.hops import hops
from kubestead.spec.fields import Ipv4, is_address, is_dns_name
from kubestead.spec.node import Labels, Taints
from kubestead.validation import Refusal, refuse_password

_SPACE = re.compile(r"[\s\x00-\x1f]")
_USER = re.compile(r"[A-Za-z_][-A-Za-z0-9_.]*\$?")


def _path(value: Any, info: ValidationInfo) -> Any:
    """``~`` expanded; a relative path is relative to the site file's folder, given as the context's ``folder``."""
    if not isinstance(value, str):
        return value
    try:
        return Path((info.context or {}).get("folder", ""), expanded(value)) if value else value
    except ValueError as error:
        raise Refusal(f"is not a path: {error}") from None


def _address(value: str) -> str:
    if not is_address(value) and not is_dns_name(value):
        raise Refusal("is neither an IP address nor a host name")
    return value


def _url(value: str) -> str:
    try:
        parts = urlsplit(value)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and not _SPACE.search(value)
    except ValueError:
        good = False
    if not good:
        raise Refusal("is not an http or https URL", "write the whole of it, as in 'http://192.168.1.1:8080/'")
    refuse_password(parts)
    return value.rstrip("/")


def _user(value: str) -> str:
    if not _USER.fullmatch(value):
        raise Refusal("is not a user name")
    return value


def _jump(value: str) -> str:
    hops(value)
    return value


FilePath = Annotated[Path, BeforeValidator(_path), PlainSerializer(str)]
Url = Annotated[str, AfterValidator(_url)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Power(_Part):
    """The site's own commands for a host's power, run by a shell on the operator's machine."""

    status: str = Field(min_length=1, description="a command that prints 'on' or 'off'")
    off: str = Field(min_length=1, description="a command that cuts the host's power")
    on: str = Field(min_length=1, description="a command that switches the host on")

    @model_validator(mode="before")
    @classmethod
    def _words(cls, data: Any) -> Any:
        """YAML takes the bare keys ``on`` and ``off`` for true and false."""
        words = {True: "on", False: "off"}
        return {words.get(key, key): value for key, value in data.items()} if isinstance(data, dict) else data


class HostSettings(_Part):
    """How a host is reached and what is its own; under ``hosts: all:`` the defaults of every host."""

    address: Annotated[str, AfterValidator(_address)] | None = Field(
        default=None, description="the IP address or name SSH connects to"
    )
    user: Annotated[str, AfterValidator(_user)] | None = Field(default=None, description="the user SSH logs in as")
    key: FilePath | None = Field(default=None, description="the path of the private SSH key; without it, the agent's")
    port: int = Field(default=22, ge=1, le=65535, description="the SSH port, 1 to 65535")
    known_hosts: FilePath | None = Field(default=None, description="the path of the known_hosts file")
    host_keys: Literal["strict", "accept-new"] = Field(
        default="accept-new", description="'strict' (only keys in known_hosts) or 'accept-new' (learn unknown ones)"
    )
    sudo: bool = Field(default=False, description="true where the user is not root and has sudo")
    sudo_password_file: FilePath | None = Field(
        default=None, description="the path of a file, mode 0600, whose first line is the password sudo asks for"
    )
    jump: Annotated[str, AfterValidator(_jump)] | None = Field(
        default=None, description="the jump host on the way: 'user@bastion.example:22', or a name of the site file"
    )
    node_address: Ipv4 | None = Field(
        default=None, description="the IPv4 address the other nodes reach this node by; without it, address"
    )
    group: Literal["control_plane", "workers"] | None = Field(
        default=None, description="'control_plane' or 'workers', for inventory/twin.py"
    )
    labels: Labels = {}
    taints: Taints = ()
    power: Annotated[Power, Field(strict=False)] | None = Field(
        # Not to be printed: a command may hold a controller's password.
        default=None,
        repr=False,
        description="the commands status, off and on for this host's power",
    )


class Sources(_Part):
    """Where hosts get everything from; without it, upstream."""

    catalog: FilePath | None = Field(default=None, description="the path of the mirror's catalog.yaml")
    base_url: Url | None = Field(default=None, description="the mirror's URL, as in 'http://192.168.1.1:8080/'")
    registry: Url | None = Field(
        default=None, description="the mirror's registry, as in 'http://192.168.1.1:5000'; without it, upstream's"
    )


def _nothing_is_empty(value: Any) -> Any:
    return {} if value is None else value


class SiteFile(_Part):
    """The file as written."""

    hosts: Annotated[
        dict[str, Annotated[HostSettings, Field(strict=False), BeforeValidator(_nothing_is_empty)]],
        BeforeValidator(_nothing_is_empty),
    ] = Field(default={}, description="a mapping of host names (and 'all') to their settings")
    sources: Annotated[Sources, Field(strict=False), BeforeValidator(_nothing_is_empty)] = Field(
        default=Sources(), description="a mapping of catalog, base_url, registry"
    )
    overrides: Annotated[dict[str, Any], BeforeValidator(_nothing_is_empty)] = Field(
        default={}, description="a mapping of cluster keys to the values that hold here"
    )
    twin: str | None = Field(default=None, description="the twin this file was written for; it holds nowhere else")
