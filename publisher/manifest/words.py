"""The schema's refusals in a seller's words: one mistake per place, with the path and what would be right.

Pure: it gets pydantic's errors and the tree that was checked, and never shows a type name of the code.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from publisher.manifest.refusal import LACKING, SAID, SAID_OF
from publisher.manifest.shape import keys_at, nearest

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Mistake:
    """One refusal: the path in the tree, a sentence without the path, and a remedy."""

    path: Path
    text: str
    remedy: str = ""

    def sentence(self) -> str:
        """Path and reason; a key that is unknown or missing is named by the reason itself."""
        if self.text != "is missing" and not self.text.startswith("unknown key"):
            return f"{dotted(self.path)}: {self.text}" if self.path else self.text
        outer = dotted(self.path[:-1])
        text = f"'{self.path[-1]}' is missing" if self.text == "is missing" else self.text
        return f"{outer}: {text}" if outer else text


def dotted(path: Sequence[str | int]) -> str:
    """``offer.variants[0].price`` for a path of keys and indexes."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def shown(value: Any) -> str:
    """A value as it is named in a sentence; collections by their kind, never by their content."""
    if value is None:
        return "an empty value"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    text = str(value)
    return f"'{text[:60]}...'" if len(text) > 60 else f"'{text}'"


def mistakes(error: ValidationError, model: type[BaseModel], tree: Any) -> Iterator[Mistake]:
    """Every refusal once. Where a field allows several forms, the form that was meant is explained."""
    places: dict[Path, list[Any]] = defaultdict(list)
    for detail in error.errors(include_url=False):
        places[_path(detail, tree)].append(detail)
    for path, details in places.items():
        # A mistake inside a form says more than "is not the other form" at the field itself.
        inner = any(len(p) > len(path) and p[: len(path)] == path for p in places)
        if inner:
            continue
        text, remedy = (
            _union(path, details) if len(details) > 1 else _words(path, details[0], model)
        )
        yield Mistake(path, text, remedy)


def _path(detail: Any, tree: Any) -> Path:
    """The place in the tree; labels that pydantic puts in for the forms of a field are left out."""
    path: list[str | int] = []
    node = tree
    for part in detail["loc"]:
        inside = (isinstance(node, Mapping) and part in node) or (
            isinstance(node, list) and isinstance(part, int) and part < len(node)
        )
        if inside:
            path.append(part)
            node = node[part]
    if detail["type"] == "missing" or (detail["type"] == LACKING and detail["loc"][-1] not in node):
        path.append(detail["loc"][-1])
    return tuple(path)


_UNIONS = {
    "brands": ("must be 'none' or a list of names", ""),
    "editorial": ("must be true, false or a mapping with city, country and date", ""),
    "category": ("must be a number or a text", ""),
    "categories": ("must be numbers or texts", ""),
}


def _union(path: Path, details: Sequence[Any]) -> tuple[str, str]:
    name = next((p for p in reversed(path) if isinstance(p, str)), "")
    text, remedy = _UNIONS.get(name, ("is not in a form that is known here", ""))
    return f"{shown(details[0]['input'])} {text}", remedy


_FIXED: dict[str, tuple[str, str]] = {
    "string_unicode": ("holds characters that are no valid text", ""),
    "decimal_parsing": ("is not a number", "write it like 19.00, with a dot"),
    "decimal_type": ("is not a number", "write it like 19.00, with a dot"),
    "float_parsing": ("is not a number", "write it like 0.25, with a dot"),
    "float_type": ("is not a number", "write it like 0.25, with a dot"),
    "finite_number": ("is not a number", ""),
    "bool_parsing": ("is neither true nor false", "write true or false"),
    "bool_type": ("is neither true nor false", "write true or false"),
    "date_parsing": ("is not a date", "write it as YYYY-MM-DD"),
    "date_type": ("is not a date", "write it as YYYY-MM-DD"),
    "date_from_datetime_parsing": ("is not a date of the calendar", "write it as YYYY-MM-DD"),
    "date_from_datetime_inexact": ("is not a date", "write it as YYYY-MM-DD"),
    "tuple_type": ("must be a list", "as in [one, two]"),
    "list_type": ("must be a list", "as in [one, two]"),
    "dict_type": ("must be a mapping", "lines of 'key: value'"),
    "model_type": ("must be a mapping", "lines of 'key: value'"),
    "model_attributes_type": ("must be a mapping", "lines of 'key: value'"),
}
_PATTERNS: tuple[tuple[str, str, str], ...] = (
    ("currency", "is not a currency", "three capital letters, as in EUR"),
    (
        "royalties",
        "is not a usable class of products",
        "small letters, digits, dash and underscore, as in art-print",
    ),
    ("country", "is not a country code", "two capital letters, as in PT"),
    (
        "",
        "is not a usable id",
        "letters, digits, dot, dash and underscore; at most 100 characters, the first a letter or digit",
    ),
)


def _words(path: Path, detail: Any, model: type[BaseModel]) -> tuple[str, str]:
    kind, given, context = detail["type"], detail["input"], detail.get("ctx", {})
    if kind in ("missing", LACKING):
        return "is missing", ""
    if kind in (SAID, SAID_OF):
        text = f"{shown(given)} {detail['msg']}" if kind == SAID_OF else str(detail["msg"])
        return text, str(context.get("remedy", ""))
    if kind == "extra_forbidden":
        return _unknown(path, model)
    if given is None:
        return "must not be empty", ""
    if kind == "string_type":
        return f"must be text, not {shown(given)}", ""
    if kind in _FIXED:
        text, remedy = _FIXED[kind]
        return f"{shown(given)} {text}", remedy
    if kind == "string_pattern_mismatch":
        _name, text, remedy = next(p for p in _PATTERNS if p[0] in (*path[-2:], ""))
        return f"{shown(given)} {text}", remedy
    if kind in ("enum", "literal_error"):
        return _choice(given, str(context.get("expected", "")))
    return _bounds(kind, given, context) or (f"{shown(given)}: {detail['msg']}", "")


def _unknown(path: Path, model: type[BaseModel]) -> tuple[str, str]:
    known = keys_at(model, path[:-1])
    hint = nearest(str(path[-1]), known)
    return f"unknown key '{path[-1]}'{hint}", "" if hint else f"known keys: {', '.join(known)}"


def _choice(given: Any, expected: str) -> tuple[str, str]:
    words = [w.strip().strip("'") for w in expected.replace(" or ", ", ").split(",") if w.strip()]
    hint = nearest(given, words) if isinstance(given, str) else ""
    return f"{shown(given)} is not one of {', '.join(words)}{hint}", ""


def _bounds(kind: str, given: Any, context: Mapping[str, Any]) -> tuple[str, str] | None:
    one = {
        "greater_than": f"must be above {context.get('gt')}",
        "less_than": f"must be below {context.get('lt')}",
        "greater_than_equal": f"must not be below {context.get('ge')}",
        "less_than_equal": f"must not be above {context.get('le')}",
        "decimal_max_places": f"has more than {context.get('decimal_places')} decimals",
        "decimal_max_digits": f"has more than {context.get('max_digits')} digits",
        "decimal_whole_digits": f"has more than {context.get('whole_digits')} digits before the dot",
        "string_too_short": f"is shorter than {context.get('min_length')} characters",
    }.get(kind)
    if one is not None:
        return f"{shown(given)} {one}", ""
    if kind == "too_short":
        return f"must have at least {context.get('min_length')} entry", ""
    return None
