"""Every shipped row as data: it parses, accounts for all verbs, sources each figure, and has exact headers."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest

from publisher.compose.vocabulary import NEAR
from publisher.errors import ConfigError
from publisher.manifest.item import ItemKind
from publisher.row import Categories, Mode, Row, TextLimit, Verb, read_row
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
BY_HAND = (
    "arcangel",
    "canva",
    "etsy",
    "fiverr",
    "getty-istock",
    "opensea",
    "rarible",
    "upwork",
    "wirestock",
)
"""Channels that a person serves from a pack."""
BY_BROWSER = ("redbubble", "society6", "stock-portal", "zazzle")
"""Sites whose forms a browser fills in, and a person sends off."""
FEEDS = ("google-merchant", "meta-catalogue")
"""Files of our own that readers fetch."""
OURS = {
    **{n: CHANNELS / "stock" / f"{n}.toml" for n in STOCK},
    **{n: next(CHANNELS.glob(f"*/{n}.toml")) for n in BY_HAND},
    **{n: CHANNELS / "feeds" / f"{n}.toml" for n in FEEDS},
    **{n: CHANNELS / "browser" / f"{n}.toml" for n in BY_BROWSER},
    "bundles": CHANNELS / "bundles" / "bundles.toml",
    "shopify": CHANNELS / "shopify" / "shopify.toml",
    "woocommerce": CHANNELS / "woocommerce" / "woocommerce.toml",
    "handoff": CHANNELS / "handoff" / "handoff.toml",
}
TODAY = dt.date(2026, 11, 21)
SOURCE_KEY = re.compile(
    r"\[[A-Z]{2}\d+\]|\b(PC|AD|SS|GE|AL|FP|DR|DE|RF|PO|VE|CA|WI|AR|RB|SO|ZA|ET|OS|RA|SH|WC|ME|GM|UP|FI"
    r"|IP|EU|XP|MS)\d{1,2}\b"
)


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


def test_the_vocabulary_s_neighbours_are_those_of_the_page() -> None:
    page = (CHANNELS.parent / "docs" / "categories.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE))
    assert set(NEAR) == documented
    assert {near for words in NEAR.values() for near in words} <= documented
    assert all(word not in words and words for word, words in NEAR.items())


def test_the_three_agencies_know_their_whole_lists() -> None:
    sizes = {
        n: len(load(n).categories.known) for n in ("adobe-stock", "shutterstock", "dreamstime")
    }
    assert sizes == {"adobe-stock": 21, "shutterstock": 26, "dreamstime": 182}
    assert load("dreamstime").categories.named("212") == (
        "212 (Illustrations & Clipart > AI generated)"
    )
    assert set(load("adobe-stock").categories.mapping.values()) == {str(n) for n in range(1, 22)}
    shutterstock = load("shutterstock").categories
    assert {*shutterstock.mapping.values(), shutterstock.default} == set(shutterstock.known)


def test_a_mapping_to_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="does not have: 99"):
        Categories(mapping={"food": "99"}, known={"7": "Food"})


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
SHOPIFY = (
    "Title,URL handle,Description,Vendor,Product category,Type,Tags,Published on online store,Status,"
    "SKU,Barcode,Option1 name,Option1 value,Option1 Linked To,Option2 name,Option2 value,"
    "Option2 Linked To,Option3 name,Option3 value,Option3 Linked To,Price,Compare-at price,"
    "Cost per item,Charge tax,Tax code,Unit price total measure,Unit price total measure unit,"
    "Unit price base measure,Unit price base measure unit,Inventory tracker,Inventory quantity,"
    "Continue selling when out of stock,Weight value (grams),Weight unit for display,Requires shipping,"
    "Fulfillment service,Product image URL,Image position,Image alt text,Variant image URL,Gift card,"
    "SEO title,SEO description"
)
WOOCOMMERCE = (
    "ID,Type,SKU,Name,Published,Is featured?,Visibility in catalog,Short description,Description,"
    "Date sale price starts,Date sale price ends,Tax status,Tax class,In stock?,Stock,"
    "Backorders allowed?,Sold individually?,Weight (lbs),Length (in),Width (in),Height (in),"
    "Allow customer reviews?,Purchase note,Sale price,Regular price,Categories,Tags,Shipping class,"
    "Images,Download limit,Download expiry days,Parent,Grouped products,Upsells,Cross-sells,"
    "External URL,Button text,Position,Download 1 name,Download 1 URL"
)
GOOGLE = (
    "id title description link image_link availability price condition brand google_product_category "
    "identifier_exists structured_title structured_description"
)
# header, delimiter, joiner, BOM, line end, quoting
GOLDEN = {
    ("getty-istock", "esp"): (
        "file name,created date,description,country,brief code,title,keywords",
        ",", ",", False, "crlf", "minimal",
    ),
    ("getty-istock", "istock"): (
        "File Name,Title,Description,Keywords", ",", ",", True, "crlf", "minimal",
    ),
    ("getty-istock", "getty"): (
        "File Name,Caption,Description,Keywords", ",", ",", True, "crlf", "minimal",
    ),
    ("canva", "lower"): ("filename,title,description,tags", ",", ",", True, "crlf", "minimal"),
    ("canva", "upper"): ("Filename,Title,Keywords,Description", ",", ",", True, "crlf", "minimal"),
    ("shopify", "products"): (SHOPIFY, ",", ", ", False, "lf", "minimal"),
    ("woocommerce", "products"): (WOOCOMMERCE, ",", ", ", False, "lf", "minimal"),
    ("meta-catalogue", "feed"): (
        "id,title,description,availability,condition,price,link,image_link,brand,"
        "google_product_category", ",", ", ", False, "lf", "minimal",
    ),
    ("google-merchant", "feed"): (
        GOOGLE.replace(" ", "\t"), "\t", ", ", False, "lf", "minimal",
    ),
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
    packs = {"handoff", "etsy", "shopify", "woocommerce", "google-merchant"}
    for name in ("handoff", "woocommerce", *BY_HAND):
        both = (ItemKind.ASSET, ItemKind.BUNDLE)
        assert load(name).accepts == (both if name in packs else both[:1])
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


def test_what_a_person_carries_over_is_made_like_every_pack() -> None:
    own = load("handoff")
    for name in BY_HAND:
        row = load(name)
        assert (row.mode, row.can, row.transport.kind) == (own.mode, own.can, "folder")
        assert row.page.startswith("https://") and row.setup
        assert row.automation is not None


def test_what_a_browser_fills_in_is_sent_off_by_a_person() -> None:
    for name in BY_BROWSER:
        row = load(name)
        assert (row.mode, row.transport.kind) == (Mode.ASSISTED, "browser")
        listed = "examined" if Verb.FIND in row.can else "inconclusive"
        assert row.transport.connections == 1 and row.transport.absence == listed
        assert row.pace.gap_seconds and row.page.startswith("https://") and row.setup
        assert row.automation is not None and row.automation.kind == "assisted"


def test_every_kind_of_rule_has_a_real_row() -> None:
    rows = [load(name) for name in OURS]
    used = {name for r in rows for rule in r.rule for name in rule.when.model_fields_set}
    assert used >= {
        "provenance", "edit_share_over", "edits", "people", "property", "places", "brands", "text",
        "news_event", "style", "editorial", "mature", "rights", "plan", "product", "release", "terms",
        "term_classes",
    }  # fmt: skip
    acts = {a.kind for r in rows for rule in r.rule for a in rule.actions}
    assert acts == set(ActionKind) - {ActionKind.CONVERT_FILE}
    sections = ("gate", "exclusivity", "similarity", "automation", "irreversible", "metadata",
                "releases", "after", "quota", "csv")  # fmt: skip
    for section in sections:
        assert any(getattr(r, section) for r in rows), section
    assert {q.window for r in rows for q in r.quota} == {"rolling", "month", "batch", "first-batch"}
    assert {q.counts for r in rows for q in r.quota} == {"creates", "calls"}
    assert any(q.scale_by == "approval" for r in rows for q in r.quota)
    assert any(rule.effective_until for r in rows for rule in r.rule)


def test_google_and_shopify_know_every_word_of_the_vocabulary() -> None:
    page = (CHANNELS.parent / "docs" / "categories.md").read_text(encoding="utf-8")
    words = set(re.findall(r"^\| `([a-z-]+)` \|", page, re.MULTILINE))
    for name in ("google-merchant", "shopify", "woocommerce"):
        assert set(load(name).categories.mapping) == words, name
    assert load("google-merchant").categories.default == "500044"
    assert load("meta-catalogue").categories.default == "500044"


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
