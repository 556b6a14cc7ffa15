"""Renders the files below ``templates/``: whole files, strict about missing values."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"


def _to_yaml(values: Mapping[str, object]) -> str:
    return yaml.safe_dump(dict(values), sort_keys=True, default_flow_style=False) if values else ""


@lru_cache(maxsize=1)
def environment() -> Environment:
    """How templates are read here; for text that goes to hosts."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - configuration files, not HTML
    )
    # JSON is YAML: a value printed this way is quoted right whatever it holds.
    made.filters["json"] = lambda value: json.dumps(value, sort_keys=True)
    made.filters["q"] = lambda value: shlex.quote(str(value))
    made.filters["to_yaml"] = _to_yaml
    return made


def render(template: str, /, **values: object) -> str:
    """The text of ``templates/<template>`` with ``values``.

    Raises:
        jinja2.UndefinedError: the template names a value that was not given.
    """
    return environment().get_template(template).render(**values)
