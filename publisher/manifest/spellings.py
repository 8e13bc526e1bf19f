"""How prices, days, moments, whole numbers and fixed words may be written in a manifest, the same in every file format.

Each function takes what a parser gave and returns what pydantic is to check. Nothing is rounded or guessed.
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from enum import Enum
from typing import Any

from pydantic_core import PydanticKnownError

from publisher.manifest.refusal import refused_value

_PLAIN_PRICE = re.compile(r"\d+(\.\d+)?", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOMENT = "write it with its time zone, as in 2026-11-27T00:00+01:00"
_WHOLE = re.compile(r"-?(0|[1-9]\d{0,17})", re.ASCII)


def exact(value: Any) -> Any:
    """A price by its text; a binary float is taken by its shortest text, never by its bits."""
    if isinstance(value, float):
        value = repr(value)
    if not isinstance(value, str):
        return value
    text = value.strip()
    if _PLAIN_PRICE.fullmatch(text):
        return text
    if not _NUMBER.fullmatch(text):
        raise PydanticKnownError("decimal_parsing")
    number = Decimal(text)  # an exponent or a sign: the plain spelling of the same number
    return format(abs(number) if number.is_zero() else number, "f")


def day(value: Any) -> Any:
    """Only YYYY-MM-DD is a day in a manifest; a bare number is never read as a timestamp."""
    if isinstance(value, dt.date) or (isinstance(value, str) and _DAY.fullmatch(value.strip())):
        return value.strip() if isinstance(value, str) else value
    raise PydanticKnownError("date_parsing", {"error": "not YYYY-MM-DD"})


def percent(value: Any) -> Any:
    """A share in per cent, with or without its sign: 20, "20" and "20 %" are the same."""
    if isinstance(value, str):
        value = value.strip().removesuffix("%")
    return exact(value)


def moment(value: Any) -> Any:
    """A moment with its time zone; a bare day or a local time is another moment in every country."""
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value.strip())
        except ValueError:
            raise refused_value("is not a moment", _MOMENT) from None
    if not isinstance(value, dt.datetime) or value.tzinfo is None:
        raise refused_value("has no time zone", _MOMENT)
    return value


def whole(value: Any) -> Any:
    """A category that is written as a whole number is one, quoted or not, in every file format."""
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        return int(value)
    return value


class DataMining(str, Enum):
    """Whether machines may learn from the picture, in the words of the PLUS vocabulary."""

    UNSPECIFIED = "unspecified"
    ALLOWED = "allowed"
    NO_TRAINING = "no-ai-training"
    NO_GENERATIVE_TRAINING = "no-generative-ai-training"
    ONLY_SEARCH = "only-search-engines"
    PROHIBITED = "prohibited"
