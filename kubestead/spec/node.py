"""What may differ from node to node."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from kubestead.errors import InvalidInput
from kubestead.spec.fields import Ipv4, is_dns_name
from kubestead.validation import Refusal, findings_of

Effect = Literal["NoSchedule", "PreferNoSchedule", "NoExecute"]
_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_TAINT = re.compile(r"(?P<key>[^=:]+)(=(?P<value>[^=:]*))?:(?P<effect>[^:]+)")


def _label_key(key: str) -> str:
    # Source: Kubernetes documentation, "Labels and Selectors", syntax and character set.
    prefix, slash, name = key.rpartition("/")
    if (slash and not is_dns_name(prefix)) or not _NAME.fullmatch(name):
        raise Refusal(
            "is not a Kubernetes label key", "write 'name' or 'dns.prefix/name', the name up to 63 letters, digits, -_."
        )
    return key


def _label_value(value: str) -> str:
    if value and not _NAME.fullmatch(value):
        raise Refusal("is not a Kubernetes label value", "give up to 63 letters, digits and -_. , or nothing")
    return value


LabelKey = Annotated[str, AfterValidator(_label_key)]
LabelValue = Annotated[str, AfterValidator(_label_value)]


class Taint(BaseModel):
    """A taint, written as kubectl takes it: ``key=value:Effect`` or ``key:Effect``."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    key: LabelKey
    value: LabelValue = ""
    effect: Effect

    @model_validator(mode="before")
    @classmethod
    def _parse(cls, data: Any) -> Any:
        if not isinstance(data, str):
            return data
        match = _TAINT.fullmatch(data)
        if match is None or match["effect"] not in get_args(Effect):
            effects = ", ".join(get_args(Effect))
            raise Refusal("is not a taint", f"write 'key=value:Effect' with one of the effects {effects}")
        return {"key": match["key"], "value": match["value"] or "", "effect": match["effect"]}

    def __str__(self) -> str:
        return f"{self.key}={self.value}:{self.effect}" if self.value else f"{self.key}:{self.effect}"


Labels = Annotated[
    dict[LabelKey, LabelValue], Field(description="node labels, a mapping such as {'topology.kubernetes.io/zone': 'a'}")
]
Taints = Annotated[
    tuple[Annotated[Taint, Field(strict=False)], ...],
    Field(strict=False, description="node taints, a list such as ['dedicated=db:NoSchedule']"),
]


class NodeSpec(BaseModel):
    """One node's own settings; they stand in the site file under the host, or in ``group_data/<group>.py``."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    node_address: Ipv4 | None = Field(
        default=None, description="the IPv4 address the other nodes reach this node by; None: its default route's own"
    )
    labels: Labels = {}
    taints: Taints = ()

    @classmethod
    def load(cls, data: Any, where: str = "host data") -> NodeSpec:
        """Read the node's keys out of a host's data (``host.data``, or any mapping); other keys are left alone.

        Raises:
            InvalidInput: with every finding; each is placed at ``where`` (a host's name, say).
        """
        mapping = as_mapping(data)
        try:
            return cls.model_validate({key: mapping[key] for key in cls.model_fields if key in mapping})
        except ValidationError as error:
            raise InvalidInput(
                findings_of(error, cls, lambda location: f"{where}: {'.'.join(map(str, location))}")
            ) from None


def as_mapping(data: Any) -> Mapping[str, Any]:
    """pyinfra's ``host.data`` as the mapping it stands for; a mapping is returned as it is."""
    return data if isinstance(data, Mapping) else data.dict()
