"""No AI declaration can be lost: for every row that is installed, whatever a manifest, a template or an option says.

The rows are discovered, so that a new one is covered by being there.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from declaration_places import (
    declared,
    disclosures,
    embedded,
    lost,
    offered,
    renditions,
    stopped,
    waivers_for,
)
from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st
from policy_samples import EDITED, GENERATED, TODAY

from publisher.compose import compose, drafted
from publisher.discovery import adapter, load_row, shipped_rows
from publisher.listing import Listing
from publisher.manifest.item import Item
from publisher.manifest.scaffold import example_png
from publisher.media.metadata.embed import embed_bytes
from publisher.media.metadata.read import read_stream
from publisher.policy import Verdict, VerdictWord, judge
from publisher.render import render_text
from publisher.row import Mode, Row
from publisher.rules import ActionKind

ALLOWED = (VerdictWord.ALLOW, VerdictWord.ALLOW_WITH_ACTIONS)
DAYS = (TODAY, dt.date(2023, 1, 15), dt.date(2024, 6, 1))
ROWS = {name: load_row(name) for name in sorted(shipped_rows())}
MADE = {"generated": GENERATED, "edited": EDITED}


def decided(chosen: Row, what: Item, day: dt.date = TODAY) -> Verdict:
    """The verdict with everything waived that can be waived."""
    return judge(what, chosen, day=day, waivers=waivers_for(chosen, what, day), account=chosen.name)


def accepting() -> Iterator[tuple[str, str, dt.date]]:
    """Every row, class and day that an AI image without anything odd is taken."""
    for name, chosen in ROWS.items():
        for kind, made in MADE.items():
            for day in DAYS:
                if decided(chosen, offered(chosen, made), day).word in ALLOWED:
                    yield name, kind, day


CASES = list(accepting())


def listed(
    chosen: Row, what: Item, verdict: Verdict, options: dict[str, Any], mode: Mode | None = None
) -> Listing:
    channel = adapter(chosen, mode)
    copy = compose(what, channel.row, chosen.name, verdict, options)
    return channel.to_listing(what, None, copy)


def test_many_rows_accept_ai_images() -> None:
    today = {name for name, _kind, day in CASES if day == TODAY}
    assert len(today) >= 12 and {"adobe-stock", "dreamstime", "freepik", "bundles"} <= today
    assert any(name == "alamy" and day < TODAY for name, _kind, day in CASES)


def test_every_way_of_declaring_is_in_use_and_covered() -> None:
    kinds = {
        a.kind
        for n, k, d in CASES
        for a in declared(decided(ROWS[n], offered(ROWS[n], MADE[k]), d))
    }
    assert kinds >= {
        ActionKind.ADD_KEYWORD, ActionKind.SET_CATEGORY, ActionKind.APPEND_SENTENCE,
        ActionKind.SET_FIELD, ActionKind.HUMAN_TASK, ActionKind.WRITE_XMP,
    }  # fmt: skip


@pytest.mark.parametrize(("name", "kind", "day"), CASES)
def test_a_plain_item_is_declared(name: str, kind: str, day: dt.date, tmp_path: Path) -> None:
    chosen = ROWS[name]
    what = offered(chosen, MADE[kind])
    verdict = decided(chosen, what, day)
    for mode in (None, Mode.HANDOFF):
        listing = listed(chosen, what, verdict, {}, mode)
        channel = adapter(chosen, mode)
        assert not stopped(listing)
        for action in declared(verdict):
            assert lost(channel, listing, action, tmp_path, {}) == []
        assert embedded(listing, what) == []
        assert any(d.name in ("ai-generated", "ai-edited") for d in listing.declarations)


ODD = st.sampled_from(
    [
        "", " ", "\u200b", "-", "x" * 5000, "A sentence of glass. " * 240, "This is AI-generated.",
        "not AI", "\u202e", "\x00", ",;\"'|\t", "{model}", "{description}", "{{ title }}",
        "_AI_GENERATED", "generativecontent", "e\u0301" * 200, "模型", "no",
    ]
)  # fmt: skip
WORD = ODD | st.text(max_size=20)


def keys_of(chosen: Row) -> list[str]:
    """Every name that a field of the manifest may have to get at a column or a field of the row."""
    dialects = chosen.csv.dialects.values() if chosen.csv is not None else ()
    names = {n for d in dialects for c in d.columns for n in (c.header, c.field) if n}
    names |= {a.field for r in chosen.rule for a in r.actions if a.field}
    return sorted(names | {n.upper() for n in names} | {n.lower() for n in names}) or ["x"]


def overwritten(name: str, value: str | None) -> dict[str, Any]:
    return {"channels": {name: {"fields": dict.fromkeys(keys_of(ROWS[name]), value)}}}


def hostile(name: str) -> st.SearchStrategy[dict[str, Any]]:
    """What a manifest may say about an item to keep a declaration out of the row ``name``."""
    chosen = ROWS[name]
    category = st.sampled_from([*chosen.categories.mapping.values(), "abstract", "x"])
    own = st.fixed_dictionaries(
        {},
        optional={
            "title": st.none() | WORD,
            "description": st.none() | WORD,
            "keywords": st.none() | st.lists(WORD, max_size=80),
            "category": category,
            "categories": st.lists(category, max_size=4),
            "fields": st.dictionaries(
                st.sampled_from(keys_of(chosen)), st.none() | WORD, max_size=6
            ),
        },
    )
    return st.fixed_dictionaries(
        {"channels": own.map(lambda o: {name: o})},
        optional={
            "title": WORD.filter(lambda t: bool(t.strip())),
            "description": WORD,
            "keywords": st.lists(WORD, max_size=80),
            "categories": st.lists(st.sampled_from(["abstract", "nature", "x"]), max_size=6),
            "depicts": st.sampled_from([{}, {"people": "fictional"}, {"property": "fictional"}]),
        },
    )


def options_for(chosen: Row) -> st.SearchStrategy[dict[str, Any]]:
    names = sorted(chosen.csv.dialects) if chosen.csv is not None else []
    dialects = [{"csv_dialect": n} for n in names]
    return st.sampled_from([{}, {"embed_prompt": True}, *dialects])


FULL = {"description": "Glass and light. " * 294, "keywords": [f"word{n}" for n in range(90)]}


@pytest.mark.parametrize(("name", "kind", "day"), [c for c in CASES if c[2] == TODAY])
def test_nothing_removes_a_declaration(name: str, kind: str, day: dt.date) -> None:
    chosen = ROWS[name]
    made = {**MADE[kind], "prompt": "glass dunes"}

    @settings(
        deadline=None, max_examples=20, suppress_health_check=list(HealthCheck), database=None
    )
    @example(changes=dict(FULL), options={}, draft=None, waive=True, mode=None)
    @example(changes=overwritten(name, None), options={}, draft=None, waive=True, mode=None)
    @example(changes=overwritten(name, "-"), options={}, draft=None, waive=True, mode=None)
    @example(changes=overwritten(name, "no"), options={}, draft=None, waive=True, mode=None)
    @example(changes={}, options={}, draft="x" * 5000, waive=False, mode=Mode.HANDOFF)
    @given(
        changes=hostile(name),
        options=options_for(chosen),
        draft=st.none() | WORD,
        waive=st.booleans(),
        mode=st.sampled_from([None, Mode.HANDOFF]),
    )
    def attack(
        changes: dict[str, Any],
        options: dict[str, Any],
        draft: str | None,
        waive: bool,
        mode: Mode | None,
    ) -> None:
        what = drafted(offered(chosen, made, **changes), draft, draft)
        waivers = waivers_for(chosen, what, day) if waive else ()
        verdict = judge(what, chosen, day=day, waivers=waivers, account=name)
        if verdict.word not in ALLOWED:
            event("held or denied")
            return
        plain = offered(chosen, made, depicts=changes.get("depicts", {}))
        least = (decided(chosen, plain, day),) if waive else ()
        least = (*least, judge(plain, chosen, day=day, account=name))
        wanted = {action for one in least for action in declared(one)}
        assert wanted <= set(declared(verdict))
        listing = listed(chosen, what, verdict, options, mode)
        if codes := stopped(listing):
            event(f"stopped: {', '.join(sorted(codes))}")
            return
        event("published")
        channel = adapter(chosen, mode)
        with tempfile.TemporaryDirectory() as folder:
            for action in declared(verdict):
                assert lost(channel, listing, action, Path(folder), options) == []
        assert embedded(listing, what) == []

    attack()


@pytest.mark.parametrize(("name", "kind"), sorted({c[:2] for c in CASES if c[2] == TODAY}))
def test_what_is_embedded_reads_back_from_the_bytes(name: str, kind: str) -> None:
    import io

    chosen = ROWS[name]
    what = offered(chosen, MADE[kind], **FULL)
    verdict = decided(chosen, what)
    listing = listed(chosen, what, verdict, {})
    picture = example_png(1, (10, 20, 30), (200, 220, 250))
    found = [
        read_stream(io.BytesIO(embed_bytes(picture, r.metadata)))
        for r in renditions(listing.files)
        if r.metadata.provenance is not None and r.metadata.provenance.value != "human"
    ]
    assert found
    for read in found:
        kinds = {"generated": "trainedAlgorithmicMedia", "edited": "compositeWithTrained"}
        assert kinds[kind] in read.digital_source_type
        assert read.xmp["Iptc4xmpExt:DigitalSourceType"] == (read.digital_source_type,)
        assert (read.ai_system, read.ai_system_version) == ("Midjourney", "7")
        for action in declared(verdict):
            if action.kind is ActionKind.WRITE_XMP:
                assert read.xmp[action.field][-1] == action.value
            if action.kind is ActionKind.APPEND_SENTENCE and len(what.members) == 1:
                assert read.description.endswith(action.value)
            if action.kind is ActionKind.ADD_KEYWORD and len(what.members) == 1:
                assert action.value in read.keywords


@pytest.mark.parametrize("name", [n for n, r in ROWS.items() if "bundle" in r.accepts])
@pytest.mark.parametrize("kind", sorted(MADE))
def test_a_bundle_says_which_of_its_pictures_are_made_with_ai(name: str, kind: str) -> None:
    chosen = replace_accepts(ROWS[name])
    what = offered(chosen, {**MADE[kind], "system": "Mid\njourney"}, title="Not <AI>\n- none")
    verdict = decided(chosen, what)
    assert verdict.word in ALLOWED
    listing = listed(chosen, what, verdict, {})
    if not any(type(f).__name__ == "BundleRequest" for f in listing.files):
        assert embedded(listing, what) == []  # a pack of single files: each speaks for itself
        return
    (request,) = disclosures(listing)
    text = render_text(request.template, dict(request.variables))
    made = next(r.name for r in renditions(listing.files) if "001" in r.name)
    told = next(part for part in text.split("\n\n") if made in part)
    assert "AI" in told or "generat" in told
    assert embedded(listing, what) == []


def replace_accepts(chosen: Row) -> Row:
    """The row as one that takes bundles alone, so that a bundle is offered to it."""
    return chosen.model_copy(update={"accepts": tuple(k for k in chosen.accepts if k == "bundle")})
