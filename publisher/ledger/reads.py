"""The reading half of the ledger. Every method sees one consistent state; none writes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator

from sqlalchemy import func, select, tuple_

from publisher.ledger.codec import (
    binding_of,
    event_of,
    from_micros,
    intent_of,
    load,
    run_of,
    to_micros,
)
from publisher.ledger.database import Database
from publisher.ledger.records import Binding, Event, Intent, IntentState, Pair, Picture, Run
from publisher.ledger.tables import OPEN, bindings, events, intents, pictures, runs, sent_files
from publisher.row import Verb

PORTION = 1000
"""How many bindings are in memory at a time while all are read."""


class Reads:
    """Questions to the ledger."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def unsettled(self, account: str | None = None) -> list[Intent]:
        """Intents without a final outcome (intent, sent, unknown), oldest first."""
        query = select(intents).where(OPEN).order_by(intents.c.id)
        if account is not None:
            query = query.where(intents.c.account == account)
        with self._database.read() as connection:
            return [intent_of(row) for row in connection.execute(query)]

    def intent(self, number: int) -> Intent | None:
        """One intent by its id."""
        with self._database.read() as connection:
            row = connection.execute(select(intents).where(intents.c.id == number)).first()
        return None if row is None else intent_of(row)

    def binding(self, account: str, item: str) -> Binding | None:
        """What is bound for the pair."""
        query = select(bindings).where(bindings.c.account == account, bindings.c.item == item)
        with self._database.read() as connection:
            row = connection.execute(query).first()
        return None if row is None else binding_of(row)

    def bindings(self, account: str | None = None) -> dict[Pair, Binding]:
        """All bindings, in the order of account and item."""
        query = select(bindings).order_by(bindings.c.account, bindings.c.item)
        if account is not None:
            query = query.where(bindings.c.account == account)
        with self._database.read() as connection:
            found = [binding_of(row) for row in connection.execute(query)]
        return {(each.account, each.item): each for each in found}

    def bound_by_key(self, account: str) -> Iterator[Binding]:
        """The bindings of an account in the order of their keys, read in portions."""
        last: tuple[str, str] = ("", "")
        while True:
            here = tuple_(bindings.c.key, bindings.c.item)
            query = (
                select(bindings)
                .where(bindings.c.account == account, here > last)
                .order_by(bindings.c.key, bindings.c.item)
                .limit(PORTION)
            )
            with self._database.read() as connection:
                found = [binding_of(row) for row in connection.execute(query)]
            yield from found
            if len(found) < PORTION:
                return
            last = (found[-1].key, found[-1].item)

    def unsubmitted(self, account: str) -> list[Binding]:
        """Bindings that are in no submitted batch yet, in the order of their items."""
        query = (
            select(bindings)
            .where(bindings.c.account == account, bindings.c.submitted == "")
            .order_by(bindings.c.item)
        )
        with self._database.read() as connection:
            return [binding_of(row) for row in connection.execute(query)]

    def pictures(self) -> dict[str, Picture]:
        """What every item that was ever published looked like last, by item."""
        with self._database.read() as connection:
            rows = connection.execute(select(pictures)).all()
        return {row.item: Picture(row.item, row.sha256, row.hashes) for row in rows}

    def began(self, account: str, name: str, sha256: str, *, before: int | None = None) -> bool:
        """Whether an intent of ours, whatever became of it, recorded that file (before intent ``before``)."""
        query = select(sent_files.c.intent).where(
            sent_files.c.account == account,
            sent_files.c.name == name,
            sent_files.c.sha256 == sha256,
        )
        if before is not None:
            query = query.where(sent_files.c.intent < before)
        with self._database.read() as connection:
            return connection.execute(query.limit(1)).first() is not None

    def last_sent(self, account: str, name: str, *, before: int | None = None) -> str | None:
        """SHA-256 of the file that our latest intent (before ``before``) recorded under ``name``."""
        query = (
            select(sent_files.c.sha256)
            .where(sent_files.c.account == account, sent_files.c.name == name)
            .order_by(sent_files.c.intent.desc(), sent_files.c.place.desc())
            .limit(1)
        )
        if before is not None:
            query = query.where(sent_files.c.intent < before)
        with self._database.read() as connection:
            found: str | None = connection.scalar(query)
        return found

    def writes_since(
        self, account: str, since: dt.datetime, verbs: Collection[Verb]
    ) -> list[tuple[dt.datetime, tuple[str, ...]]]:
        """Time and tags of the writes that count for pace and quotas from ``since`` on, ascending.

        The time is that of ``sending``, before it that of the intent. A write counts whatever became of
        it; only one that failed before ``sending`` certainly never went out and does not.
        """
        query = (
            select(intents.c.counted_at, intents.c.tags)
            .where(
                intents.c.account == account,
                intents.c.counted_at >= to_micros(since),
                intents.c.verb.in_([verb.value for verb in verbs]),
            )
            .order_by(intents.c.counted_at, intents.c.id)
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return [(from_micros(row.counted_at), load(row.tags)) for row in rows]

    def events(
        self,
        *,
        item: str | None = None,
        account: str | None = None,
        run: int | None = None,
        limit: int | None = None,
    ) -> list[Event]:
        """Events that match, oldest first; ``limit`` keeps the last so many."""
        query = select(events).order_by(events.c.id.desc())
        if item is not None:
            query = query.where(events.c.item == item)
        if account is not None:
            query = query.where(events.c.account == account)
        if run is not None:
            query = query.where(events.c.run == run)
        if limit is not None:
            query = query.limit(limit)
        with self._database.read() as connection:
            found = [event_of(row) for row in connection.execute(query)]
        return found[::-1]

    def head(self) -> int:
        """Id of the last event, 0 when there is none. It moves with every write."""
        with self._database.read() as connection:
            return connection.scalar(select(func.max(events.c.id))) or 0

    def runs(self) -> list[Run]:
        """All runs, oldest first."""
        with self._database.read() as connection:
            return [run_of(row) for row in connection.execute(select(runs).order_by(runs.c.id))]

    def writes_of_runs(self) -> dict[int, dict[str, int]]:
        """How many writes of each verb every run has behind it that surely landed; runs without one are left out."""
        query = (
            select(intents.c.run, intents.c.verb, func.count())
            .where(intents.c.state == IntentState.CONFIRMED.value)
            .group_by(intents.c.run, intents.c.verb)
            .order_by(intents.c.run, intents.c.verb)
        )
        found: dict[int, dict[str, int]] = {}
        with self._database.read() as connection:
            for run, verb, count in connection.execute(query):
                found.setdefault(run, {})[verb] = count
        return found

    def had_run(self, digest: str) -> bool:
        """Whether a run of the plan with that digest was begun before, ended or not."""
        with self._database.read() as connection:
            query = select(runs.c.id).where(runs.c.digest == digest).limit(1)
            return connection.execute(query).first() is not None
