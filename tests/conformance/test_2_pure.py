"""Level 2: the pure half says the same thing every time, and never says less than it was given in silence.

A listing is a function of the item, the row and the day. It opens no file and no socket, whatever stands in the
manifest; it keeps to the row's limits for the worst text a person can paste; what was shortened is a finding;
what the manifest leaves out stays out, what it sets to null is cleared; AI is declared in the way that the row
asks for and nowhere else; money keeps its currency and its cents.
"""

from __future__ import annotations

import datetime as dt
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from catalogue import DAY, ROWS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from world import World, renamed, reworded

from channels.transport.batch import chosen_dialect, column_values
from channels.transport.sheet import write_sheets
from publisher.inspection import inspect
from publisher.listing import Level, Listing, RenditionRequest, canonical_json
from publisher.manifest.item import Item, ItemKind
from publisher.manifest.model import Offer, Override, Variant, Waiver
from publisher.policy import judge
from publisher.policy.verdict import VerdictWord
from publisher.row import Mode
from publisher.rules import ActionKind

HOSTILE = {
    "long": "x" * 400,
    "words": "glass dunes " * 400,
    "emoji": "🏜️👩‍🎨🧊 " * 60,
    "marks": "e\u0301\u0323\u0308" * 120,
    "right to left": "\u202eكثبان زجاجية\u202c \u200f" * 30,
    "breaks": 'a "quoted"; b, c\r\nd\te\x00f\u2028g',
    "half a pair": "ice \ud83e dune",
    "formula": '=HYPERLINK("http://x")',
    "blank": " \u00a0\u2003 ",
    "empty": "",
}

_blocked = False


def _audit(event: str, _arguments: Any) -> None:
    effects = (
        "open",
        "socket.",
        "subprocess.",
        "os.listdir",
        "os.scandir",
        "sqlite3.",
        "os.remove",
    )
    if _blocked and event.startswith(effects):
        raise AssertionError(f"the pure half did {event}")


sys.addaudithook(_audit)


@contextmanager
def no_effects() -> Iterator[None]:
    """Files, sockets, processes and the clock are out of reach, but not for pytest when it reports a failure."""
    global _blocked

    def stopped(*_: object) -> float:
        raise AssertionError("the pure half read the clock")

    with pytest.MonkeyPatch.context() as patch:
        for name in ("time", "monotonic", "sleep", "perf_counter", "time_ns"):
            patch.setattr(f"time.{name}", stopped)
        _blocked = True
        try:
            yield
        finally:
            _blocked = False


def _item(paper: World) -> Item:
    return paper.items(1)[0]


def test_6_the_same_item_gives_the_same_listing(paper: World, name: str) -> None:
    first = paper.listing(_item(paper))
    for _ in range(3):
        again = paper.listing(_item(paper))
        assert canonical_json(again.fields) == canonical_json(first.fields)
        assert again == first


def test_6_the_order_of_a_set_does_not_matter(paper: World, name: str) -> None:
    item = _item(paper)
    overrides = {"a": "1", "b": "2", "c": "3", "Title": "kept"}
    shuffled = dict(random.Random(4).sample(sorted(overrides.items()), len(overrides)))
    listings = [
        paper.listing(reworded(item, channels={name: Override(fields=dict(given))}))
        for given in (overrides, shuffled)
    ]
    assert listings[0].fingerprints() == listings[1].fingerprints()
    assert list(listings[0].fingerprints()) == sorted(listings[0].fields)


def test_7_nothing_is_opened_and_no_clock_is_read(paper: World, name: str) -> None:
    item = _item(paper)
    expected = paper.listing(item)  # whatever is imported late is imported now
    day = paper.clock.now().date()
    paper.channel.validate(expected)
    with no_effects():
        verdict = judge(item, paper.row, day=day, account=name, waivers=_waivers(paper, item))
        listing = paper.listing(item)
        paper.channel.validate(listing)
        inspect(item, listing)
    assert verdict.word in (VerdictWord.ALLOW, VerdictWord.ALLOW_WITH_ACTIONS)
    assert listing == expected


def _texts(listing: Listing) -> Iterator[tuple[str, str]]:
    for field in ("title", "description"):
        yield field, str(listing.fields.get(field) or "")


