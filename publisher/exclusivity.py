"""Who has been promised a work, where it stands, and what publishing it somewhere else would break. Pure.

Promises come from three places: the manifest, a channel that is exclusive by itself, and what the ledger has
there already. Aggregators forward what they get, so that one work can reach a channel twice. Nothing here
looks into a ledger or a manifest: places, vows and standings are handed in.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from publisher.listing import Because
from publisher.rules import Evidence

BROKEN = "promise-broken"
"""The rule id of a verdict that a promise forbids."""

ROUTE = "route-conflict"
"""The rule id of a verdict that two routes to one channel bring about; a waiver may name it."""


class Reach(str, Enum):
    """What a promise covers: one work, or everything of its maker."""

    IMAGE = "image"
    PORTFOLIO = "portfolio"


@dataclass(frozen=True, slots=True)
class Place:
    """An account as exclusivity sees it. ``promises`` is what publishing there promises by itself.

    ``forwards_to`` are names of channels that get everything from here. ``prints`` says that only prints are
    sold here; ``prints_excepted`` that a promise made by publishing here allows them elsewhere. ``delivers``
    says that publishing here means handing the work to the one buyer who ordered it. ``evidence`` is who says
    all that.
    """

    account: str
    channel: str
    title: str
    promises: Reach | None = None
    forwards_to: tuple[str, ...] = ()
    prints: bool = False
    prints_excepted: bool = False
    delivers: bool = False
    evidence: Evidence | None = None

    def is_(self, name: str) -> bool:
        """Whether ``name`` means this account, its channel or the channel's title, however it is spelled."""
        wanted = _plain(name)
        return wanted in {_plain(self.account), _plain(self.channel), _plain(self.title)}


@dataclass(frozen=True, slots=True)
class Vow:
    """A promise as the manifest states it, with the place where it stands there.

    A ``delivery`` went to one buyer: nobody else may get the work, not even through the same channel.
    """

    to: str
    reach: Reach = Reach.IMAGE
    since: dt.date | None = None
    until: dt.date | None = None
    prints_excepted: bool = False
    delivery: bool = False
    origin: str = ""

    def in_force(self, day: dt.date) -> bool:
        """Whether it binds on ``day``; ``until`` is the last such day."""
        begun = self.since is None or self.since <= day
        return begun and (self.until is None or day <= self.until)


