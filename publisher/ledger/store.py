"""The ledger: append-only events, the intents they are about, and the bindings they add up to.

Each writing method is one durable transaction that also appends its event: when it returned, it is on the
disk; when the process was killed before, nothing of it is. It never talks to a channel and reads no clock.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from publisher.ledger.bind import Answer, after, joined
from publisher.ledger.codec import dump, files_data, to_micros
from publisher.ledger.corrections import Corrections, still_open
from publisher.ledger.database import Database
from publisher.ledger.journal import Journal
from publisher.ledger.lock import account_lock
from publisher.ledger.records import Binding, EventKind, Intent, IntentState, SentFile
from publisher.ledger.tables import OPEN, intents, runs, sent_files
from publisher.ledger.words import Words
from publisher.listing import FieldValue, Remote, Status
from publisher.row import Verb


class Ledger(Corrections):
    """What was intended, sent, confirmed and observed. Safe to use from several threads and processes.

    Texts and field values pass through ``redact`` before they are written. Every method may raise
    ConfigError when the database cannot be used; nothing was written then.
    """

    def __init__(self, database: Database, redact: Callable[[str], str] = str) -> None:
        super().__init__(database, Words(redact))

    @classmethod
    def open(cls, location: Path | str, *, redact: Callable[[str], str] = str) -> Ledger:
        """Open the SQLite file (made with its folder when missing) or database URL, migrating it if needed.

        Raises ConfigError when it cannot be opened, is not a ledger, or is newer than this code.
        """
        database = Database(location)
        try:
            database.prepare()
        except BaseException:
            database.close()
            raise
        return cls(database, redact)

    def close(self) -> None:
        """Close all connections. Safe to call twice."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Ledger({self._database.name})"

    @contextmanager
    def lock(self, account: str, at: dt.datetime) -> Iterator[None]:
        """Be the only writer of ``account`` across threads, processes and machines. Raises Busy."""
        with account_lock(self._database, account, at):
            yield

    @contextmanager
    def together(self, account: str) -> Iterator[None]:
        """Make all writes of this thread until the end one transaction, durable at the end."""
        with self._database.together(account):
            yield

    # Runs

    def begin_run(self, kind: str, digest: str, at: dt.datetime) -> int:
        """Note that a command begins to carry out the plan with ``digest``; returns the run's id."""
        with self._database.write() as connection:
            row = {"kind": kind, "digest": digest, "at": to_micros(at), "outcome": ""}
            run = _new_id(connection, runs, row)
            Journal(connection, at, run=run).append(
                EventKind.RUN, {"phase": "began", "kind": kind, "digest": digest}
            )
            return run

    def end_run(self, run: int, outcome: str, at: dt.datetime) -> None:
        """Note how a run ended."""
        said = self._words.said(outcome)
        with self._database.write() as connection:
            connection.execute(
                update(runs).where(runs.c.id == run).values(outcome=said, ended_at=to_micros(at))
            )
            Journal(connection, at, run=run).append(
                EventKind.RUN, {"phase": "ended", "outcome": said}
            )

    # The life of an intent

    def open_intent(
        self,
        *,
        run: int,
        account: str,
        item: str,
        verb: Verb,
        key: str,
        fields: Mapping[str, FieldValue],
        files: Sequence[SentFile],
        tags: Sequence[str],
        release: str,
        at: dt.datetime,
    ) -> Intent:
        """Record a write before it is made. Raises Conflict while the pair has an open intent."""
        row: dict[str, Any] = {
            "run": run, "account": account, "item": item, "verb": verb.value, "key": key,
            "state": IntentState.INTENT.value, "fields": dump(self._words.fields(fields)),
            "files": dump(files_data(files)), "tags": dump(tuple(tags)), "release": release,
            "at": to_micros(at), "changed_at": to_micros(at), "counted_at": to_micros(at), "note": "",
        }  # fmt: skip
        with self._database.write(account) as connection:
            pair = (intents.c.account == account, intents.c.item == item)
            if connection.execute(select(intents.c.id).where(*pair, OPEN)).first() is not None:
                raise still_open(account, item)
            same = (*pair, intents.c.verb == verb.value, intents.c.key == key)
            before = connection.scalar(select(func.count()).select_from(intents).where(*same)) or 0
            try:
                number = _new_id(connection, intents, {**row, "attempt": before + 1})
            except IntegrityError as error:
                raise still_open(account, item) from error
            sent = [
                {
                    "intent": number,
                    "place": n,
                    "account": account,
                    "name": f.name,
                    "sha256": f.sha256,
                }
                for n, f in enumerate(files)
            ]
            if sent:
                connection.execute(insert(sent_files), sent)
            journal = Journal(connection, at, run=run)
            journal.append(
                EventKind.INTENT,
                {"verb": verb, "key": key, "attempt": before + 1, "tags": tuple(tags)},
                account=account, item=item, intent=number,
            )  # fmt: skip
            return journal.intent(number)

    def sending(self, intent: int, at: dt.datetime) -> None:
        """The point of no return is about to be passed. A second call does nothing."""
        with self._database.write(self._account(intent)) as connection:
            journal = Journal(connection, at)
            found = journal.open_intent(intent)
            if found.state is IntentState.INTENT:
                journal.move(found, IntentState.SENT, counted_at=to_micros(at))
                journal.about(found, EventKind.SENT, {})

    def confirm(
        self,
        intent: int,
        *,
        remote: Remote,
        tasks: Sequence[str],
        prepared: bool,
        at: dt.datetime,
        note: str = "",
    ) -> Binding | None:
        """The write landed; returns the binding afterwards. Rules: ``publisher.ledger.bind.after``.

        Raises Conflict when the intent is settled already.
        """
        answer = Answer(self._words.remote(remote), self._words.all_said(tasks), prepared, at)
        return self._landed(intent, EventKind.RECEIPT, answer, {"note": self._words.said(note)})

    def confirm_submit(
        self,
        intent: int,
        *,
        items: Sequence[str],
        digest: str,
        tasks: Sequence[str],
        at: dt.datetime,
        status: Status | None = None,
    ) -> None:
        """A batch landed: its bindings are marked with ``digest``, and with ``status`` when it is given.

        ``tasks`` are added to those of each binding. Items without a binding are passed over.
        """
        todo = self._words.all_said(tasks)
        with self._database.write(self._account(intent)) as connection:
            journal = Journal(connection, at)
            found = journal.open_intent(intent)
            journal.move(found, IntentState.CONFIRMED)
            data = {"verb": found.verb, "digest": digest, "items": tuple(items), "tasks": todo}
            journal.about(found, EventKind.RECEIPT, data)
            bound = journal.bindings(found.account)
            for item in dict.fromkeys(items):
                if (old := bound.get(item)) is None:
                    continue
                changes: dict[str, Any] = {"submitted": digest, "tasks": joined(old.tasks, todo)}
                if status is not None:
                    changes["status"] = status.value
                journal.alter(old, EventKind.SUBMITTED, changes, run=found.run, intent=intent)

    def fail(self, intent: int, reason: str, at: dt.datetime) -> None:
        """The write certainly did not land. Before ``sending`` it does not count for pace and quotas."""
        self._close(intent, IntentState.FAILED, EventKind.FAILURE, reason, at)

    def unknown(self, intent: int, reason: str, at: dt.datetime) -> None:
        """Nobody can tell whether the write landed; the pair stays closed until ``settle``."""
        self._close(intent, IntentState.UNKNOWN, EventKind.UNKNOWN, reason, at)

    def settle(
        self,
        intent: int,
        *,
        found: Remote | None,
        at: dt.datetime,
        by: str,
        note: str = "",
        tasks: Sequence[str] = (),
        prepared: bool = False,
    ) -> Binding | None:
        """The outcome of an open intent was found out by ``by`` (a look-up or a person).

        ``found`` means that the write landed (for a withdrawal: that it is gone) and acts like ``confirm``;
        None means that it surely did not. A submission that landed is closed with ``confirm_submit``.
        """
        told = {"by": self._words.said(by), "note": self._words.said(note)}
        if found is None:
            self._close(intent, IntentState.FAILED, EventKind.RESOLVED, note, at, told)
            return None
        todo = self._words.all_said(tasks)
        answer = Answer(self._words.remote(found), todo, prepared, at)
        return self._landed(intent, EventKind.RESOLVED, answer, told)

    # Inside

    def _landed(
        self, intent: int, kind: EventKind, answer: Answer, told: Mapping[str, Any]
    ) -> Binding | None:
        with self._database.write(self._account(intent)) as connection:
            journal = Journal(connection, answer.at)
            found = journal.open_intent(intent)
            if found.verb is Verb.SUBMIT:
                raise ValueError("a submission is confirmed with confirm_submit")
            journal.move(found, IntentState.CONFIRMED)
            binding = after(journal.find(found.account, found.item), found, answer)
            remote = {
                "id": answer.remote.id,
                "url": answer.remote.url,
                "status": answer.remote.status,
            }
            data = {"verb": found.verb, "remote": remote, **told}
            journal.bind(
                found.account, found.item, binding, kind, data, run=found.run, intent=intent
            )
            return binding

    def _close(
        self,
        intent: int,
        state: IntentState,
        kind: EventKind,
        reason: str,
        at: dt.datetime,
        told: Mapping[str, Any] | None = None,
    ) -> None:
        said = self._words.said(reason)
        with self._database.write(self._account(intent)) as connection:
            journal = Journal(connection, at)
            found = journal.open_intent(intent)
            more: dict[str, Any] = {}
            if state is IntentState.FAILED and found.state is IntentState.INTENT:
                more["counted_at"] = None
            journal.move(found, state, note=said, **more)
            journal.about(found, kind, {"verb": found.verb, "reason": said, **(told or {})})

    def _account(self, intent: int) -> str:
        if self._database.is_sqlite:
            return ""  # SQLite has one writer anyway; the account only matters to PostgreSQL.
        found = self.intent(intent)
        return "" if found is None else found.account


def _new_id(connection: Connection, table: Any, row: Mapping[str, Any]) -> int:
    key: Any = connection.execute(insert(table).values(**row)).inserted_primary_key
    return int(key[0])
