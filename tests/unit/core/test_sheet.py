"""CSV dialects: what is written can be read back, in every dialect that a row ships."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.transport.sheet import write_sheets
from publisher.discovery import known_rows, load_row
from publisher.errors import Rejected
from publisher.row import Dialect

DIALECTS = [
    (name, key)
    for name in sorted(known_rows())
    if (sheet := load_row(name).csv) is not None
    for key in sheet.dialects
]
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def dialect_of(name: str, key: str) -> Dialect:
    sheet = load_row(name).csv
    assert sheet is not None
    return sheet.dialects[key]


def parsed(dialect: Dialect, content: bytes) -> list[list[str]]:
    text = content.decode("utf-8-sig" if dialect.bom else "utf-8")
    if dialect.quoting == "none":
        eol = "\r\n" if dialect.eol == "crlf" else "\n"
        return [line.split(dialect.delimiter) for line in text.removesuffix(eol).split(eol)]
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=dialect.delimiter))


@pytest.mark.parametrize(("name", "key"), DIALECTS)
@given(texts=st.lists(words, min_size=1, max_size=3), keywords=st.lists(words, max_size=5))
def test_hostile_values_never_break_the_table(
    name: str, key: str, texts: list[str], keywords: list[str]
) -> None:
    dialect = dialect_of(name, key)
    rows = [
        {c.field: tuple(keywords) if c.field == "keywords" else text for c in dialect.columns}
        for text in texts
    ]
    (content,) = write_sheets(dialect.model_copy(update={"bytes_max": None}), rows)
    table = parsed(dialect, content)
    assert table[0] == [c.header for c in dialect.columns]
    assert len(table) == len(rows) + 1
    assert all(len(line) == len(dialect.columns) for line in table)


@pytest.mark.parametrize(("name", "key"), DIALECTS)
def test_bom_and_line_ends_are_as_the_row_says(name: str, key: str) -> None:
    dialect = dialect_of(name, key)
    (content,) = write_sheets(dialect, [{c.field: "x" for c in dialect.columns}])
    assert content.startswith(b"\xef\xbb\xbf") is dialect.bom
    assert (b"\r\n" in content) is (dialect.eol == "crlf")
    assert content.endswith(b"\n")


def test_caps_split_a_batch_and_lose_nothing() -> None:
    dialect = dialect_of("adobe-stock", "portal").model_copy(update={"rows_max": 3})
    rows = [{"filename": f"{n}.jpg", "title": "t"} for n in range(8)]
    sheets = write_sheets(dialect, rows)
    tables = [parsed(dialect, s) for s in sheets]
    assert [len(t) - 1 for t in tables] == [3, 3, 2]
    assert [line[0] for t in tables for line in t[1:]] == [f"{n}.jpg" for n in range(8)]


def test_bytes_cap() -> None:
    dialect = dialect_of("adobe-stock", "portal").model_copy(update={"bytes_max": 200})
    rows = [{"filename": f"{n}.jpg", "title": "t" * 60} for n in range(5)]
    sheets = write_sheets(dialect, rows)
    assert len(sheets) > 1
    assert all(len(s) <= 200 for s in sheets)
    with pytest.raises(Rejected, match="200 bytes"):
        write_sheets(dialect, [{"title": "t" * 500}])


def test_adobe_s_golden_bytes() -> None:
    dialect = dialect_of("adobe-stock", "portal")
    row = {
        "filename": "glass_001.jpg",
        "title": 'Ice, "blue"',
        "keywords": ("ice", "blue, cold", "line\nbreak"),
        "category": "8",
    }
    assert write_sheets(dialect, [row]) == [
        b"Filename,Title,Keywords,Category,Releases\r\n"
        b'glass_001.jpg,"Ice, ""blue""","ice,blue cold,line break",8,\r\n'
    ]
