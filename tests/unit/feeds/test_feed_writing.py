"""What a feed says: judged by parsers, rules and types that know nothing of the writer."""

from __future__ import annotations

import io
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from feed_judge import judge, read, text_of
from feed_workshop import FORMATS, GOOGLE, META, listing
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.feeds.attributes import attributes, problems
from channels.feeds.language import Format, chosen_format, formats_of
from channels.feeds.readers import read_feed
from channels.feeds.writers import Head, write_feed
from publisher.discovery import adapter, load_row
from publisher.errors import ConfigError, Rejected
from publisher.listing import Level, Listing

HEAD = Head("Glass & Sons", "https://shop.example/feed.xml", "Prints <framed>")
PICTURES = ["https://cdn.example/images/0123/glass_1.jpg"]


def feed(channel: str, form: str, *made: Listing, pictures: list[str] | None = None) -> bytes:
    """The bytes of a feed with these entries."""
    row = load_row(channel)
    entries = [attributes(m.key, m.fields, pictures or PICTURES, row) for m in made]
    columns = list(dict.fromkeys(name for e in entries for name in e))
    sink = io.BytesIO()
    assert write_feed(sink, Format(form), HEAD, columns, entries) == len(made)
    return sink.getvalue()


@pytest.mark.parametrize(("channel", "form"), FORMATS)
def test_a_feed_is_what_its_reader_wants(channel: str, form: str) -> None:
    made = [
        listing(channel, "glass-1"),
        listing(channel, "glass-2", ai=True, fields={"ai_text": "title, description"}),
        listing(channel, "glass-3", product="digital", price="0.50"),
        listing(channel, "g" * 99, link="https://shop.example/Köln & Bonn"),
        listing(channel, "glass-5", fields={"availability": "Out-of-Stock", "color": "blue"}),
        listing(channel, "glass-6", fields={"gtin": "4006381333931", "condition": "Used"}),
    ]
    entries = read(feed(channel, form, *made), form)
    judge(channel, entries)
    assert [e["id"] for e in entries] == [m.key for m in made]
    assert entries[0]["price"] == "19.00 EUR" and entries[0]["brand"] == "Ana Vidal"
    assert entries[3]["link"] == "https://shop.example/K%C3%B6ln%20&%20Bonn"
    assert entries[4]["color"] == "blue" and entries[4]["availability"].startswith("out")
    assert entries[5]["condition"] == "used" and "identifier_exists" not in entries[5]


@pytest.mark.parametrize("form", ["xml", "tsv"])
def test_google_is_told_who_wrote_a_text_and_that_downloads_ship_for_nothing(form: str) -> None:
    half = listing(GOOGLE, title='The "blue" dune', fields={"ai_text": "title"})
    (entry,) = read(feed(GOOGLE, form, half), form)
    assert "title" not in entry and entry["description"] == "Dunes of blue glass"
    assert text_of(entry, "title").replace("\u201d", '"') == 'The "blue" dune'
    (plain,) = read(feed(GOOGLE, form, listing(GOOGLE)), form)
    assert plain["title"] and "shipping" not in plain and "structured_title" not in plain
    (digital,) = read(feed(GOOGLE, form, listing(GOOGLE, product="digital")), form)
    assert digital["shipping"] in ({"price": "0.00 EUR"}, ":::0.00 EUR")


def test_several_pictures_are_additional_up_to_the_reader_s_number() -> None:
    pictures = [f"https://cdn.example/{n}.jpg" for n in range(30)]
    for channel, form, most in ((GOOGLE, "xml", 10), (META, "csv", 20)):
        (entry,) = read(feed(channel, form, listing(channel), pictures=pictures), form)
        more = entry["additional_image_link"]
        more = more.split(",") if isinstance(more, str) else more
        assert [entry["image_link"], *more] == pictures[: 1 + most]


def test_a_sale_shows_both_prices() -> None:
    row = load_row(META)
    fields = {**listing(META).fields, "compare_at.a2": "24.00 EUR"}
    found = attributes("glass-1", fields, PICTURES, row)
    assert (found["price"], found["sale_price"]) == ("24.00 EUR", "19.00 EUR")


