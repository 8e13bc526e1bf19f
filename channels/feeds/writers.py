"""Writes a feed entry by entry: RSS 2.0 with Google's namespace, or a table. Never the whole feed in memory.

Every attribute of an RSS entry stands on a line of its own, since one reader refuses long lines. Values come in
without control characters; escaping and quoting happen here and nowhere else.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO
from xml.sax.saxutils import escape

from channels.feeds.attributes import Nested, Value
from channels.feeds.language import LINE_MAX, Format
from publisher.errors import Rejected

NAMESPACE = "http://base.google.com/ns/1.0"
"""The namespace of the attributes, which both readers know as ``g``."""


@dataclass(frozen=True, slots=True)
class Head:
    """What an RSS feed says of itself."""

    title: str
    link: str
    description: str


def write_feed(
    sink: BinaryIO,
    form: Format,
    head: Head,
    columns: Sequence[str],
    entries: Iterable[Mapping[str, Value]],
) -> int:
    """Write a feed; returns how many entries it has. ``columns`` are those of a table, in order.

    Raises Rejected when one line of it would be longer than a reader takes.
    """
    if form is Format.RSS:
        return _write_rss(sink, head, entries)
    return _write_table(sink, "\t" if form is Format.TSV else ",", columns, entries)


def _write_rss(sink: BinaryIO, head: Head, entries: Iterable[Mapping[str, Value]]) -> int:
    count = 0
    opening = (
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<rss version="2.0" xmlns:g="{NAMESPACE}">',
        "<channel>",
        f"<title>{escape(head.title)}</title>",
        f"<link>{escape(head.link)}</link>",
        f"<description>{escape(head.description)}</description>",
    )
    sink.write(("\n".join(opening) + "\n").encode())
    for entry in entries:
        lines = ["<item>"]
        for name, value in entry.items():
            lines += _elements(name, value)
        lines.append("</item>\n")
        text = "\n".join(lines).encode()
        if len(text) > LINE_MAX:
            _check_lines(entry, text.split(b"\n"))
        sink.write(text)
        count += 1
    sink.write(b"</channel>\n</rss>\n")
    return count


def _elements(name: str, value: Value) -> list[str]:
    if isinstance(value, str):
        return [f"<g:{name}>{escape(value)}</g:{name}>"]
    if isinstance(value, tuple):
        return [f"<g:{name}>{escape(v)}</g:{name}>" for v in value]
    parts = [f"<g:{part}>{escape(text)}</g:{part}>" for part, text in value.parts]
    return [f"<g:{name}>", *parts, f"</g:{name}>"]


def _write_table(
    sink: BinaryIO, delimiter: str, columns: Sequence[str], entries: Iterable[Mapping[str, Value]]
) -> int:
    count = 0
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\n")
    writer.writerow(columns)
    for entry in entries:
        sink.write(_taken(buffer))
        writer.writerow([cell(entry.get(name, "")) for name in columns])
        if buffer.tell() > LINE_MAX // 4:
            _check_lines(entry, [buffer.getvalue().encode()])
        count += 1
    sink.write(_taken(buffer))
    return count


def cell(value: Value) -> str:
    """The value as a table spells it."""
    if isinstance(value, Nested):
        return value.flat
    return value if isinstance(value, str) else ",".join(value)


def _taken(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()


def _check_lines(entry: Mapping[str, Value], lines: Iterable[bytes]) -> None:
    if any(len(line) > LINE_MAX for line in lines):
        raise Rejected(
            f"{entry.get('id', 'an entry')}: a line of the feed would be longer than {LINE_MAX} bytes",
            remedy="shorten what channels.ACCOUNT.fields states for it",
        )
