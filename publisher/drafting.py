"""Drafts of titles and descriptions, rendered from templates: the project's for an account, else the row's.

A template is foreign text: it is rendered in the sandbox of ``publisher.render``, and whatever is wrong with
it becomes a finding with the template's file and line. It judges, fits and declares nothing: that is
done afterwards, to whatever comes out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from publisher.compose import Drafts, drafted
from publisher.compose.facts import long_date
from publisher.errors import ConfigError
from publisher.listing import Finding, Level
from publisher.manifest.item import Item
from publisher.manifest.model import Asset, Editorial
from publisher.render import PACKAGE, environment, plain_values, template_source
from publisher.row import Row

if TYPE_CHECKING:
    from types import TracebackType

    from jinja2 import Template

Drafter = Callable[[Item], Drafts]
Text = Literal["title", "description"]

TEXTS: Mapping[Text, str] = {"title": "titles", "description": "descriptions"}
"""Each text that a template may make, and the folder of a project's templates for it."""


@dataclass(frozen=True, slots=True)
class _Source:
    """One template as it was found: its text, where that is for a person, and why it cannot be used."""

    text: Text
    place: str
    source: str = ""
    problem: str = ""

    def finding(self, said: str, line: int) -> Finding:
        """What is wrong, at its place; the item and the account are filled in by the caller."""
        return Finding(
            Level.ERROR,
            f"the template of the {self.text} cannot be used: {said}",
            "correct the template; docs/text.md lists what it may name",
            file=self.place,
            line=line,
            code="template-error",
        )


def drafter(folder: Path, account: str, row: Row) -> Drafter | None:
    """What drafts the texts of ``account``; None when no template speaks for it. Reads, never raises."""
    found = [s for text in TEXTS if (s := _find(folder, account, row, text)) is not None]
    return _Templates(folder, account, tuple(found)) if found else None


def _find(folder: Path, account: str, row: Row, text: Text) -> _Source | None:
    own = f"{TEXTS[text]}/{account}.txt.j2"
    if (folder / PACKAGE / own).is_file():
        return _named(folder, own, text)
    given = getattr(row.text, text) if row.text is not None else ""
    if not given:
        return None
    if given.endswith(".j2") and "\n" not in given and "{" not in given:
        return _named(folder, given, text)
    return _Source(text, f"{row.name}.toml", given)


def _named(folder: Path, name: str, text: Text) -> _Source:
    place = f"{PACKAGE}/{name}"
    try:
        source = template_source(name, project=folder)
    except (OSError, UnicodeDecodeError) as error:
        reason = (
            "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else "it is not readable"
        )
        return _Source(text, place, problem=reason)
    if source is None:
        return _Source(text, place, problem=f"there is no {place}")
    return _Source(text, place, source)


class _Templates:
    """The compiled templates of one account. Calling it drafts the texts of one item."""

    def __init__(self, folder: Path, account: str, sources: tuple[_Source, ...]) -> None:
        self.folder = folder
        self.account = account
        self.sources = sources
        self._compiled: dict[Text, Template | Finding] = {}

    def __call__(self, item: Item) -> Drafts:
        """The drafts of ``item``. A text that the manifest has for this account is not drafted at all."""
        texts: dict[Text, str] = {}
        findings: list[Finding] = []
        written = item.override(self.account).model_fields_set
        for source in self.sources:
            if source.text in written:
                continue
            made = self._render(source, item)
            if isinstance(made, Finding):
                findings.append(made)
            else:
                texts[source.text] = made
        words = drafted(item, texts.get("title"), texts.get("description"))
        return Drafts(words, tuple(findings))

    def _render(self, source: _Source, item: Item) -> str | Finding:
        template = self._compiled.get(source.text)
        if template is None:
            template = self._compiled[source.text] = self._compile(source)
        if isinstance(template, Finding):
            return template
        try:
            return template.render(plain_values(facts_for_templates(item, self.account))).strip()
        except (
            Exception
        ) as error:  # a template is foreign code: whatever it provokes is its author's to mend
            return source.finding(_reason(error), _line(error.__traceback__, source.place))

    def _compile(self, source: _Source) -> Template | Finding:
        from jinja2 import TemplateSyntaxError

        if source.problem:
            return source.finding(source.problem, 0)
        sandbox = environment(self.folder)
        try:
            # The name decides about escaping: plain text, wherever the template comes from.
            code = sandbox.compile(source.source, "draft.txt.j2", source.place)
        except TemplateSyntaxError as error:
            return source.finding(error.message or "it is not a template", error.lineno)
        except Exception as error:
            return source.finding(_reason(error), 0)
        return sandbox.template_class.from_code(sandbox, code, sandbox.make_globals(None))


def _reason(error: Exception) -> str:
    from jinja2 import TemplateError

    if isinstance(error, ConfigError):
        return error.sentence
    if isinstance(error, TemplateError) and error.message:
        return error.message
    return f"it stopped with {type(error).__name__}"


def _line(trace: TracebackType | None, place: str) -> int:
    """The last line of the template itself on the way to the error; 0 when it is not on it."""
    line = 0
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == place:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def facts_for_templates(item: Item, account: str) -> dict[str, Any]:
    """What a template may name. A fact that the manifest does not state is empty, never undefined.

    Facts of a bundle are those of its first member where all members share them, else empty.
    """
    override = item.override(account)
    return {
        "id": item.id,
        "kind": item.kind.value,
        "account": account,
        "release": item.release,
        "title": override.title or item.title,
        "description": override.description or item.description,
        "keywords": list(override.keywords or item.keywords),
        "creator": _shared(item, "creator"),
        "copyright": _shared(item, "copyright"),
        "credit": _shared(item, "credit"),
        "series": _shared(item, "series"),
        "country": _shared(item, "country"),
        "style": _shared(item, "style"),
        "categories": list(dict.fromkeys(c for m in item.members for c in m.categories)),
        "provenance": _provenance(item),
        "editorial": _editorial(item),
        "members": [{"id": m.id, "title": m.title or ""} for m in item.members],
    }


def _shared(item: Item, name: str) -> str:
    values = {getattr(m, name) for m in item.members}
    value = values.pop() if len(values) == 1 else None
    return str(getattr(value, "value", value) or "")


def _provenance(item: Item) -> dict[str, str]:
    stated = {m.provenance for m in item.members}
    made = stated.pop() if len(stated) == 1 else None
    names = ("system", "version", "plan", "rights", "licence_note", "prompt", "prompt_writer")
    facts = {n: str(getattr(made, n, None) or "") for n in names}
    return {"class": made.class_.value if made is not None else "", **facts}


def _editorial(item: Item) -> dict[str, str]:
    placed = (_place(m) for m in item.members)
    return next((p for p in placed if p), {"city": "", "country": "", "date": "", "long_date": ""})


def _place(member: Asset) -> dict[str, str]:
    event = member.editorial
    if not isinstance(event, Editorial):
        return {}
    return {
        "city": event.city or "",
        "country": event.country or "",
        "date": event.date.isoformat() if event.date else "",
        "long_date": long_date(event.date) if event.date else "",
    }
