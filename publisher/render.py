"""Turns templates into text: sandboxed, strict about missing variables, escaped by the template's kind.

A project's own ``templates`` folder wins over the templates that ship with the product. A template sees plain
values only: it never reads a file, reaches an attribute of an object, imports code or opens a connection.
"""

from __future__ import annotations

import base64
import datetime as dt
import functools
import hashlib
import importlib.resources
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from publisher.errors import ConfigError
from publisher.listing import plain

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from jinja2.sandbox import SandboxedEnvironment

PACKAGE = "templates"
"""The package with the templates that ship, and the name of the folder in a project that wins over it."""

PLAIN_TEXT = (".txt", ".md", ".txt.j2", ".md.j2")
"""Kinds of template without HTML escaping. Everything else is escaped, known or not."""

MAX_REPEAT = 1_000_000
"""Longest string or list, in elements, that ``*`` may build inside a template."""

_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_MARKDOWN = re.compile(r"([\\`*_\[\]|<>~&]|^[-+#=]|(?<=^\d)[.)])")
_BACKTICKS = re.compile(r"`+")


def environment(project: Path | None = None) -> SandboxedEnvironment:
    """The Jinja environment; ``project`` is the folder whose ``templates`` win. Made once per project."""
    return _environment(project.resolve() if project is not None else None)


def render_text(name: str, variables: Mapping[str, Any], *, project: Path | None = None) -> str:
    """Render the template ``name``. Values are reduced to their JSON form before a template sees them.

    Raises ConfigError when the template is absent or broken, misses a variable or tries what is forbidden.
    """
    from jinja2 import TemplateError, TemplateNotFound

    try:
        return environment(project).get_template(name).render(plain_values(variables))
    except TemplateNotFound as error:
        raise ConfigError(
            f"There is no template named {error.message or name}.",
            remedy=f"Put it into the folder {PACKAGE!r} of the project, or correct its name.",
        ) from error
    except TemplateError as error:
        raise ConfigError(
            f"The template {name} cannot be rendered: {error.message or type(error).__name__}",
            remedy="Correct the template; the variables it may use are listed at its top.",
            detail=repr(error),
        ) from error
    except (
        Exception
    ) as error:  # a template is foreign code: whatever it provokes is its author's to mend
        raise ConfigError(
            f"The template {name} stopped with {type(error).__name__}.",
            remedy="Correct the template; the variables it may use are listed at its top.",
            detail=repr(error),
        ) from error


def renderer(project: Path | None = None) -> Callable[[str, Mapping[str, Any]], str]:
    """The callable that a session gets as ``context.render``."""
    return functools.partial(render_text, project=project)


def template_source(name: str, *, project: Path | None = None) -> str | None:
    """The text of the template ``name`` as a renderer would find it; None when there is none.

    Raises OSError and UnicodeDecodeError for a file that cannot be read.
    """
    return _source(project.resolve() if project is not None else None, name)


@functools.lru_cache(maxsize=8)
def _environment(project: Path | None) -> SandboxedEnvironment:
    from jinja2 import FunctionLoader, StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Sandbox(ImmutableSandboxedEnvironment):
        intercepted_binops = frozenset({"*", "**"})

        def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
            return _bounded(operator, left, right)

    load = functools.partial(_source, project)
    made = Sandbox(
        loader=FunctionLoader(load),
        undefined=StrictUndefined,
        autoescape=_escapes,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    del made.globals["lipsum"]
    made.globals["style"] = functools.partial(_style, load)
    made.filters |= {
        "web_link": web_link,
        "page_link": page_link,
        "bytes": byte_size,
        "line": one_line,
        "md": markdown_text,
        "fenced": fenced,
    }
    return made


def _escapes(name: str | None) -> bool:
    return name is None or not name.endswith(PLAIN_TEXT)


def _source(project: Path | None, name: str) -> str | None:
    """The text of a template or style sheet, the project's first; None when there is none."""
    parts = name.split("/")
    if any(p in ("", ".", "..") or "\\" in p or "\0" in p or ":" in p for p in parts):
        return None
    if project is not None:
        root = (project / PACKAGE).resolve()
        path = root.joinpath(*parts).resolve()
        # a link that leads out of the folder would let a template include any file of the machine
        if path.is_relative_to(root) and path.is_file():
            return path.read_text(encoding="utf-8")
    resource: Traversable = importlib.resources.files(PACKAGE).joinpath(*parts)
    return resource.read_text(encoding="utf-8") if resource.is_file() else None


def _style(load: Callable[[str], str | None], name: str) -> dict[str, Any]:
    """A style sheet for inlining: its text, and the hash that a content security policy allows it by."""
    from markupsafe import Markup

    css = load(name) if name.endswith(".css") else None
    if css is None or "</" in css:
        raise ConfigError(f"There is no usable style sheet named {name}.")
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    return {"css": Markup(css), "hash": f"sha256-{digest}"}  # noqa: S704 (shipped or the seller's own)


def _bounded(operator: str, left: Any, right: Any) -> Any:
    """``*`` and ``**`` without the power to fill the memory."""
    if operator == "**":
        if abs(right) > 64 or abs(left) > MAX_REPEAT:
            raise OverflowError("a power in a template is too large")
        return left**right
    for sequence, count in ((left, right), (right, left)):
        if isinstance(sequence, (str, list, tuple)) and len(sequence) * count > MAX_REPEAT:
            raise OverflowError("a repetition in a template is too long")
    return left * right


def _printable(value: Any) -> Any:
    """Control characters and lone surrogates are invalid in HTML and XML and cannot be encoded."""
    if isinstance(value, str) and _UNPRINTABLE.search(value):
        return type(value)(_UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", value))
    return value


def plain_values(value: Any) -> Any:
    """Plain values only, so that no method of an object is within a template's reach."""
    kind = type(value)
    if kind is str or kind is int or kind is bool or value is None or kind is float:
        return value
    if kind is dict:
        return {str(key): plain_values(v) for key, v in value.items()}
    if kind is list or kind is tuple:
        return [plain_values(v) for v in value]
    if isinstance(value, (dt.date, dt.datetime)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    reduced = plain(value)  # enums, paths, mappings, and the subclasses of what stands above
    if type(reduced) is kind:
        return str(value)
    return plain_values(reduced)


def web_link(value: str) -> str:
    """The address if it is http or https and names a host, else an empty string."""
    try:
        parts = urlsplit(value.strip())
    except ValueError:
        return ""
    return value.strip() if parts.scheme in ("http", "https") and parts.netloc else ""


def page_link(value: str) -> str:
    """A web link, or a plain relative address on the page's own site; else an empty string."""
    if web_link(value):
        return value.strip()
    relative = re.fullmatch(r"[\w@%+~,.() /-]+", value)
    return value if relative and not value.startswith("/") else ""


def byte_size(count: int) -> str:
    """Bytes in the decimal units of file managers and agencies: ``1.2 MB``."""
    size = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            return f"{size:.0f} {unit}" if unit == "bytes" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1000
    raise AssertionError


def one_line(value: Any) -> str:
    """Any white space becomes one blank; for lists and headings of plain text."""
    return " ".join(str(value).split())


def markdown_text(value: Any) -> str:
    """One line in which nothing is Markdown or HTML any more."""
    return _MARKDOWN.sub(r"\\\1", one_line(value))


def fenced(value: Any) -> str:
    """A Markdown code block; its fence is longer than any run of backticks inside."""
    text = str(value)
    longest = max((len(run) for run in _BACKTICKS.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"