@dataclass(frozen=True, slots=True)
class Piece:
    """One work: every name under which it is known (asset ids, checksums), its maker and its promises."""

    item: str
    works: frozenset[str]
    makers: frozenset[str] = frozenset()
    vows: tuple[Vow, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """A work that is, or by this plan will be, at an account. ``how`` is the ledger's or the plan's words."""

    item: str
    place: Place
    how: str


class Severity(str, Enum):
    """A broken promise is denied; a double route is held, because a person may have closed it there."""

    DENY = "deny"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class Conflict:
    """Why a work may not go to an account."""

    severity: Severity
    because: Because


@dataclass
class Graph:
    """Promises and standings, and the one question to them. Add what stands before what is asked."""

    day: dt.date
    _standing: dict[str, list[Standing]] = field(default_factory=dict)
    _portfolios: list[tuple[Vow, frozenset[str]]] = field(default_factory=list)
    _exclusive: dict[str, tuple[Standing, frozenset[str]]] = field(default_factory=dict)
    _anywhere: dict[str, dict[str, Standing]] = field(default_factory=dict)

    def know(self, pieces: Iterable[Piece]) -> None:
        """Note the promises that reach beyond their own work."""
        for piece in pieces:
            for vow in piece.vows:
                if vow.reach is Reach.PORTFOLIO and vow.in_force(self.day):
                    self._portfolios.append((vow, piece.makers))

    def stand(self, piece: Piece, place: Place, how: str) -> None:
        """Note that the work is at ``place``, or will be when this plan is carried out."""
        standing = Standing(piece.item, place, how)
        for work in piece.works:
            self._standing.setdefault(work, []).append(standing)
        for maker in piece.makers or {""}:
            self._anywhere.setdefault(maker, {}).setdefault(place.account, standing)
        if place.promises is Reach.PORTFOLIO:
            self._exclusive.setdefault(place.account, (standing, piece.makers))

    def conflict(self, piece: Piece, place: Place) -> Conflict | None:
        """What publishing ``piece`` at ``place`` would break; None when nothing."""
        return (
            self.promised(piece, place)
            or self._exclusivity(piece, place)
            or self._route(piece, place)
        )

    def promised(self, piece: Piece, place: Place) -> Conflict | None:
        """A promise of the manifest that forbids the place."""
        far = [v for v, makers in self._portfolios if _same_maker(makers, piece.makers)]
        for vow in dict.fromkeys((*piece.vows, *far)):
            if not vow.in_force(self.day) or (place.prints and vow.prints_excepted):
                continue
            if place.is_(vow.to) and not vow.delivery:
                continue
            return _denied(_told(vow), source=f"the manifest ({vow.origin})" if vow.origin else "")
        return None

    def _exclusivity(self, piece: Piece, place: Place) -> Conflict | None:
        """Two places of which one wants the work, or the maker, for itself."""
        for standing in self._elsewhere(piece, place):
            there = standing.place
            if there.promises is not None and not (there.prints_excepted and place.prints):
                return _denied(f"{_has(there)}: {standing.item} {standing.how}", there)
            if place.promises is not None and not (place.prints_excepted and there.prints):
                return _denied(f"{_wants(place)}, but {standing.item} {standing.how}", place)
        for standing, makers in self._exclusive.values():
            there = standing.place
            excepted = there.prints_excepted and place.prints
            if (
                there.account != place.account
                and not excepted
                and _same_maker(makers, piece.makers)
            ):
                return _denied(
                    f"{there.title} has everything by this maker exclusively: {standing.item} "
                    f"{standing.how}",
                    there,
                )
        return self._portfolio(piece, place)

    def _portfolio(self, piece: Piece, place: Place) -> Conflict | None:
        if place.promises is not Reach.PORTFOLIO:
            return None
        makers = [m for m in self._anywhere if not m or not piece.makers or m in piece.makers]
        for maker in makers:
            for account, standing in self._anywhere[maker].items():
                excepted = place.prints_excepted and standing.place.prints
                if account != place.account and not excepted:
                    return _denied(
                        f"{place.title} wants everything by this maker exclusively, but "
                        f"{standing.item} {standing.how}",
                        place,
                    )
        return None

    def _route(self, piece: Piece, place: Place) -> Conflict | None:
        """The same work by two ways to one channel."""
        for standing in self._elsewhere(piece, place):
            there, where = standing.place, f"{standing.item} {standing.how}"
            both = sorted(set(place.forwards_to) & set(there.forwards_to))
            if place.channel in there.forwards_to:
                text, says = f"{there.title} forwards it to {place.title}, and {where}", there
            elif there.channel in place.forwards_to:
                text, says = f"{place.title} would forward it to {there.title}, and {where}", place
            elif both:
                text = f"{place.title} and {there.title} both forward to {', '.join(both)}, and {where}"
                says = place
            else:
                continue
            return Conflict(Severity.HOLD, _cited(ROUTE, text, says.evidence))
        return None

    def _elsewhere(self, piece: Piece, place: Place) -> list[Standing]:
        found = [s for w in sorted(piece.works) for s in self._standing.get(w, ())]
        return [s for s in dict.fromkeys(found) if s.place.account != place.account]


def settle(
    graph: Graph,
    wanted: Iterable[tuple[Piece, Place]],
    bound: Mapping[tuple[str, str], bool],
) -> dict[tuple[str, str], Conflict]:
    """Go through pairs in account order: the first one that fits stands, the later ones meet it.

    ``bound`` tells of (account, item) that it is there already; such a pair can only break a promise of the
    manifest, because the graph has it among what stands.
    """
    found: dict[tuple[str, str], Conflict] = {}
    for piece, place in wanted:
        there = bound.get((place.account, piece.item), False)
        conflict = graph.promised(piece, place) if there else graph.conflict(piece, place)
        if conflict is not None:
            found[place.account, piece.item] = conflict
        elif not there:
            graph.stand(piece, place, f"goes to {place.title} with this plan")
    return found


def _told(vow: Vow) -> str:
    """The promise in words: who, what, until when, and where it is written."""
    what = "everything by this maker is" if vow.reach is Reach.PORTFOLIO else "the picture is"
    verb = "delivered to" if vow.delivery else "promised to"
    end = f" until {vow.until}" if vow.until else ""
    less = ", prints excepted" if vow.prints_excepted else ""
    where = f" ({vow.origin})" if vow.origin else ""
    return f"{what} {verb} {vow.to} alone{end}{less}{where}"


def _denied(text: str, says: Place | None = None, *, source: str = "") -> Conflict:
    """``says`` is the place whose terms forbid it; a promise of the manifest names where it is written."""
    if says is None or says.evidence is None:
        return Conflict(Severity.DENY, Because(BROKEN, text, source))
    return Conflict(Severity.DENY, _cited(BROKEN, text, says.evidence))


def _cited(rule: str, text: str, evidence: Evidence | None) -> Because:
    if evidence is None:
        return Because(rule, text)
    return Because(rule, text, evidence.source, evidence.grade.value, evidence.seen.isoformat())


def _has(place: Place) -> str:
    """The promise of a place where the work stands."""
    if place.delivers:
        return f"what goes through {place.title} is delivered to one buyer alone"
    return f"{place.title} has {_whole(place)} exclusively"


def _wants(place: Place) -> str:
    """The promise that a place would ask for."""
    if place.delivers:
        return f"what goes through {place.title} is made for one buyer alone"
    return f"{place.title} wants {_whole(place)} exclusively"


def _whole(place: Place) -> str:
    return "everything by this maker" if place.promises is Reach.PORTFOLIO else "the picture"


def _same_maker(one: frozenset[str], other: frozenset[str]) -> bool:
    """Works without a named maker are the seller's own, so that they belong to every portfolio."""
    return not one or not other or bool(one & other)


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold())
