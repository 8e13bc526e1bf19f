"""Sales, royalties, struck prices and discounts: the same in every file format, refused with line and reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal

import pytest

from publisher.manifest.load import LoadedManifest
from publisher.manifest.schema import json_schema

OFFER = {
    "currency": "EUR",
    "variants": [{"id": "s", "title": "S", "price": "19.00", "compare_at": "24.00"}],
    "sale": {
        "from": "2026-11-27T00:00+01:00",
        "until": "2026-12-01T00:00+01:00",
        "percent": "20 %",
    },
    "royalties": {"art-print": "20", "mug": "15.5 %"},
}
ASSETS = [
    {"id": "a", "file": "masters/a.png", "offer": OFFER},
    {"id": "b", "file": "masters/b.png", "offer": {"royalties": {"mug": 30}}},
]
BUNDLE = {"id": "p", "title": "P", "assets": ["a"], "discount": "12.5 %"}
HEAD = (
    "kind,id,file,title,assets,discount,offer.currency,offer.variants,offer.sale.from,offer.sale.until,"
    "offer.sale.percent,offer.royalties.art-print,offer.royalties.mug"
)
CSV = "\n".join(
    (
        HEAD,
        "asset,a,masters/a.png,,,,EUR,s|S|19.00|24.00,2026-11-27T00:00+01:00,2026-12-01T00:00+01:00,20 %,20,15.5",
        "asset,b,masters/b.png,,,,,,,,,,30",
        "bundle,p,,P,a,12.5,,,,,,,",
    )
)
YAML = """release: r
assets:
  - id: a
    file: masters/a.png
    offer:
      currency: EUR
      variants: [{id: s, title: S, price: 19.00, compare_at: 24.00}]
      sale: {from: 2026-11-27T00:00+01:00, until: 2026-12-01T00:00+01:00, percent: 20 %}
      royalties: {art-print: 20, mug: 15.5}
  - {id: b, file: masters/b.png, offer: {royalties: {mug: 30}}}
bundles:
  - {id: p, title: P, assets: [a], discount: 12.5}
"""
LINES = [*ASSETS, {"bundle": BUNDLE}]


def test_every_format_says_the_same(load: Callable[..., LoadedManifest]) -> None:
    texts = {
        "r.json": json.dumps({"release": "r", "assets": ASSETS, "bundles": [BUNDLE]}),
        "r.jsonl": "\n".join(json.dumps(one) for one in LINES),
        "r.csv": CSV,
        "r.yaml": YAML,
    }
    found = {name: load(text, name).manifest for name, text in texts.items()}
    first = found["r.json"]
    for name, manifest in found.items():
        assert (manifest.assets, manifest.bundles) == (first.assets, first.bundles), name
    offer = first.assets[0].offer
    assert offer is not None and offer.sale is not None
    assert offer.sale.percent == Decimal(20)
    assert offer.variants[0].compare_at == Decimal("24.00")
    assert dict(offer.royalties) == {"art-print": Decimal(20), "mug": Decimal("15.5")}
    alone = first.assets[1].offer
    assert alone is not None and alone.variants == ()
    assert first.bundles[0].discount == Decimal("12.5")


def test_every_mistake_has_its_line_and_reason(fail: Callable[..., list[str]]) -> None:
    text = """release: r
assets:
  - id: a
    file: masters/a.png
    offer:
      currency: ERU
      variants:
        - {id: s, title: S, price: 19, compare_at: 18}
      sale:
        from: 2026-11-27
        until: 2026-12-01T00:00Z
        percent: 100
      royalties:
        mug: 0
        Art: 5
  - id: b
    file: masters/b.png
    offer:
      variants: [{id: s, title: S, price: 1}]
      sale: {from: 2026-12-27T00:00Z, until: 2026-12-01T00:00Z, percent: 5}
  - id: c
    file: masters/c.png
    offer: {currency: EUR}
bundles:
  - id: p
    title: P
    assets: [a]
    offer: {currency: EUR, variants: [{id: s, title: S, price: 1}]}
    discount: 20
  - id: q
    title: Q
    assets: [a]
    offer: {currency: EUR, variants: [{id: s, title: S, price: 1}],
            sale: {from: 2026-12-27T00:00Z, until: 2027-12-01T00:00Z}}
"""
    moment = " (write it with its time zone, as in 2026-11-27T00:00+01:00)"
    assert fail(text) == [
        "release.yaml:6: assets[0] 'a': offer.currency: 'ERU' is not a currency of ISO 4217",
        "release.yaml:8: assets[0] 'a': offer.variants[0].compare_at: '18' is not above the price"
        " (leave compare_at out)",
        f"release.yaml:10: assets[0] 'a': offer.sale.from: '2026-11-27' has no time zone{moment}",
        "release.yaml:12: assets[0] 'a': offer.sale.percent: '100' must be below 100",
        "release.yaml:14: assets[0] 'a': offer.royalties.mug: '0' must be above 0",
        "release.yaml:15: assets[0] 'a': offer.royalties.Art: 'Art' is not a usable class of products"
        " (small letters, digits, dash and underscore, as in art-print)",
        "release.yaml:18: assets[1] 'b': offer: 'currency' is missing",
        "release.yaml:20: assets[1] 'b': offer.sale: the sale is over before it begins"
        " ('from' must be before 'until')",
        "release.yaml:23: assets[2] 'c': offer: 'variants' is missing",
        "release.yaml:29: bundles[0] 'p': discount: '20' stands beside an offer"
        " (a bundle has either of both)",
        "release.yaml:34: bundles[1] 'q': offer.sale: a sale takes off either per cent or an amount"
        " (write one of both)",
    ]


def test_the_published_schema_knows_them() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    check = jsonschema.Draft202012Validator(json_schema())
    check.validate({"release": "r", "assets": ASSETS, "bundles": [BUNDLE]})
    for broken in (
        {"currency": "EUR"},
        {"royalties": {"mug": 0}},
        {**OFFER, "sale": {"percent": 1}},
    ):
        with pytest.raises(jsonschema.ValidationError):
            check.validate(
                {"release": "r", "assets": [{"id": "a", "file": "a.png", "offer": broken}]}
            )
