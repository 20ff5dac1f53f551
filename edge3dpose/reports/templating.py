"""Templates of this package -> text."""

from __future__ import annotations

import functools
from typing import Any

import jinja2
from markupsafe import Markup

from edge3dpose.reports.columns import markdown_text


def render(template: str, **values: Any) -> str:
    """The text of a template; what goes into one is escaped for HTML or Markdown."""
    return _environment(template.endswith(".md")).get_template(template).render(**values)


def _markdown(value: Any) -> Any:
    """A value as a Markdown template shows it: escaped, unless it was made as Markdown here."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return markdown_text(value)


@functools.cache
def _environment(is_markdown: bool) -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("edge3dpose.reports"),
        autoescape=jinja2.select_autoescape(["html"]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_markdown if is_markdown else None,
    )
