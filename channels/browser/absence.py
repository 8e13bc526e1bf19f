"""When a site's list proves that a submit never made anything, and what it shows of one that came late after all.

Pure: it judges what was read. In doubt it says no, for a wrong yes is a second work.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from channels.browser.attempts import Attempt
from channels.browser.reconcile import Row, matches
from channels.browser.schema import Profile, Reconcile
from publisher.listing import Missing, Status

SLACK = dt.timedelta(minutes=10)
"""So far may the clock of a site be from ours."""
DOUBT = dt.timedelta(days=1)
"""So far may they be apart before a work of another title is surely an older one: no wrong zone is further off."""
LOOK_BACK = dt.timedelta(days=30)
"""So long a submit that was made again is looked after: its first one may still come."""
AGAIN = "push again, and it is looked up again"
SEEN = "look at the works in the site's list"


@dataclass(frozen=True, slots=True)
class Account:
    """What is known of an account. ``ours`` are ids of works whose keys are known and are other ones."""

    ours: Collection[str]
    rivals: Sequence[str] = ()


def too_early(attempt: Attempt, profile: Profile, now: dt.datetime) -> Missing | None:
    """Why nothing can be told yet, before anything is read; None when the list may be asked."""
    site, spec = profile.identity.site, profile.reconcile
    if spec is None or spec.appears_within is None or spec.total is None:
        return Missing(False, f"no list of {site} is known that proves what is not there")
    if attempt.id:
        return Missing(False, f"{site} gave it the id {attempt.id} and does not list it", AGAIN)
    due = last_moment(attempt, profile) + dt.timedelta(seconds=spec.appears_within)
    if not attempt.moment <= now or now < due:
        text = (
            f"it is not in the list of {site}, where a work may take until {due:%Y-%m-%d %H:%M} UTC"
        )
        return Missing(False, text, "push again after that, and it is looked up again")
    return None


def last_moment(attempt: Attempt, profile: Profile) -> dt.datetime:
    """After this the button was surely not pressed any more, nor the form sent again by its page."""
    if attempt.ended:
        # A clock that was put back meanwhile does not make the wait shorter.
        return max(dt.datetime.fromisoformat(attempt.ended), attempt.moment)
    return attempt.moment + dt.timedelta(seconds=profile.proof.seconds)


def judged(
    attempt: Attempt, first: Sequence[Row], second: Sequence[Row], profile: Profile, known: Account
) -> Missing:
    """What two whole readings of the list prove, once it is late enough (see ``too_early``)."""
    site, spec = profile.identity.site, profile.reconcile
    assert spec is not None
    if known.rivals:
        others = ", ".join(known.rivals)
        return Missing(
            False, f"{others} went to {site} under the same title, and is open too", SEEN
        )
    if {(r.id, r.title, r.state) for r in first} != {(r.id, r.title, r.state) for r in second}:
        return Missing(False, f"the list of {site} changed while it was read", AGAIN)
    if spec.whose == "session" and not _right_seller(attempt, first, known):
        text = f"the list of {site} shows no work that is known of this account"
        return Missing(False, text, "see that the right seller is signed in, then push again")
    doubtful = [r.id for r in first if r.id not in known.ours and could_be(r, attempt, spec)]
    if doubtful:
        named = ", ".join(doubtful[:5])
        return Missing(False, f"{site} lists works that it may be: {named}", SEEN)
    return Missing(
        True, f"{site} listed all its {len(first)} works twice, and it is not among them"
    )


def _right_seller(attempt: Attempt, listed: Sequence[Row], known: Account) -> bool:
    anchors = {*known.ours, *([str(attempt.newest)] if attempt.newest else [])}
    if not anchors:
        # An account without works: it was empty before the submit, and it is empty now.
        return attempt.newest == 0 and not listed
    return any(r.id in anchors for r in listed)


def could_be(row: Row, attempt: Attempt, spec: Reconcile) -> bool:
    """Whether a listed work of unknown origin can have come from this submit, whatever its title is now."""
    if spec.status.get(row.state) == Status.PARTIAL.value:
        return False  # An upload that was never submitted.
    if spec.match == "image" and not matches(row, attempt.title, attempt.image, spec.match):
        return False  # Nobody can change the name of a file there.
    if spec.ids != "rising" and matches(row, attempt.title, attempt.image, spec.match):
        return True  # Whose clock is wrong is not known, so that a time does not tell it from an older one.
    return not older(row, attempt.moment, attempt.newest, spec, DOUBT)


def older(
    row: Row, moment: dt.datetime, newest: int | None, spec: Reconcile, slack: dt.timedelta = SLACK
) -> bool:
    """Whether a work was there before, by its id or, clocks being right within ``slack``, by its time."""
    if spec.ids == "rising":
        return newest is not None and row.number is not None and row.number <= newest
    return row.time is not None and row.time < moment - slack


def to_look_after(attempts: Iterator[Attempt], now: dt.datetime) -> list[Attempt]:
    """Submits that were made again because their first one was not there, and not long ago."""
    return [
        a
        for a in attempts
        if a.id and a.first_at and now - dt.datetime.fromisoformat(a.first_at) < LOOK_BACK
    ]


def latecomers(
    attempt: Attempt, listed: Sequence[Row], spec: Reconcile, ours: Collection[str]
) -> list[str]:
    """Ids of works that a first submit made after all, beside the one that was made again."""
    moment = dt.datetime.fromisoformat(attempt.first_at)
    return [
        r.id
        for r in listed
        if r.id != attempt.id
        and r.id not in ours
        and spec.status.get(r.state) != Status.PARTIAL.value
        and not older(r, moment, attempt.first_newest, spec)
        and any(
            matches(r, t, attempt.image, spec.match) for t in (attempt.title, attempt.first_title)
        )
    ]
