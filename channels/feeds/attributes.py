"""From the fields of an entry to the attributes that a reader of feeds wants, and what is wrong with them. Pure.

Columns come from the row, spellings from its language. What the seller states under the channel's own name of
an attribute wins over everything but the id.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from channels.feeds.language import URL_MAX, Language, columns_of, language_of, spelled
from channels.transport.batch import column_values
from publisher.listing import FieldValue, Listing
from publisher.row import Column, Row

AI_TEXT = "ai_text"
"""Name of the field that says which texts a machine wrote: title, description or both."""
GENERATED = "trained_algorithmic_media"
"""What Google calls a text that a machine wrote."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_PRICE = re.compile(r"\d+(\.\d+)? [A-Z]{3}")
_BLANK = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]+")
_ADDRESS = "%/:=&?~#+!$,;'@()*[]"


@dataclass(frozen=True, slots=True)
class Nested:
    """An attribute with parts of its own. ``flat`` is how a table spells it."""

    parts: tuple[tuple[str, str], ...]
    flat: str


Value = str | tuple[str, ...] | Nested


def own_name(field: str) -> str:
    """The attribute that ``csv.NAME`` states, or an empty text when the name can be none."""
    name = field.removeprefix("csv.")
    return name if _NAME.fullmatch(name) else ""


def attributes(
    key: str, fields: Mapping[str, FieldValue], pictures: Sequence[str], row: Row
) -> dict[str, Value]:
    """The attributes of one entry, in the order of the row's columns; empty ones are left out.

    ``pictures`` are the addresses of its own pictures, the main one first.
    """
    language = language_of(row)
    dialect = columns_of(row)
    values = column_values(Listing(key, "", key, fields), dialect)
    found: dict[str, Value] = {
        c.header: _one_line(_text(c, values[c.header], stated=f"csv.{c.header}" in fields))
        for c in dialect.columns
    }
    for field, value in fields.items():
        if field.startswith("csv.") and (name := own_name(field)) not in ("", AI_TEXT):
            found.setdefault(name, _one_line("" if value is None else str(value)))
    found["id"] = key
    _put_pictures(found, pictures, language)
    _put_spellings(found, language)
    _put_sale(found, fields)
    if language.free_shipping and fields.get("product") == "digital":
        _put_shipping(found)
    if language.structured:
        _put_structured(found, fields)
    return {name: value for name, value in found.items() if value}


def _text(column: Column, value: object, *, stated: bool) -> str:
    if isinstance(value, bool):
        return column.true if value else column.false
    if isinstance(value, tuple):
        return ", ".join(str(v) for v in value)
    if value is None or value == "":
        return "" if stated else column.value
    return str(value)


def _one_line(text: str) -> str:
    """``text`` without what XML forbids and what would break a line of a table."""
    return _BLANK.sub(" ", text).strip()


def _put_pictures(found: dict[str, Value], pictures: Sequence[str], language: Language) -> None:
    if not found.get("image_link") and pictures:
        found["image_link"] = pictures[0]
    stated = found.get("additional_image_link", "")
    if isinstance(stated, str) and stated:
        found["additional_image_link"] = tuple(re.split(r"[,\s]+", stated.strip(", ")))
    elif len(pictures) > 1:
        found["additional_image_link"] = tuple(pictures[1 : 1 + language.additional_max])


def _put_spellings(found: dict[str, Value], language: Language) -> None:
    for name, known in (
        ("availability", language.availability),
        ("condition", language.condition),
    ):
        found[name] = spelled(str(found.get(name, "")), known)
    if found.get("gtin") or found.get("mpn"):
        found.pop("identifier_exists", None)
    for name in ("link", "image_link"):
        found[name] = quote(str(found.get(name, "")), safe=_ADDRESS)


def _put_sale(found: dict[str, Value], fields: Mapping[str, FieldValue]) -> None:
    """During a sale the struck price is the price, and the lower one the sale price."""
    order = fields.get("variants")
    first = order[0] if isinstance(order, tuple) and order else ""
    before = fields.get(f"compare_at.{first}")
    if before and "csv.price" not in fields and found.get("price"):
        found["sale_price"], found["price"] = found["price"], str(before)


def _put_shipping(found: dict[str, Value]) -> None:
    currency = str(found.get("price", "")).rpartition(" ")[2]
    if currency and not found.get("shipping"):
        free = f"0.00 {currency}"
        found["shipping"] = Nested((("price", free),), f":::{free}")


def _put_structured(found: dict[str, Value], fields: Mapping[str, FieldValue]) -> None:
    """Of a text that a machine wrote only the structured form is sent: beside it, the plain one would win."""
    written = fields.get(AI_TEXT)
    for name in ("title", "description"):
        text = str(found.get(name, ""))
        if not (isinstance(written, tuple) and name in written and text):
            continue
        # A quotation mark would end the text in a table.
        flat = text.replace('"', "\u201d")
        found[name] = ""
        found[f"structured_{name}"] = Nested(
            (("digital_source_type", GENERATED), ("content", text)), f'{GENERATED}:"{flat}"'
        )


def pictures_in(found: Mapping[str, Value]) -> tuple[str, ...]:
    """Every picture address of an entry, the main one first."""
    more = found.get("additional_image_link", ())
    return (str(found.get("image_link", "")), *(more if isinstance(more, tuple) else (str(more),)))


def problems(found: Mapping[str, Value], row: Row) -> list[str]:
    """Why the reader would refuse the entry, one sentence each; empty when it would not."""
    return list(_problems(found, language_of(row)))


def _problems(found: Mapping[str, Value], language: Language) -> Iterator[str]:
    if len(str(found.get("id", ""))) > language.id_max:
        yield f"the id is longer than {language.id_max} characters"
    for name, most in (("title", language.title_max), ("description", language.description_max)):
        text = _content(found, name)
        if not text:
            yield f"there is no {name}"
        elif len(text) > most:
            yield f"the {name} is longer than {most} characters"
    for name in ("link", "image_link"):
        yield from _address_problems(name, str(found.get(name, "")))
    more = found.get("additional_image_link", ())
    if isinstance(more, tuple):
        if len(more) > language.additional_max:
            yield f"there are more than {language.additional_max} additional pictures"
        for address in more:
            yield from _address_problems("additional_image_link", address)
    for name, known in (("availability", language.availability), ("condition", language.condition)):
        if found.get(name) not in known:
            yield f"{name} is none of {', '.join(sorted(known))}"
    if not _PRICE.fullmatch(str(found.get("price", ""))):
        yield "there is no price with a currency, as in 12.50 EUR"
    if language.identity and not any(found.get(n) for n in ("brand", "mpn", "gtin")):
        yield "one of brand, mpn and gtin must be there: state the creator"
    if len(str(found.get("brand", ""))) > 100 and language.identity:
        yield "the brand is longer than 100 characters"


def _content(found: Mapping[str, Value], name: str) -> str:
    structured = found.get(f"structured_{name}")
    if isinstance(structured, Nested):
        return dict(structured.parts).get("content", "")
    return str(found.get(name) or structured or "")


def _address_problems(name: str, address: str) -> Iterator[str]:
    if not address:
        yield f"there is no {name}"
        return
    try:
        parts = urlsplit(address)
    except ValueError:
        yield f"{name} is no address"
        return
    if parts.scheme not in ("http", "https") or not parts.netloc:
        yield f"{name} must begin with https://"
    if len(address) > URL_MAX or not address.isascii():
        yield f"{name} must be ASCII and at most {URL_MAX} characters long"
