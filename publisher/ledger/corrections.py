"""Bindings that change without a write of ours: adopted, observed, carried out or given up by a person.

Each method is one durable transaction with its event. None of them talks to a channel.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import bindparam, delete, insert, select

from publisher.errors import Conflict
from publisher.ledger.bind import adopted, joined
from publisher.ledger.codec import to_micros
from publisher.ledger.database import Database
from publisher.ledger.journal import Journal
from publisher.ledger.reads import Reads
from publisher.ledger.records import Binding, EventKind, Picture
from publisher.ledger.tables import OPEN, intents, pictures
from publisher.ledger.words import Words
from publisher.listing import FieldValue, Remote, Status


class Corrections(Reads):
    """What the ledger is told about the world outside of its own writes."""

    def __init__(self, database: Database, words: Words) -> None:
        super().__init__(database)
        self._words = words

    def adopt(
        self,
        *,
        run: int,
        account: str,
        item: str,
        key: str,
        remote: Remote,
        fields: Mapping[str, FieldValue],
        release: str,
        at: dt.datetime,
    ) -> Binding:
        """Bind what is there already. Raises Conflict while the pair has an open intent."""
        there = self._words.remote(remote)
        wanted = adopted(
            Binding(
                account=account, item=item, key=key, remote_id=there.id, url=there.url,
                status=there.status, release=release, fields=self._words.fields(fields), files=(),
                tasks=(), prepared=False, submitted="", at=at,
            )
        )  # fmt: skip
        with self._database.write(account) as connection:
            if connection.execute(
                select(intents.c.id).where(
                    intents.c.account == account, intents.c.item == item, OPEN
                )
            ).first():
                raise still_open(account, item)
            Journal(connection, at, run=run).bind(account, item, wanted, EventKind.ADOPTED, {})
        return wanted

    def release(
        self, account: str, item: str, at: dt.datetime, reason: str, *, run: int = 0
    ) -> None:
        """Forget a binding, because a person said that it is gone. Raises Conflict when nothing is bound."""
        with self._database.write(account) as connection:
            journal = Journal(connection, at, run=run)
            journal.bound(account, item)
            data = {"reason": self._words.said(reason)}
            journal.bind(account, item, None, EventKind.RELEASED, data)

    def observe(
        self,
        account: str,
        item: str,
        status: Status,
        at: dt.datetime,
        reason: str = "",
        *,
        run: int = 0,
    ) -> None:
        """A status was read back. The same status again, or an item without a binding, writes nothing."""
        known = self.binding(account, item)
        if known is None or known.status is status:
            return
        with self._database.write(account) as connection:
            journal = Journal(connection, at, run=run)
            old = journal.find(account, item)
            if old is not None and old.status is not status:
                said = {"reason": self._words.said(reason), "was": old.status}
                journal.alter(old, EventKind.OBSERVED, {"status": status.value}, said)

    def assign(
        self,
        account: str,
        item: str,
        tasks: Sequence[str],
        at: dt.datetime,
        reason: str,
        *,
        run: int = 0,
    ) -> bool:
        """Give a person something to do about what is there; returns whether any of it is new.

        Tasks that stand there already are not added again, and nothing is written when none is new. Raises
        Conflict when nothing is bound.
        """
        with self._database.write(account) as connection:
            journal = Journal(connection, at, run=run)
            old = journal.bound(account, item)
            now = joined(old.tasks, self._words.all_said(tasks))
            if now == old.tasks:
                return False
            told = {"reason": self._words.said(reason)}
            journal.alter(old, EventKind.TASKED, {"tasks": now}, told)
            return True

    def remember(self, looks: Iterable[Picture], at: dt.datetime) -> None:
        """Note what items look like that are about to be published; a later look replaces an earlier one."""
        known = self.pictures()
        rows = {p.item: p for p in looks if known.get(p.item) != p}
        if not rows:
            return
        values = [
            {"item": p.item, "sha256": p.sha256, "hashes": p.hashes, "at": to_micros(at)}
            for p in rows.values()
        ]
        with self._database.write() as connection:
            # One statement per item, sent as a batch: a list of all of them has a limit in SQLite.
            gone = delete(pictures).where(pictures.c.item == bindparam("gone"))
            connection.execute(gone, [{"gone": item} for item in rows])
            connection.execute(insert(pictures), values)

    def amend(
        self,
        account: str,
        item: str,
        fields: Mapping[str, FieldValue],
        at: dt.datetime,
        by: str,
        *,
        run: int = 0,
    ) -> None:
        """A person carried out there what was prepared: ``fields`` are so now, and no task is left.

        Raises Conflict when nothing is bound.
        """
        with self._database.write(account) as connection:
            journal = Journal(connection, at, run=run)
            old = journal.bound(account, item)
            now = {**old.fields, **self._words.fields(fields)}
            changes = {"fields": now, "prepared": False, "tasks": ()}
            was = {"fields": old.fields, "tasks": old.tasks, "by": self._words.said(by)}
            journal.alter(old, EventKind.AMENDED, changes, was)

    def note_fields(
        self,
        account: str,
        item: str,
        fields: Mapping[str, FieldValue],
        at: dt.datetime,
        by: str,
        *,
        run: int = 0,
    ) -> None:
        """Fields of a binding are so now, as it was read there or decided; None takes a field away.

        Tasks and the rest stay as they are. Raises Conflict when nothing is bound.
        """
        with self._database.write(account) as connection:
            journal = Journal(connection, at, run=run)
            old = journal.bound(account, item)
            given = self._words.fields(fields)
            now = {
                n: v for n, v in {**old.fields, **given}.items() if n not in given or v is not None
            }
            was = {"fields": old.fields, "by": self._words.said(by)}
            journal.alter(old, EventKind.AMENDED, {"fields": now}, was)


def still_open(account: str, item: str) -> Conflict:
    return Conflict(
        f"An earlier write of {item or 'a batch'} on {account} is not settled yet.",
        remedy="Run publisher push again to have it looked up, or publisher resolve to say what happened.",
    )
