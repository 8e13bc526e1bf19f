"""Sheets of packs that a person imports: one line per variant, in the manifest's order, and what is missing."""

from __future__ import annotations

from pathlib import Path

from channels.transport.batch import sheet_lines
from publisher.discovery import adapter, load_row
from publisher.listing import Copy, Listing
from publisher.manifest.item import Item, ItemKind, Master
from publisher.manifest.model import Asset, Offer
from publisher.row import Dialect, Mode

OFFER = Offer.model_validate(
    {
        "currency": "EUR",
        "variants": [
            {"id": "standard", "title": "Standard licence", "price": "19.00"},
            {"id": "extended", "title": "Extended licence", "price": "79.00"},
        ],
    }
)


def listing(channel: str, **fields: str) -> tuple[Listing, Dialect]:
    data = {"id": "Glass-1", "file": "a.jpg", "creator": "Ana Vidal", "created": "2026-01-18"}
    asset = Asset.model_validate(data)
    master = Master(Path("a.jpg"), "a.jpg", "0" * 64, 9, "jpeg", 3000, 2000)
    item = Item(
        "Glass-1", ItemKind.ASSET, "r", "Glass", "Blue", (), (asset,), (master,), asset=asset
    )
    copy = Copy(channel, "Glass", "Blue glass", ("glass", "blue"), ("Images",), fields=fields)
    row = load_row(channel)
    assert row.csv is not None
    made = adapter(row, Mode.HANDOFF).to_listing(item, OFFER, copy)
    # The ledger gives fields back in another order.
    made = Listing(made.item, made.account, made.key, dict(sorted(made.fields.items())), made.files)
    return made, row.csv.dialects[row.csv.dialect]


def test_a_shop_gets_one_line_per_variant_joined_by_its_handle() -> None:
    lines = sheet_lines(*listing("shopify"))
    assert [(x["Title"], x["URL handle"], x["Option1 value"], x["Price"]) for x in lines] == [
        ("Glass", "glass-1", "Standard licence", "19.00"),
        ("", "glass-1", "Extended licence", "79.00"),
    ]
    assert lines[1]["Tags"] == lines[1]["Status"] == ""


def test_another_shop_gets_a_product_per_variant() -> None:
    made, dialect = listing("woocommerce", download_link="https://example.org/a.zip")
    lines = sheet_lines(made, dialect)
    assert [(x["SKU"], x["Name"], x["Regular price"]) for x in lines] == [
        ("Glass-1-standard", "Glass, Standard licence", "19.00"),
        ("Glass-1-extended", "Glass, Extended licence", "79.00"),
    ]
    assert {x["Download 1 URL"] for x in lines} == {"https://example.org/a.zip"}


def test_a_feed_gets_the_first_variant_and_says_what_is_missing() -> None:
    made, dialect = listing("google-merchant", link="https://example.org/glass")
    (line,) = sheet_lines(made, dialect)
    assert (line["id"], line["price"], line["brand"]) == ("Glass-1", "19.00 EUR", "Ana Vidal")
    assert line["link"] == "https://example.org/glass"
    found = adapter(load_row("google-merchant"), Mode.HANDOFF).validate(made)
    assert [f.code for f in found] == ["column-empty"] and "image_link" in found[0].text


def test_an_agency_finds_the_file_and_its_date() -> None:
    made, dialect = listing("getty-istock")
    (line,) = sheet_lines(made, dialect)
    assert (line["file name"], line["created date"]) == (made.files[0].name, "01/18/2026")
