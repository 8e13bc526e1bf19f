"""What goes into a form: a fact of the listing or the account, made fit by transforms of a closed list. Pure.

Nothing here knows a page; a field that ends up empty is left out by the steps that ask for it with ``when``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Value = str | bool | tuple[str, ...]
"""What a step gets: a text, a yes or no, or a list of texts."""


class Transform(BaseModel):
    """One change of a value. Lists are changed entry by entry where that makes sense."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    do: Literal[
        "truncate", "cut", "join", "lower", "dedupe", "drop_words", "map", "first", "skip", "shorter",
        "negate", "dashed", "prefix", "stem",
    ]  # fmt: skip
    n: int = Field(0, ge=0)
    text: str = ""
    words: tuple[str, ...] = ()
    table: dict[str, str] = Field(default_factory=dict)
    default: str | None = Field(None, description="For `map`: what stands for everything else.")


class FormField(BaseModel):
    """A named value of a flow. ``from`` is a fact; ``text`` is a constant."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    source: Annotated[str, Field(alias="from")] = Field(
        "",
        pattern=r"^$|^(title|description|keywords|categories|products|mature|editorial|item|key|language)$"
        r"|^(option|declares|field|royalty|file)\.[A-Za-z0-9_.-]+$",
    )
    text: str | None = None
    to: tuple[Transform, ...] = ()
    least: int = Field(0, ge=0, description="Fewer characters (or entries) are an error.")
    most: int | None = Field(None, description="More are an error: nothing is cut in silence.")

    @model_validator(mode="after")
    def _has_an_origin(self) -> FormField:
        if bool(self.source) == (self.text is not None):
            raise ValueError("a field has `from` or `text`, and not both")
        return self


def value_of(field: FormField, facts: Mapping[str, Any]) -> Value:
    """The value of a field. Unknown facts are empty: a step decides whether it can do without."""
    value = _plain(field.text if field.text is not None else facts.get(field.source))
    for step in field.to:
        value = _changed(value, step)
    return value


def too_much_or_little(name: str, field: FormField, value: Value) -> str:
    """What is wrong with the size of a value, or nothing."""
    if isinstance(value, bool):
        return ""
    unit = "characters" if isinstance(value, str) else "entries"
    if len(value) < field.least:
        return f"{name} has {len(value)} {unit}, and the form wants {field.least}"
    if field.most is not None and len(value) > field.most:
        return f"{name} has {len(value)} {unit}, and the form takes {field.most}"
    return ""


def _plain(value: Any) -> Value:
    if value is None:
        return ""
    if isinstance(value, (bool, str)):
        return value
    if isinstance(value, (tuple, list)):
        return tuple(str(v) for v in value)
    return str(value)


def _changed(value: Value, step: Transform) -> Value:
    if step.do == "negate":
        return not value
    if step.do == "join":
        return step.text.join(_entries(value))
    if step.do in ("first", "skip", "dedupe", "shorter", "drop_words"):
        return _list_changed(_entries(value), step)
    if isinstance(value, bool):
        return _text_changed("true" if value else "false", step)
    if isinstance(value, tuple):
        return tuple(_text_changed(v, step) for v in value)
    return _text_changed(value, step)


def _entries(value: Value) -> tuple[str, ...]:
    if isinstance(value, bool):
        return ("true",) if value else ()
    return value if isinstance(value, tuple) else (value,) if value else ()


def _list_changed(entries: Sequence[str], step: Transform) -> tuple[str, ...]:
    match step.do:
        case "first":
            return tuple(entries[: step.n])
        case "skip":
            return tuple(entries[step.n :])
        case "shorter":
            return tuple(e for e in entries if len(e) <= step.n)
        case "drop_words":
            dropped = {w.casefold() for w in step.words}
            return tuple(e for e in entries if e.casefold() not in dropped)
        case _:
            seen: dict[str, str] = {}
            for entry in entries:
                seen.setdefault(entry.casefold(), entry)
            return tuple(seen.values())


def _text_changed(text: str, step: Transform) -> str:
    match step.do:
        case "cut":
            return text[: step.n]
        case "truncate":
            return _at_a_word(text, step.n)
        case "lower":
            return text.lower()
        case "dashed":
            return re.sub(r"\s+", "-", text.strip())
        case "stem":
            return text.rpartition(".")[0] or text
        case "prefix":
            return step.text + text if text else ""
        case "map":
            return step.table.get(text, text if step.default is None else step.default)
        case _:
            return text


def _at_a_word(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    cut = text[: most + 1].rpartition(" ")[0]
    return cut.rstrip(" ,;:-") if len(cut) > most // 2 else text[:most]


def same_text(left: str, right: str) -> bool:
    """Whether two texts are the same to a person: Unicode form, case and white space do not count."""
    return normal(left) == normal(right)


def normal(text: str) -> str:
    """The form in which titles are compared."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
