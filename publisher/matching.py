"""Which of the things at a channel are which of our items: by key, then by title and looks. Pure.

A match that is not the only one of its kind is no match: it is told, and left to the person.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from publisher.listing import Listing, Remote


class By(str, Enum):
    """What a match rests on, the surest first."""

    KEY = "key"
    TITLE_AND_LOOKS = "title-and-looks"
    LOOKS = "looks"
    TITLE = "title"


@dataclass(frozen=True, slots=True)
class Match:
    """An item and the remote that it probably is."""

    item: str
    remote: Remote
    by: By


@dataclass(frozen=True, slots=True)
class Doubt:
    """An item with several candidates, or several items with one; ids of the remotes are given."""

    items: tuple[str, ...]
    remotes: tuple[str, ...]
    text: str


def plain_title(text: str) -> str:
    """A title for comparing: without case, accents, punctuation and doubled spaces."""
    spread = unicodedata.normalize("NFKD", text).casefold()
    kept = (c if c.isalnum() else " " for c in spread if not unicodedata.combining(c))
    return " ".join("".join(kept).split())


def matched(
    listings: Mapping[str, Listing],
    remotes: Sequence[Remote],
    taken: Collection[str],
    looks: Callable[[Remote], Iterable[str]],
) -> tuple[list[Match], list[Doubt]]:
    """Match items (by id) with what is there. ``taken`` are remote ids that are bound already.

    ``looks`` gives the items that a remote's picture resembles; it is asked only for what has no key of ours.
    """
    free = [r for r in remotes if r.id not in taken]
    found: dict[str, Match] = {}
    by_key: dict[str, list[Remote]] = defaultdict(list)
    for remote in free:
        by_key[remote.key].append(remote)
    doubts: list[Doubt] = []
    for item, listing in listings.items():
        same = by_key.get(listing.key, [])
        if len(same) == 1:
            found[item] = Match(item, same[0], By.KEY)
        elif same:
            doubts.append(_several(item, same, f"has the key {listing.key} more than once there"))
    used = {m.remote.id for m in found.values()}
    left = {i: lst for i, lst in listings.items() if i not in found and not _doubted(i, doubts)}
    rest = [r for r in free if r.id not in used]
    guesses = _guesses(left, rest, looks)
    per_item: dict[str, list[Match]] = defaultdict(list)
    per_remote: dict[str, list[Match]] = defaultdict(list)
    for guess in guesses:
        per_item[guess.item].append(guess)
        per_remote[guess.remote.id].append(guess)
    for item, options in per_item.items():
        best = _best(options)
        if best is None:
            text = "could be any of several things there"
            doubts.append(_several(item, [o.remote for o in options], text))
        elif _best(per_remote[best.remote.id]) is not best:
            items = tuple(sorted({m.item for m in per_remote[best.remote.id]}))
            told = f"{best.remote.id} could be any of {', '.join(items)}"
            doubts.append(Doubt(items, (best.remote.id,), told))
        else:
            found[item] = best
    return [found[i] for i in listings if i in found], list(dict.fromkeys(doubts))


def _guesses(
    left: Mapping[str, Listing], rest: Sequence[Remote], looks: Callable[[Remote], Iterable[str]]
) -> list[Match]:
    if not left:
        return []
    titled: dict[str, list[str]] = defaultdict(list)
    for item, listing in left.items():
        titled[plain_title(str(listing.fields.get("title") or ""))].append(item)
    found = []
    for remote in rest:
        title = plain_title(str(remote.fields.get("title") or ""))
        by_title = set(titled.get(title, ())) if title else set()
        by_looks = {i for i in looks(remote) if i in left}
        for item in sorted(by_title | by_looks):
            if item in by_title and item in by_looks:
                found.append(Match(item, remote, By.TITLE_AND_LOOKS))
            elif item in by_looks:
                found.append(Match(item, remote, By.LOOKS))
            elif not by_looks:
                # A picture that shows another work contradicts an equal title.
                found.append(Match(item, remote, By.TITLE))
    return found


def _best(options: Sequence[Match]) -> Match | None:
    """The single surest match; None when two are as sure as each other."""
    for kind in By:
        same = [o for o in options if o.by is kind]
        if len(same) == 1:
            return same[0]
        if same:
            return None
    return None


def _several(item: str, remotes: Sequence[Remote], text: str) -> Doubt:
    return Doubt((item,), tuple(r.id for r in remotes), f"{item} {text}")


def _doubted(item: str, doubts: Sequence[Doubt]) -> bool:
    return any(item in d.items for d in doubts)