def test_prices_are_those_of_the_page_that_the_feed_links_to() -> None:
    there = {
        "variants": ("a1", "a2"),
        "variant.a1": "A1",
        "price.a1": "31.00 USD",
        "compare_at.a1": "39.00 USD",
        "price.a2": "21.00 USD",
        "compare_at.a2": None,
        "status": "publish",
    }
    made = listing(META, there=there)
    sold = {n: v for n, v in made.fields.items() if n.startswith(("variant", "price", "compare"))}
    assert sold == {n: v for n, v in there.items() if v is not None and n != "status"}
    (entry,) = read(feed(META, "csv", made), "csv")
    assert (entry["price"], entry["sale_price"]) == ("39.00 USD", "31.00 USD")
    assert listing(META, there={"status": "publish"}).fields["price.a2"] == "19.00 EUR"


def test_a_field_set_to_null_is_cleared_and_not_filled_by_a_constant() -> None:
    found = attributes(
        "x",
        listing(META, fields={"condition": None, "brand": None}).fields,
        PICTURES,
        load_row(META),
    )
    assert "brand" not in found and "condition" not in found


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"title": ""}, "there is no title"),
        ({"title": "x" * 151}, "longer than 150"),
        ({"link": "ftp://shop.example/a"}, "link must begin with https://"),
        ({"fields": {"availability": "soon"}}, "availability is none of"),
        ({"fields": {"price": "19,00"}}, "no price with a currency"),
        ({"fields": {"link": "https://shop.example/" + "a" * 2000}}, "at most 2000"),
        ({"fields": {"additional_image_link": " ".join(["https://a.example/1.jpg"] * 11)}}, "10"),
    ],
)
def test_what_a_reader_would_refuse_is_held_with_the_reason(
    said: dict[str, Any], told: str
) -> None:
    made = listing(GOOGLE, **said)
    found = adapter(load_row(GOOGLE)).validate(made)
    assert [f.level for f in found] == [Level.ERROR] and told in found[0].text
    assert adapter(load_row(GOOGLE)).validate(listing(GOOGLE)) == []


def test_meta_wants_to_know_whose_it_is() -> None:
    made = listing(META, creator=None)
    assert "brand, mpn and gtin" in adapter(load_row(META)).validate(made)[0].text
    named = listing(META, creator=None, fields={"mpn": "G-1"})
    assert problems(attributes("x", named.fields, PICTURES, load_row(META)), load_row(META)) == []


def test_a_text_that_is_none_cannot_be_written_by_a_machine() -> None:
    made = listing(GOOGLE, fields={"ai_text": "title, keywords"})
    (finding,) = [f for f in made.findings if f.code == "ai-text"]
    assert finding.level is Level.ERROR and "keywords" in finding.text


def test_an_attribute_with_a_wild_name_is_left_out_with_a_warning() -> None:
    made = listing(GOOGLE, fields={"a><b": "x", "custom_label_0": "winter"})
    (finding,) = adapter(load_row(GOOGLE)).validate(made)
    assert finding.level is Level.WARNING and "a><b" in finding.text
    (entry,) = read(feed(GOOGLE, "xml", made), "xml")
    assert entry["custom_label_0"] == "winter" and len(entry) == len(set(entry))


def test_the_format_is_an_option_of_the_account() -> None:
    google, meta = load_row(GOOGLE), load_row(META)
    assert formats_of(google) == (Format.RSS, Format.TSV)
    assert formats_of(meta) == (Format.CSV, Format.RSS)
    assert chosen_format(google, {}) is Format.RSS and chosen_format(meta, {}) is Format.CSV
    assert chosen_format(meta, {"feed_format": "rss"}) is Format.RSS
    for wrong in ("csv", "pdf", 7):
        with pytest.raises(ConfigError) as caught:
            chosen_format(google, {"feed_format": wrong})
        assert "xml, tsv" in caught.value.remedy