def _check_limits(paper: World, listing: Listing, findings: Any) -> None:
    limits = paper.row.limits
    errors = {f.code for f in findings if f.level is Level.ERROR}
    for field, text in _texts(listing):
        limit = getattr(limits, field)
        assert limit.max is None or len(text) <= limit.max, (field, len(text))
        assert len(text) >= limit.min or not text or errors, field
        assert text or not limit.required or f"{field}-missing" in errors, field
        assert not any(c in text for c in ("\n", "\r", "\t", "\x00")), field
        text.encode("utf-8")
    words = listing.fields.get("keywords")
    assert isinstance(words, tuple)
    assert limits.keywords.max is None or len(words) <= limits.keywords.max
    assert limits.keywords.each is None or all(len(w) <= limits.keywords.each for w in words)
    assert len(words) >= limits.keywords.min or "keywords-too-few" in errors
    if paper.row.csv is None:
        return
    for dialect_name, dialect in paper.row.csv.dialects.items():
        columns = tuple(c.model_copy(update={"field": c.header}) for c in dialect.columns)
        plain = dialect.model_copy(update={"columns": columns})
        (sheet,) = write_sheets(plain, [column_values(listing, dialect)])
        end = "\r\n" if dialect.eol == "crlf" else "\n"
        lines = sheet.decode("utf-8-sig").split(end)
        assert len(lines) == 3 and not lines[2], f"{dialect_name}: the table is broken"
        assert chosen_dialect(paper.row, dialect_name) == dialect


def _hostile_item(paper: World, **words: Any) -> Item:
    own = {"title": words.get("title"), "description": words.get("description")}
    override = Override.model_construct(
        _fields_set={"title", "description", "keywords"}, keywords=words.get("keywords"), **own
    )
    return reworded(_item(paper), channels={paper.name: override})


@pytest.mark.parametrize("kind", HOSTILE)
def test_8_the_limits_hold_for_hostile_text(paper: World, name: str, kind: str) -> None:
    text = HOSTILE[kind]
    listing = paper.listing(
        _hostile_item(paper, title=text, description=text, keywords=(text, "glass", text, text))
    )
    _check_limits(paper, listing, listing.findings)


def test_8_the_limits_hold_for_any_text(
    paper: World, name: str, request: pytest.FixtureRequest
) -> None:
    text = st.text(max_size=300)

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(text, text, st.lists(text, max_size=60))
    def holds(title: str, description: str, keywords: list[str]) -> None:
        item = _hostile_item(paper, title=title, description=description, keywords=tuple(keywords))
        listing = paper.listing(item)
        _check_limits(paper, listing, listing.findings)

    holds()


def test_8_no_keyword_at_all_is_said(paper: World, name: str) -> None:
    listing = paper.listing(_hostile_item(paper, title="x", description="", keywords=()))
    said = {f.code for f in listing.findings}
    assert ("keywords-too-few" in said) == (paper.row.limits.keywords.min > 0)


def test_8_an_unusable_master_is_an_error_and_never_an_exception(paper: World, name: str) -> None:
    item = _item(paper)
    empty = [replace(m, size=0, width=0, height=0, problem="it is empty") for m in item.masters]
    broken = replace(item, masters=tuple(empty))
    found = inspect(broken, paper.listing(broken))
    assert found and all(f.level is Level.ERROR for f in found)


def test_8_every_name_fits_the_limit(paper: World, name: str) -> None:
    limit = paper.row.limits.filename
    for wanted in ("a", "A.b-c", "x" * 100, "9", "a_b", "A-B", "a-b"):
        listing = paper.listing(renamed(_item(paper), wanted))
        for request in listing.files:
            if isinstance(request, RenditionRequest) and request.role == "image":
                assert len(request.name) <= limit.max
    names = [paper.listing(renamed(_item(paper), n)).key for n in ("A-B", "A_B", "A.B", "x" * 100)]
    assert len({n.casefold() for n in names}) == len(names)


def test_9_nothing_is_shortened_in_silence(paper: World, name: str) -> None:
    words = tuple(f"word{n}" for n in range(120))
    title, description = "A fine dune. " * 60, "Glass in the sun. " * 400
    listing = paper.listing(
        _hostile_item(paper, title=title, description=description, keywords=words)
    )
    told = [f for f in listing.findings if f.before is not None]
    for field, text in (("title", title), ("description", description)):
        # A rule may add a sentence; it never takes one away.
        kept = str(listing.fields[field]).startswith(" ".join(text.split()))
        assert kept or any(field in f.text or field in f.code for f in told), field
    kept_words = listing.fields["keywords"]
    assert isinstance(kept_words, tuple)
    missing = [w for w in words if w not in kept_words]
    said = " ".join(f"{f.text} {f.before or ''}" for f in listing.findings)
    assert not missing or all(w in said for w in missing[:1]) or "keyword" in said


