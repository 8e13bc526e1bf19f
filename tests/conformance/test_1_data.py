"""Level 1: the row is honest data.

Before any code runs, a channel is a TOML file. It must parse, tolerate no unknown key, name the source and the date
of every figure, account for each verb, and agree with the code of its adapter. What a person has to set is
described, marked when it is secret, and stands in ``.env.example``. The CSV header is compared byte by byte.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from catalogue import DAY, ROWS
from pydantic import BaseModel

from channels.transport.sheet import write_sheets
from publisher.discovery import adapter, known_rows, sandbox_type, verbs
from publisher.environment import env_example
from publisher.errors import ConfigError
from publisher.row import Dialect, Evidence, Mode, Row, Verb, read_row
from publisher.settings import describe, variable_prefix

SECRET = re.compile(r"password|passphrase|secret|token|access_key|api_key", re.IGNORECASE)


@pytest.fixture
def row(name: str) -> Row:
    return ROWS[name]


def test_1_the_row_parses_and_is_named_like_its_file(name: str, row: Row) -> None:
    found = known_rows()[name]
    assert row.name == found.path.stem == name
    assert row.adapter == found.adapter
    assert row.title


def test_1_an_unknown_key_is_an_error_at_every_depth(name: str, tmp_path: Path) -> None:
    text = known_rows()[name].path.read_text(encoding="utf-8")
    heads = [m.end() for m in re.finditer(r"^\[.*\]$", text, re.MULTILINE)]
    assert heads
    for place in (0, heads[0], heads[-1]):
        broken = tmp_path / f"{name}.toml"
        broken.write_text(text[:place] + '\nsurprise = "x"\n' + text[place:], encoding="utf-8")
        with pytest.raises(ConfigError) as caught:
            read_row(broken, "any")
        assert any("surprise" in p for p in caught.value.problems)


def test_2_each_rule_has_source_and_dates(row: Row) -> None:
    assert row.rule
    for rule in row.rule:
        assert rule.source.strip() and rule.text.strip(), rule.id
        assert rule.expires is not None, f"{rule.id} never expires"
        assert rule.seen < DAY < rule.expires, rule.id
    for quota in row.quota:
        assert quota.source.strip(), quota.id


def test_2_each_figure_has_evidence(row: Row) -> None:
    bare = [where for where, part in _sections(row, row.name) if _evidence(part) is None]
    assert bare == []


def _sections(part: BaseModel, where: str) -> Iterator[tuple[str, BaseModel]]:
    for field in type(part).model_fields:
        value = getattr(part, field)
        items = value.items() if isinstance(value, dict) else [("", value)]
        for key, inner in items:
            if not isinstance(inner, BaseModel):
                continue
            if "evidence" in type(inner).model_fields:
                yield f"{where}.{field}.{key}", inner
            yield from _sections(inner, f"{where}.{field}.{key}")


def _evidence(part: BaseModel) -> Evidence | None:
    found = getattr(part, "evidence", None)
    return found if isinstance(found, Evidence) and found.source.strip() else None


def test_3_can_is_what_the_code_does_and_cannot_has_a_reason(row: Row) -> None:
    session = type(adapter(row)).SessionType
    assert set(row.can) <= verbs(session)
    assert set(row.can) | set(row.cannot) == set(Verb)
    assert not set(row.can) & set(row.cannot)
    for verb, reason in row.cannot.items():
        assert len(reason.split()) >= 4, f"{verb.value}: {reason!r} explains nothing"


def test_3_a_remote_side_has_a_sandbox(row: Row) -> None:
    local = row.mode is Mode.HANDOFF or row.transport.kind == "folder"
    assert (sandbox_type(row) is None) == local


def test_4_each_setting_is_described_and_secrets_are_marked(row: Row) -> None:
    for field, text, _default, secret in describe(adapter(row).settings_type()):
        assert text.endswith(".") and len(text) > 10, field
        # Whose secret it is and where a key lies are not secrets themselves.
        named = SECRET.search(field) and not field.endswith(("_id", "_file", "_check"))
        assert secret or not named, f"{field} looks like a secret and is shown in the open"


def test_4_each_setting_is_in_the_example(name: str, row: Row) -> None:
    example = env_example()
    for field, text, _default, _secret in describe(adapter(row).settings_type()):
        assert f"# {variable_prefix(name)}{field.upper()}=" in example
        assert text in example


def _quoted(dialect: Dialect, header: str) -> str:
    everything = dialect.quoting == "all" and dialect.quote_header
    awkward = dialect.delimiter in header or '"' in header
    return '"' + header.replace('"', '""') + '"' if everything or awkward else header


def test_5_the_csv_header_is_exact_to_the_byte(row: Row) -> None:
    if row.csv is None:
        pytest.skip(f"{row.title} takes no CSV: {row.cannot.get(Verb.SUBMIT, 'a person uploads')}")
    for name, dialect in row.csv.dialects.items():
        (sheet,) = write_sheets(dialect, [{}])
        end = b"\r\n" if dialect.eol == "crlf" else b"\n"
        text = dialect.delimiter.join(_quoted(dialect, c.header) for c in dialect.columns)
        golden = (b"\xef\xbb\xbf" if dialect.bom else b"") + text.encode("utf-8") + end
        assert sheet.startswith(golden), name
        assert sheet.count(end) == 2 and sheet.endswith(end), name