HOSTILE = st.one_of(
    st.text(max_size=80),
    st.text(alphabet="\"'<>&\t\r\n\0\x1f,;=\u2028\u202e\ufeff\ud83e\U0001f9ca]", max_size=60),
    st.sampled_from(
        ["]]>", "<![CDATA[x]]>", "&amp;&#0;", '=HYPERLINK("x")', "# a", '"', "א\u202eב"]
    ),
)
_ILL = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]+")


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(FORMATS), HOSTILE, HOSTILE, HOSTILE, st.booleans())
def test_no_text_breaks_a_feed(
    which: tuple[str, str], title: str, description: str, own: str, machine: bool
) -> None:
    channel, form = which
    fields = {"custom_label_0": own, **({"ai_text": "title"} if machine else {})}
    made = [
        listing(channel, "glass-1", title=title, description=description, fields=fields),
        listing(channel, "glass-2"),
    ]
    first, second = read(feed(channel, form, *made), form)

    def line(text: str) -> str:
        return _ILL.sub(" ", text).strip()

    shown = text_of(first, "title")
    wanted = line(title)
    if machine and channel == GOOGLE and form == "tsv":
        wanted = wanted.replace('"', "\u201d")
    assert shown == wanted
    assert first.get("description", "") == line(description)
    assert first.get("custom_label_0", "") == line(own)
    assert second["title"] == "Glass dunes" and second["id"] == "glass-2"


def test_a_line_that_a_reader_refuses_is_never_written() -> None:
    made = listing(META, fields={"custom_label_0": "x" * 5_300_000})
    for form in ("csv", "xml"):
        with pytest.raises(Rejected) as caught:
            feed(META, form, made)
        assert "5242880" in caught.value.sentence


@pytest.mark.parametrize(("channel", "form"), FORMATS)
def test_our_own_reader_sees_all_or_says_that_it_does_not(
    channel: str, form: str, tmp_path: Path
) -> None:
    data = feed(channel, form, *(listing(channel, f"glass-{n}") for n in range(3)))
    path = tmp_path / "feed"
    path.write_bytes(data)
    assert [e["id"] for e in read_feed(path, Format(form))] == ["glass-0", "glass-1", "glass-2"]
    ends = {i + 1 for i, byte in enumerate(data) if byte == 10}
    for cut in range(1, len(data), 7):
        if form != "xml" and cut in ends:
            continue  # a table without its last lines looks whole: its digest tells
        path.write_bytes(data[:cut])
        with pytest.raises(ValueError):
            list(read_feed(path, Format(form)))


def test_our_own_reader_expands_nothing(tmp_path: Path) -> None:
    path = tmp_path / "feed"
    path.write_text('<!DOCTYPE rss [<!ENTITY a "aaaa">]><rss><channel>&a;</channel></rss>')
    with pytest.raises(ValueError, match="document type"):
        list(read_feed(path, Format.RSS))


def test_the_merchant_api_has_a_place_for_everything_that_google_is_told() -> None:
    """The types of Google's own client are a contract that nobody here wrote."""
    merchant = pytest.importorskip(
        "google.shopping.merchant_products_v1",
        reason="the package google-shopping-merchant-products is not installed",
    )
    many = {"additional_image_link": "additional_image_links", "gtin": "gtins"}
    made = [
        listing(
            GOOGLE, "glass-1", fields={"ai_text": "title, description", "gtin": "4006381333931"}
        ),
        listing(GOOGLE, "glass-2", product="digital"),
    ]
    pictures = [*PICTURES, "https://cdn.example/2.jpg"]
    for entry in read(feed(GOOGLE, "xml", *made, pictures=pictures), "xml"):
        known = set(merchant.ProductAttributes.meta.fields)
        assert {many.get(name, name) for name in entry if name != "id"} <= known
        amount, currency = entry["price"].split(" ")
        values: dict[str, Any] = {
            "availability": merchant.Availability[entry["availability"].upper()],
            "condition": merchant.Condition[entry["condition"].upper()],
            "price": {
                "amount_micros": int(Decimal(amount) * 1_000_000),
                "currency_code": currency,
            },
        }
        for name in ("structured_title", "structured_description"):
            if name in entry:
                kind = entry[name]["digital_source_type"].upper()
                values[name] = {
                    "digital_source_type": getattr(
                        merchant.StructuredTitle.DigitalSourceType
                        if hasattr(merchant.StructuredTitle, "DigitalSourceType")
                        else merchant.DigitalSourceType,
                        kind,
                    ),
                    "content": entry[name]["content"],
                }
        product = merchant.ProductAttributes(**values)
        assert product.price.currency_code == "EUR"
