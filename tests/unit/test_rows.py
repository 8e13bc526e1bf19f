"""Every shipped row as data: it parses, accounts for all verbs, sources each figure, and has exact headers."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest

from publisher.errors import ConfigError
from publisher.manifest.item import ItemKind
from publisher.row import Row, TextLimit, Verb, read_row
from publisher.rules import ActionKind

CHANNELS = Path(__file__).parents[2] / "channels"
STOCK = (
    "123rf",
    "adobe-stock",
    "alamy",
    "depositphotos",
    "dreamstime",
    "freepik",
    "pond5",
    "shutterstock",
    "vecteezy",
)
OURS = {
    **{n: CHANNELS / "stock" / f"{n}.toml" for n in STOCK},
    "bundles": CHANNELS / "bundles" / "bundles.toml",
    "handoff": CHANNELS / "handoff" / "handoff.toml",
}
TODAY = dt.date(2026, 11, 21)
SOURCE_KEY = re.compile(r"\[[A-Z]{2}\d+\]|\b(PC|AD|SS|AL|FP|DR|DE|RF|PO|VE|XP|MS)\d{1,2}\b")


def load(name: str) -> Row:
    return read_row(OURS[name], OURS[name].parent.name)


@pytest.fixture(params=sorted(OURS))
def row(request: pytest.FixtureRequest) -> Row:
    return load(request.param)


def test_a_row_is_named_like_its_file(row: Row) -> None:
    assert OURS[row.name].stem == row.name


def test_each_verb_is_in_can_or_has_a_reason(row: Row) -> None:
    assert set(row.can) | set(row.cannot) == set(Verb)
    assert all(len(reason) > 20 for reason in row.cannot.values())


def test_each_rule_is_dated_sourced_and_not_yet_expired(row: Row) -> None:
    for rule in row.rule:
        assert rule.source and not SOURCE_KEY.search(rule.source), rule.id
        assert rule.text and not rule.text.endswith(".")
        assert rule.expires is not None and rule.expires > TODAY
        assert rule.seen <= TODAY
    for quota in row.quota:
        assert quota.source


def test_each_section_has_evidence(row: Row) -> None:
    limits = row.limits
    sections = [row.transport, limits.title, limits.description, limits.keywords, limits.filename]
    sections += [row.file, row.pace, row.categories]
    for section in sections:
        assert section.evidence is not None, section
        assert section.evidence.source and not SOURCE_KEY.search(section.evidence.source)


def test_categories_fit_the_documented_vocabulary(row: Row) -> None:
    page = (CHANNELS.parent / "docs" / "categories.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE))
    assert set(row.categories.mapping) <= documented


def test_what_a_rule_adds_fits_the_limits_of_its_row(row: Row) -> None:
    limits = {"title": row.limits.title, "description": row.limits.description}
    for action in (a for rule in row.rule for a in rule.actions):
        if action.kind is ActionKind.ADD_KEYWORD and row.limits.keywords.each is not None:
            assert len(action.value) <= row.limits.keywords.each
        if action.kind is ActionKind.APPEND_SENTENCE:
            limit: TextLimit = limits[action.field]
            assert limit.max is None or len(action.value) <= limit.max // 2
            assert not set(action.value) & set(limit.forbid)


def test_endpoints_of_the_agencies() -> None:
    found = {
        n: (r := load(n).transport).kind + "://" + f"{r.host}:{r.port} {r.root}" for n in STOCK
    }
    assert found == {
        "123rf": "ftp://ftp.123rf.com:21 /",
        "adobe-stock": "sftp://sftp.contributor.adobestock.com:22 /",
        "alamy": "ftp://upload.alamy.com:21 Stock",
        "depositphotos": "ftp://ftp.depositphotos.com:21 /",
        "dreamstime": "ftp://upload.dreamstime.com:21 /",
        "freepik": "ftp://contributor-ftp.freepik.com:21 /",
        "pond5": "ftp://ftp.pond5.com:21 /",
        "shutterstock": "ftps://ftps.shutterstock.com:21 /",
        "vecteezy": "sftp://content-ftp.eezy.com:22 /",
    }


DREAMSTIME = (
    "Filename,Image Name,Description,Category 1,Category 2,Category 3,keywords,Free,W-EL,P-EL,"
    "SR-EL,SR-Price,Editorial,MR doc Ids,Pr Docs"
)
# header, delimiter, joiner, BOM, line end, quoting
GOLDEN = {
    ("adobe-stock", "portal"): (
        "Filename,Title,Keywords,Category,Releases", ",", ",", False, "crlf", "minimal",
    ),
    ("shutterstock", "official"): (
        "Filename,Description,Keywords,Categories,Illustration,Mature Content,Editorial",
        ",", ",", False, "lf", "minimal",
    ),
    ("shutterstock", "template"): (
        "Filename,Description,Keywords,Categories,Editorial,Mature content,illustration",
        ",", ",", False, "crlf", "minimal",
    ),
    ("freepik", "long"): (
        "File name;Title;Keywords;Prompt;Model", ";", ",", False, "crlf", "minimal",
    ),
    ("freepik", "short"): (
        "filename;title;tags;Prompt;Model", ";", ",", True, "crlf", "minimal",
    ),
    ("freepik", "short-human"): ("filename;title;tags", ";", ",", True, "crlf", "minimal"),
    ("dreamstime", "without-bom"): (DREAMSTIME, ",", ",", False, "crlf", "minimal"),
    ("dreamstime", "with-bom"): (DREAMSTIME, ",", ",", True, "crlf", "minimal"),
    ("123rf", "portal"): (
        "oldfilename,123rf_filename,description,keywords,country", ",", ",", False, "crlf", "all",
    ),
    ("pond5", "seven"): (
        "originalfilename,title,description,keywords,copyright,price,editorial",
        ",", ",", False, "crlf", "minimal",
    ),
    ("pond5", "five"): (
        "originalfilename,title,description,keywords,editorial", ",", ",", False, "crlf", "minimal",
    ),
    ("vecteezy", "five"): (
        "Filename,Title,Description,Keywords,License", ",", ", ", False, "lf", "all",
    ),
    ("vecteezy", "six"): (
        "Filename,Title,Description,Keywords,License,Id", ",", ", ", False, "lf", "all",
    ),
}  # fmt: skip


def test_csv_dialects_are_exactly_the_known_ones() -> None:
    found = {}
    for name in OURS:
        sheet = load(name).csv
        for key, d in sheet.dialects.items() if sheet else ():
            header = d.delimiter.join(c.header for c in d.columns)
            found[name, key] = (header, d.delimiter, d.joiner, d.bom, d.eol, d.quoting)
    assert found == GOLDEN


def test_csv_delivery_and_caps() -> None:
    sheets = {n: s for n in STOCK if (s := load(n).csv) is not None}
    assert {n: (s.delivery, s.dialect) for n, s in sheets.items()} == {
        "123rf": ("portal", "portal"),
        "adobe-stock": ("portal", "portal"),
        "dreamstime": ("portal", "without-bom"),
        "freepik": ("portal", "long"),
        "pond5": ("portal", "seven"),
        "shutterstock": ("portal", "official"),
        "vecteezy": ("upload", "five"),
    }
    adobe = sheets["adobe-stock"].dialects["portal"]
    assert (adobe.rows_max, adobe.bytes_max) == (1000, 1_000_000)


def test_rows_without_a_csv_say_why_there_is_no_batch_step() -> None:
    for name in STOCK:
        row = load(name)
        assert (Verb.SUBMIT in row.can) is (row.csv is not None)
    assert "CSV" in load("alamy").cannot[Verb.SUBMIT]


def test_what_the_rows_take() -> None:
    assert load("bundles").accepts == (ItemKind.BUNDLE,)
    assert load("handoff").accepts == (ItemKind.ASSET, ItemKind.BUNDLE)
    assert all(load(n).accepts == (ItemKind.ASSET,) for n in STOCK)


def test_adobe_has_a_weekly_cap_for_generated_images() -> None:
    (quota,) = load("adobe-stock").quota
    assert (quota.limit, quota.days) == (100, 7)


def test_appendix_values() -> None:
    adobe, dreamstime = load("adobe-stock").categories, load("dreamstime").categories
    assert set(adobe.mapping.values()) == {str(n) for n in range(1, 22)}
    assert {adobe.mapping["food"], adobe.mapping["travel"]} == {"7", "21"}
    assert (dreamstime.mapping["religion"], dreamstime.max) == ("128", 3)
    assert load("shutterstock").categories.mapping["animals"] == "Animals/Wildlife"
    assert load("shutterstock").categories.default == "Miscellaneous"


def test_a_mistake_names_the_file_and_every_reason(tmp_path: Path) -> None:
    text = OURS["alamy"].read_text(encoding="utf-8")
    broken = tmp_path / "alamy.toml"
    broken.write_text(
        text.replace('mode = "transfer"', 'mode = "pigeon"').replace(
            "[file]", "[file]\ncolour = 1"
        ),
        encoding="utf-8",
    )
    with pytest.raises(ConfigError) as caught:
        read_row(broken, "stock")
    problems = "\n".join(caught.value.problems)
    assert "alamy.toml: mode:" in problems and "alamy.toml: file.colour:" in problems
