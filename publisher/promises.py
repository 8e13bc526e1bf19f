"""Promises as a project has them: what the manifest says, what rows want, and what the ledger has where.

It builds the graph of ``publisher.exclusivity`` and asks it, for a plan and for an audit. It only reads.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from publisher.discovery import load_row
from publisher.errors import ConfigError
from publisher.exclusivity import Conflict, Graph, Piece, Place, Reach, Vow, settle
from publisher.ledger.records import Binding, Pair
from publisher.listing import Status
from publisher.manifest.item import Item
from publisher.manifest.model import Asset, Promise
from publisher.plan import PlanItem, Word
from publisher.row import Row
from publisher.workspace import Workspace

_AWAY = frozenset({Status.GONE, Status.REJECTED})
_STOPPED = frozenset({Word.HELD, Word.DENIED})


def plan_conflicts(
    ws: Workspace, pairs: Sequence[PlanItem], bindings: Mapping[Pair, Binding], day: dt.date
) -> dict[Pair, Conflict]:
    """(account, item) -> the promise or route that the pair would break. Of two new ones the first wins."""
    asked = [p for p in pairs if p.word not in _STOPPED]
    web = _Web(ws, {*bindings, *((p.account, p.item) for p in asked)})
    if web.idle:
        return {}
    graph = web.graph(day)
    for binding in _live(bindings):
        if web.concerns(binding.account, binding.item):
            graph.stand(*web.ends(binding.account, binding.item), web.how(binding))
    there = dict.fromkeys(bindings, True)
    for pair in asked:
        key = (pair.account, pair.item)
        if pair.word is Word.UNKNOWN and key not in bindings and web.concerns(*key):
            there[key] = True
            graph.stand(*web.ends(*key), f"may be at {web.places[pair.account].title} already")
    concerned = (p for p in asked if web.concerns(p.account, p.item))
    return settle(graph, (web.ends(p.account, p.item) for p in concerned), there)


def standing_conflicts(
    ws: Workspace, bindings: Mapping[Pair, Binding], day: dt.date
) -> dict[Pair, Conflict]:
    """(account, item) -> what breaks a promise among what is there already: the earlier one stands."""
    web = _Web(ws, set(bindings))
    found: dict[Pair, Conflict] = {}
    if web.idle:
        return found
    graph = web.graph(day)
    for binding in sorted(_live(bindings), key=lambda b: (b.at, b.account, b.item)):
        if not web.concerns(binding.account, binding.item):
            continue
        piece, place = web.ends(binding.account, binding.item)
        conflict = graph.conflict(piece, place)
        if conflict is not None:
            found[binding.account, binding.item] = conflict
        else:
            graph.stand(piece, place, web.how(binding))
    return found


class _Web:
    """The pairs of a project with what is special about them, so that the many plain ones cost nothing."""

    def __init__(self, ws: Workspace, pairs: Iterable[Pair]) -> None:
        every = list(pairs)
        self._items = {item.id: item for item in ws.items}
        self._pieces: dict[str, Piece] = {}
        self.places = _places(ws, every)
        self._vowed = {i.id for i in ws.items if any(m.exclusivity for m in i.members)}
        routes = {name for place in self.places.values() for name in place.forwards_to}
        exclusive = {p.account for p in self.places.values() if p.promises is not None}
        self._special = exclusive | {
            p.account for p in self.places.values() if p.forwards_to or p.channel in routes
        }
        self._everything = any(p.promises is Reach.PORTFOLIO for p in self.places.values()) or any(
            v.reach is Reach.PORTFOLIO for i in self._vowed for v in self.piece(i).vows
        )
        self._taken = {w for a, i in every if a in exclusive for w in self.piece(i).works}
        self.idle = not (self._vowed or exclusive or routes)

    def piece(self, item: str) -> Piece:
        """The work of an item; of one that is in no manifest any more only its id is known."""
        if item not in self._pieces:
            known = self._items.get(item)
            self._pieces[item] = piece_of(known) if known else Piece(item, frozenset({item}))
        return self._pieces[item]

    def ends(self, account: str, item: str) -> tuple[Piece, Place]:
        """Both ends of a pair."""
        return self.piece(item), self.places[account]

    def concerns(self, account: str, item: str) -> bool:
        """Whether any promise or route can say something about the pair."""
        if self._everything or account in self._special or item in self._vowed:
            return True
        return bool(self._taken) and not self._taken.isdisjoint(self.piece(item).works)

    def graph(self, day: dt.date) -> Graph:
        """The promises of the manifest; nothing stands yet."""
        made = Graph(day)
        made.know(self.piece(item) for item in sorted(self._vowed))
        return made

    def how(self, binding: Binding) -> str:
        """Where a binding is, in words."""
        state = "is prepared for" if binding.prepared else "is at"
        title = self.places[binding.account].title
        return f"{state} {title} as {binding.remote_id} since {binding.at:%Y-%m-%d}"


def piece_of(item: Item) -> Piece:
    """An item as exclusivity sees it: a bundle stands for all its members, and a copy for its original."""
    return Piece(
        item.id,
        frozenset({m.id for m in item.members} | {m.sha256 for m in item.masters if m.sha256}),
        frozenset(m.creator for m in item.members if m.creator),
        tuple(_vow(p, m, item) for m in item.members for p in m.exclusivity),
    )


def place_of(name: str, row: Row, options: Mapping[str, Any]) -> Place:
    """An account as exclusivity sees it.

    ``forwards_to`` among the account's options replaces the row's: a seller may have closed a route there.
    A channel of deliveries binds unless the account's option says that this one does not.
    """
    terms = row.exclusivity
    if terms is None:
        return Place(name, row.name, row.title)
    delivers = terms.promises == "delivery"
    stated = options.get(terms.option, delivers) if terms.option else True
    wanted = terms.promises != "none" and stated is True
    routes = options.get("forwards_to", terms.forwards_to)
    return Place(
        name,
        row.name,
        row.title,
        _reach(terms.promises) if wanted else None,
        tuple(str(route) for route in routes),
        terms.prints,
        terms.prints_excepted,
        delivers,
        terms.evidence,
    )


def _reach(promises: str) -> Reach:
    return Reach.PORTFOLIO if promises == "portfolio" else Reach.IMAGE


def _vow(promise: Promise, member: Asset, item: Item) -> Vow:
    line = f"{item.file}:{item.line}" if item.line else item.file
    return Vow(
        promise.to,
        Reach(promise.scope),
        promise.since,
        promise.until,
        promise.prints_excepted,
        promise.kind == "delivery",
        f"{member.id} in {line}" if line else member.id,
    )


def _places(ws: Workspace, bindings: Iterable[Pair]) -> dict[str, Place]:
    """The workspace's accounts, and those of the ledger that were not asked for or are switched off."""
    found = {a.name: place_of(a.name, a.row, a.options) for a in ws.accounts}
    for name in dict.fromkeys(account for account, _ in bindings):
        if name in found:
            continue
        configured = ws.project.accounts.get(name)
        try:
            row = load_row(configured.channel, ws.folder) if configured is not None else None
        except ConfigError:
            row = None
        options = configured.options if configured is not None else {}
        found[name] = place_of(name, row, options) if row else Place(name, name, name)
    return found


def _live(bindings: Mapping[Pair, Binding]) -> list[Binding]:
    return [b for (_, item), b in bindings.items() if item and b.status not in _AWAY]