def test_10_absent_stays_absent_and_null_is_a_clear(paper: World, name: str) -> None:
    if paper.row.csv is None:
        pytest.skip(f"{paper.row.title} has no columns of its own: {paper.row.cannot or 'no CSV'}")
    if paper.row.mode is Mode.API:
        pytest.skip(f"{paper.row.title} has columns only in a pack for a person")
    item = _item(paper)
    plain = paper.listing(item)
    assert "csv.Own" not in plain.fields
    assert "country" not in plain.fields and "editorial_date" not in plain.fields
    cleared = paper.listing(reworded(item, channels={name: Override(fields={"Own": None})}))
    assert "csv.Own" in cleared.fields and cleared.fields["csv.Own"] is None
    filled = paper.listing(reworded(item, channels={name: Override(fields={"Own": "x"})}))
    assert filled.fields["csv.Own"] == "x"
    assert cleared.fingerprints() != plain.fingerprints() != filled.fingerprints()


def _waivers(paper: World, item: Item) -> tuple[Waiver, ...]:
    """What a seller writes who has cleared up what the rules hold the item for."""
    held = judge(item, paper.row, day=DAY, account=paper.name)
    if held.word is not VerdictWord.HOLD:
        return ()
    until = DAY + dt.timedelta(days=30)
    return tuple(
        Waiver(item=item.id, account=paper.name, rule=b.rule, reason="asked them", until=until)
        for b in held.because
    )


def _declaring(paper: World, item: Item) -> list[Any]:
    waivers = _waivers(paper, item)
    verdict = judge(item, paper.row, day=DAY, account=paper.name, waivers=waivers)
    return [a for a in verdict.actions if a.declares]


def test_11_ai_is_declared_by_the_mechanism_of_the_row(paper: World, name: str) -> None:
    (item,) = paper.items(1, made="ai-generated")
    verdict = judge(item, paper.row, day=DAY, account=name, waivers=_waivers(paper, item))
    if verdict.word is VerdictWord.DENY:
        pytest.skip(
            f"{paper.row.title}: {verdict.because[0].text} (seen {verdict.because[0].seen})"
        )
    assert verdict.word is VerdictWord.ALLOW_WITH_ACTIONS, "AI is taken, but nobody is told"
    listing = paper.listing(item, waivers=_waivers(paper, item))
    declared = {d.name for d in listing.declarations}
    actions = _declaring(paper, item)
    assert {a.declares for a in actions} <= declared
    assert "ai-generated" in declared
    for action in actions:
        if action.kind is ActionKind.ADD_KEYWORD:
            assert action.value in (listing.fields["keywords"] or ())  # type: ignore[operator]
        elif action.kind is ActionKind.APPEND_SENTENCE:
            assert action.value in str(listing.fields[action.field or "description"])
        elif action.kind is ActionKind.SET_FIELD and action.field not in ("title", "description"):
            assert listing.fields[f"csv.{action.field}"]
        elif action.kind is ActionKind.SET_CATEGORY:
            assert action.value in (listing.fields["categories"] or ())  # type: ignore[operator]
        elif action.kind is ActionKind.HUMAN_TASK:
            assert listing.tasks


def test_11_a_work_by_hand_declares_no_ai(paper: World, name: str) -> None:
    listing = paper.listing(_item(paper))
    assert [d for d in listing.declarations if d.name.startswith("ai-")] == []
    (other,) = paper.items(1, made="ai-generated")
    marks = [a.value for a in _declaring(paper, other) if a.kind is ActionKind.ADD_KEYWORD]
    words = listing.fields["keywords"]
    assert isinstance(words, tuple)
    assert not set(marks) & set(words)


def test_11_an_ai_declaration_cannot_be_overridden_away(paper: World, name: str) -> None:
    (item,) = paper.items(1, made="ai-generated")
    actions = [a for a in _declaring(paper, item) if a.kind is ActionKind.SET_FIELD]
    columns = {a.field: None for a in actions if a.field not in ("title", "description")}
    if not columns:
        pytest.skip(f"{paper.row.title} is not told by a column")
    item = reworded(item, channels={name: Override(fields=dict(columns))})
    cleared = paper.listing(item, waivers=_waivers(paper, item))
    assert all(cleared.fields[f"csv.{column}"] for column in columns)


@pytest.mark.parametrize("price", ["19.90", "0.10", "1234567.89", "100"])
def test_12_money_keeps_currency_and_cents(paper: World, name: str, price: str) -> None:
    offer = Offer(
        currency="JPY" if price == "100" else "EUR",
        variants=(Variant(id="standard", title="Standard", price=Decimal(price)),),
    )
    listing = paper.listing(reworded(_item(paper), offer=offer))
    prices = {k: v for k, v in listing.fields.items() if k.startswith("price.")}
    if not prices:
        assert paper.row.accepts == (ItemKind.ASSET,)
        pytest.skip(f"{paper.row.title} sets the prices itself: no listing field carries one")
    assert prices == {"price.standard": f"{price} {offer.currency}"}


def test_every_row_is_tried(name: str) -> None:
    assert name in ROWS
