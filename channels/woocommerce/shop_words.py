"""What the shop of the sandbox says: replies, refusals in WordPress' form, and what it does to texts and prices."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Entry = dict[str, Any]

_TAG = re.compile(r"</?[A-Za-z][^>]*>")
_LOOSE_AND = re.compile(r"&(?!#?\w+;)")
_DECIMAL = re.compile(r"-?[0-9]*\.?[0-9]+")


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer of the shop."""

    status: int
    data: Any
    headers: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> bytes:
        """Its JSON."""
        return json.dumps(self.data, ensure_ascii=False).encode()


class Refused(Exception):
    """The shop refuses something; ``reply`` says why."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(str(reply.data))
        self.reply = reply


def refuse(status: int, code: str, message: str, **more: Any) -> Reply:
    """A refusal as WordPress words it."""
    return Reply(status, {"code": code, "message": message, "data": {"status": status, **more}})


def refused(status: int, code: str, message: str, **more: Any) -> Refused:
    """The same, to be raised."""
    return Refused(refuse(status, code, message, **more))


def filtered(text: str) -> str:
    """A name as WordPress stores it: without tags, loose ampersands escaped."""
    return _LOOSE_AND.sub("&amp;", _TAG.sub("", text))


def price(value: Any, name: str) -> str:
    """A price as WooCommerce stores it. What is no number becomes empty, and nobody is told."""
    if not isinstance(value, str):
        raise refused(400, "rest_invalid_param", f"Invalid parameter(s): {name}")
    text = value.strip()
    return text if _DECIMAL.fullmatch(text) else ""


def slugged(text: str) -> str:
    """A slug of a text."""
    return re.sub(r"[^a-z0-9_]+", "-", _TAG.sub("", text).lower()).strip("-") or "product"


def only(entry: Entry, names: str) -> Entry:
    """The fields that were asked for; all of them when none is named."""
    if not names:
        return entry
    wanted = {n.split(".")[0] for n in names.split(",")}
    return {k: v for k, v in entry.items() if k in wanted}
