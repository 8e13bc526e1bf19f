"""The four file formats carry the same content: any manifest, written in each, loads back as itself."""

from __future__ import annotations

import csv
import io
import json
import string
import tempfile
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from publisher.manifest.load import load_manifest
from publisher.manifest.model import Manifest

WORDS = st.text(string.ascii_letters + string.digits + " äß'\"#:&-,;|\\{}[]!%@*?.<=é—日", min_size=1,
                max_size=14).map(str.strip).filter(bool)  # fmt: skip
SURPRISES = st.sampled_from(["No", "yes", "on", "2024", "1.10", "0x1f", "1:30", "1e3", "=1", "<<"])
TEXT = WORDS | SURPRISES
IDS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,8}", fullmatch=True)
PRICES = st.decimals(0, 99999, places=2).map(lambda d: format(d, "f"))
DAYS = st.dates().map(str)
LISTS = st.lists(TEXT, min_size=1, max_size=4, unique_by=str.casefold)
OFFER = st.fixed_dictionaries(
    {
        "currency": st.sampled_from(["EUR", "USD"]),
        "variants": st.lists(
            st.fixed_dictionaries({"id": IDS, "title": TEXT, "price": PRICES}),
            min_size=1,
            max_size=2,
        ),
    }
)
OVERRIDE = st.fixed_dictionaries(
    {},
    optional={
        "publish": st.booleans(),
        "title": TEXT,
        "keywords": LISTS,
        "category": st.integers(0, 99) | TEXT,
        "offer": OFFER,
        "fields": st.dictionaries(IDS, TEXT, min_size=1, max_size=2),
    },
).filter(bool)
CHANNELS = st.dictionaries(st.sampled_from(["shop-eu", "alamy"]), OVERRIDE, min_size=1, max_size=2)
COMMON: dict[str, st.SearchStrategy[Any]] = {
    "description": TEXT,
    "keywords": LISTS,
    "offer": OFFER,
    "channels": CHANNELS,
}
LOOK: dict[str, st.SearchStrategy[Any]] = {
    **COMMON,
    "title": TEXT,
    "style": st.sampled_from(["photo", "3d-render", "vector"]),
    "mature": st.booleans(),
    "created": DAYS,
    "country": st.just("NO"),
    "categories": LISTS,
    "depicts": st.fixed_dictionaries(
        {"people": st.sampled_from(["none", "real"])},
        optional={"brands": st.just("none") | LISTS.filter(lambda v: v != ["none"]),
                  "text": st.booleans()},
    ),
    "provenance": st.fixed_dictionaries(
        {"class": st.just("human")}, optional={"system": TEXT, "edit_share": st.just(0.25)}
    ),
    "releases": st.lists(
        st.fixed_dictionaries({"kind": st.just("model"), "name": TEXT}), min_size=1, max_size=2
    ),
    "editorial": st.booleans() | st.fixed_dictionaries({"city": TEXT, "date": DAYS}),
}  # fmt: skip
ASSETS = st.lists(
    st.fixed_dictionaries(
        {"id": IDS, "file": st.just("m.png")},
        optional={
            **LOOK,
            "series": TEXT,
            "exclusivity": st.lists(
                st.fixed_dictionaries(
                    {"to": TEXT}, optional={"scope": st.just("portfolio"), "until": DAYS}
                ),
                min_size=1,
                max_size=2,
            ),
        },
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda a: a["id"],
)


@st.composite
def manifests(draw: st.DrawFn) -> dict[str, Any]:
    assets = draw(ASSETS)
    found: dict[str, Any] = {"release": draw(IDS), "assets": assets}
    defaults = draw(st.fixed_dictionaries({}, optional=LOOK))
    if defaults:
        found["defaults"] = defaults
    if draw(st.booleans()):
        members = [a["id"] for a in assets]
        fixed = {
            "id": st.just("~bundle".strip("~") + "-of-all"),
            "title": TEXT,
            "assets": st.just(members),
        }
        found["bundles"] = [draw(st.fixed_dictionaries(fixed, optional=COMMON))]
    if draw(st.booleans()):
        found["waivers"] = [{"item": assets[0]["id"], "account": "alamy", "rule": draw(TEXT),
                             "reason": "by contract", "until": draw(DAYS)}]  # fmt: skip
    return found


def as_jsonl(data: dict[str, Any]) -> str:
    head = {k: data[k] for k in ("release", "defaults") if k in data}
    lines = [head, *data["assets"]]
    lines += [{"bundle": b} for b in data.get("bundles", ())]
    lines += [{"waiver": w} for w in data.get("waivers", ())]
    return "".join(json.dumps(line) + "\n" for line in lines)


def escaped(text: object) -> str:
    out = str(text).lower() if isinstance(text, bool) else str(text)
    for sign in "\\;|,":
        out = out.replace(sign, "\\" + sign)
    return out


def cells(node: dict[str, Any], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for key, value in node.items():
        name = f"{prefix}{key}"
        records = {"variants": ("id", "title", "price"), "releases": ("kind", "name", "file"),
                   "exclusivity": ("to", "scope", "until")}.get(key)  # fmt: skip
        if isinstance(value, dict):
            flat |= cells(value, f"{name}.")
        elif records and isinstance(value, list):
            flat[name] = ";".join("|".join(escaped(r.get(k, "")) for k in records) for r in value)
        elif isinstance(value, list):
            flat[name] = ";".join(escaped(v) for v in value)
        else:
            flat[name] = str(value).lower() if isinstance(value, bool) else str(value)
    return flat


def as_csv(data: dict[str, Any]) -> str:
    rows = [{"kind": "defaults", **cells(data["defaults"])}] if "defaults" in data else []
    for kind in ("asset", "bundle", "waiver"):
        rows += [{"kind": kind, **cells(node)} for node in data.get(f"{kind}s", ())]
    rows[0]["release"] = data["release"]
    columns = sorted({c for row in rows for c in row})
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, columns, restval="", delimiter=";")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def written(data: dict[str, Any]) -> dict[str, str]:
    return {
        "r.yaml": yaml.safe_dump(data, allow_unicode=True, sort_keys=False),
        "flow.yml": yaml.safe_dump(data, default_flow_style=True, sort_keys=True),
        "r.json": json.dumps(data, ensure_ascii=False, indent=1),
        "r.jsonl": as_jsonl(data),
        "r.csv": as_csv(data),
    }


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(manifests())
def test_all_formats_give_the_same_manifest(data: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        (project / "m.png").write_bytes(b"x")
        loaded: dict[str, Manifest] = {}
        for name, text in written(data).items():
            (project / name).write_bytes(text.encode())
            loaded[name] = load_manifest(project / name, project, None).manifest
    reference = loaded.pop("r.json")
    for name, manifest in loaded.items():
        assert manifest == reference, name
    first, wanted = reference.assets[0], data["assets"][0]
    assert first.title == wanted.get("title", data.get("defaults", {}).get("title"))
    if "offer" in wanted:
        prices = [v.price for v in first.offer.variants]  # type: ignore[union-attr]
        assert [str(p) for p in prices] == [v["price"] for v in wanted["offer"]["variants"]]


def test_prices_keep_their_digits_whatever_the_format(tmp_path: Path) -> None:
    (tmp_path / "m.png").write_bytes(b"x")
    offer = '{"currency": "EUR", "variants": [{"id": "a", "title": "A", "price": %s}]}'
    for price in ("19.00", "19.0", "19", "0.30", "1234567.1001", "2.675"):
        line = f'{{"id": "a", "file": "m.png", "offer": {offer % price}}}'
        texts = {
            "a.jsonl": line,
            "a.json": f'{{"release": "a", "assets": [{line}]}}',
            "a.yaml": f"release: a\nassets: [{line}]\n",
            "a.csv": f"id,file,offer.currency,offer.variants\na,m.png,EUR,a|A|{price}\n",
        }
        for name, text in texts.items():
            (tmp_path / name).write_text(text)
            loaded = load_manifest(tmp_path / name, tmp_path).manifest.assets[0].offer
            assert loaded is not None
            assert str(loaded.variants[0].price) == price, name
            assert loaded.variants[0].price == Decimal(price)


def test_ten_thousand_lines_of_jsonl_load_in_no_time(tmp_path: Path) -> None:
    (tmp_path / "m.png").write_bytes(b"x")
    lines = [json.dumps({"release": "r", "defaults": {"provenance": {"class": "human"}}})]
    for number in range(10_000):
        lines.append(json.dumps({
            "id": f"a-{number}", "file": "m.png", "title": f"Dunes {number}", "style": "photo",
            "keywords": [f"word{k}" for k in range(25)], "created": "2026-01-01",
            "offer": {"currency": "EUR", "variants": [{"id": "s", "title": "S", "price": "19.00"}]},
            "channels": {"alamy": {"category": 8}},
        }))  # fmt: skip
    (tmp_path / "r.jsonl").write_text("\n".join(lines))
    start = time.process_time()
    loaded = load_manifest(tmp_path / "r.jsonl", tmp_path)
    # About a second on a quiet machine; the bound only catches a change of order.
    assert time.process_time() - start < 6
    assert len(loaded.manifest.assets) == 10_000
    assert loaded.line_of("a-9999", "title") == 10_001
    assert loaded.line_of("a-9999", "provenance.class") == 1
