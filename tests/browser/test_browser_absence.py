"""What proves that a submit made nothing: tables and a model of a site that is late, and shows other works too."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.browser.absence import (
    SLACK,
    Account,
    judged,
    latecomers,
    to_look_after,
    too_early,
)
from channels.browser.attempts import Attempt
from channels.browser.profile import shipped_profile
from channels.browser.reconcile import Row

AT = dt.datetime(2026, 3, 28, 23, 30, tzinfo=dt.UTC)
TITLE = "Frozen glass dunes"
SITES = {name: shipped_profile(name) for name in ("redbubble", "zazzle", "stock-portal")}
BEFORE = Row("100", "Ice", "ice.jpg", time=AT - dt.timedelta(days=2))


def _attempt(**more: object) -> Attempt:
    given = Attempt(
        "glass-001", TITLE, "glass_001.jpg", AT.isoformat(), "p 1", "ab", 100, person=False
    )
    return replace(given, **more)  # type: ignore[arg-type]


def _delay(site: str) -> dt.timedelta:
    spec = SITES[site].reconcile
    assert spec is not None and spec.appears_within is not None
    return dt.timedelta(seconds=spec.appears_within)


@pytest.mark.parametrize("site", SITES)
def test_a_list_with_older_works_alone_proves_it(site: str) -> None:
    told = judged(_attempt(), [BEFORE], [BEFORE], SITES[site], Account(frozenset()))
    assert told.proved and "listed all its 1 works twice" in told.why


NEWER = Row("101", TITLE, "glass_001.jpg", time=AT + dt.timedelta(minutes=1))
EDITED = replace(NEWER, title="Quite another title")
DOUBTS: dict[str, tuple[str, list[Row], list[Row], Account, str]] = {
    "it is there": ("redbubble", [NEWER, BEFORE], [NEWER, BEFORE], Account(()), "may be: 101"),
    "its title was edited": ("redbubble", [EDITED, BEFORE], [EDITED, BEFORE], Account(()), "may be: 101"),
    "it is there twice": (
        "redbubble", [replace(NEWER, id="102"), NEWER, BEFORE], [replace(NEWER, id="102"), NEWER, BEFORE],
        Account({"102"}), "may be: 101",
    ),
    "in the feed": ("zazzle", [NEWER, BEFORE], [NEWER, BEFORE], Account(()), "may be: 101"),
    "in the feed, edited": ("zazzle", [EDITED, BEFORE], [EDITED, BEFORE], Account(()), "may be: 101"),
    "in the feed, while our clock is ahead": (
        "zazzle", [replace(NEWER, time=AT - dt.timedelta(days=3))], [replace(NEWER, time=AT - dt.timedelta(days=3))],
        Account(()), "may be: 101",
    ),
    "in the feed, without a time": (
        "zazzle", [replace(EDITED, time=None)], [replace(EDITED, time=None)], Account(()), "may be",
    ),
    "in the batch, by its file": ("stock-portal", [EDITED], [EDITED], Account(()), "may be: 101"),
    "the list moves": ("redbubble", [BEFORE], [BEFORE, replace(BEFORE, id="99")], Account(()), "changed"),
    "another of that title is open": ("redbubble", [BEFORE], [BEFORE], Account((), ("b",)), "same title"),
    "another seller": ("redbubble", [replace(BEFORE, id="55")], [replace(BEFORE, id="55")], Account({"7"}), "no work"),
    "an empty list, and there were works": ("redbubble", [], [], Account(()), "no work"),
}  # fmt: skip


@pytest.mark.parametrize("case", DOUBTS)
def test_a_doubt_leaves_it_to_a_person(case: str) -> None:
    site, first, second, known, words = DOUBTS[case]
    told = judged(_attempt(), first, second, SITES[site], known)
    assert not told.proved and words in told.why and told.remedy


def test_an_account_that_was_empty_may_be_empty_still() -> None:
    fresh = _attempt(newest=0)
    assert judged(fresh, [], [], SITES["redbubble"], Account(())).proved
    stranger = [replace(BEFORE, id="55")]
    assert not judged(fresh, stranger, stranger, SITES["redbubble"], Account(())).proved
    assert not judged(replace(fresh, newest=None), [], [], SITES["redbubble"], Account(())).proved


def test_an_upload_that_was_never_submitted_is_no_work() -> None:
    pending = replace(NEWER, id="u1", state="pending")
    assert judged(_attempt(), [pending], [pending], SITES["stock-portal"], Account(())).proved


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize(
    ("more", "moment"),
    [
        ({}, AT + dt.timedelta(minutes=5)),
        ({}, AT - dt.timedelta(days=1)),  # the clock was put back
        ({"ended": (AT + dt.timedelta(days=3)).isoformat()}, AT + dt.timedelta(days=3, minutes=5)),
        ({"id": "101"}, AT + dt.timedelta(days=30)),
    ],
)
def test_before_its_time_nothing_is_told(
    site: str, more: dict[str, object], moment: dt.datetime
) -> None:
    told = too_early(_attempt(**more), SITES[site], moment)
    assert told is not None and not told.proved and "push again" in told.remedy


def test_a_profile_without_a_time_or_a_total_proves_nothing() -> None:
    profile = SITES["redbubble"]
    for gone in ({"appears_within": None}, {"total": None}):
        assert profile.reconcile is not None
        spec = profile.reconcile.model_copy(update=gone)
        told = too_early(
            _attempt(), profile.model_copy(update={"reconcile": spec}), AT + dt.timedelta(days=9)
        )
        assert told is not None and not told.proved
    assert too_early(_attempt(), shipped_profile("society6"), AT + dt.timedelta(days=9)) is not None


@given(
    site=st.sampled_from(sorted(SITES)),
    pressed=st.floats(0, 119),
    lag=st.floats(0, 1),
    looked=st.floats(0, 40 * 86400),
    others=st.lists(st.floats(-9e5, 9e5), max_size=5),
    title=st.sampled_from([TITLE, "edited", ""]),
)
def test_a_work_that_appears_in_time_is_never_proved_missing(
    site: str, pressed: float, lag: float, looked: float, others: list[float], title: str
) -> None:
    """``pressed`` seconds after the note the button was pressed; ``lag`` is a share of what the profile allows."""
    profile, now = SITES[site], AT + dt.timedelta(seconds=looked)
    made = AT + dt.timedelta(seconds=min(pressed, profile.proof.seconds))
    seen = made + lag * _delay(site)
    works = [
        (AT + dt.timedelta(seconds=s), f"other {n}", f"o{n}.jpg") for n, s in enumerate(others)
    ]
    works = sorted([*works, (made, title, "glass_001.jpg")])
    # Ids rise with time; the newest one that was there before the note is what the note says.
    rows = [Row(str(100 + n), t, i, time=w) for n, (w, t, i) in enumerate(works, 1)]
    newest = max((int(r.id) for r in rows if r.time is not None and r.time < AT), default=100)
    listed = [r for r in rows if r.time != made or now >= seen]
    listed = [r for r in listed if r.time is not None and r.time <= now]
    attempt = _attempt(newest=newest)
    ours = {r.id for r in rows if r.title.startswith("other")}
    early = too_early(attempt, profile, now)
    assert early is not None or not judged(attempt, listed, listed, profile, Account(ours)).proved


def test_what_comes_after_all_is_seen_beside_the_one_that_was_made_again() -> None:
    again = _attempt(
        id="103", first_at=AT.isoformat(), first_newest=100, first_title="An earlier title"
    )
    spec = SITES["redbubble"].reconcile
    assert spec is not None
    late = replace(NEWER, id="102", title="An earlier title")
    listed = [
        replace(NEWER, id="104"),
        replace(NEWER, id="103"),
        late,
        replace(BEFORE, title=TITLE),
    ]
    assert latecomers(again, listed, spec, {"104"}) == ["102"]
    assert to_look_after(iter([again, _attempt(id="5")]), AT + dt.timedelta(days=29)) == [again]
    assert to_look_after(iter([again]), AT + dt.timedelta(days=31)) == []
    feed = SITES["zazzle"].reconcile
    assert feed is not None
    old = replace(late, time=AT - SLACK - dt.timedelta(seconds=1))
    assert latecomers(again, [late, old], feed, ()) == ["102"]
