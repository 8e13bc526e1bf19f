"""One open transaction of the ledger: what is changed in it is told in an event of the same transaction.

It never commits; the transaction's owner does.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from publisher.errors import Conflict
from publisher.ledger.codec import (
    binding_columns,
    binding_data,
    binding_of,
    changed,
    dump,
    intent_of,
    to_micros,
)
from publisher.ledger.records import Binding, EventKind, Intent, IntentState
from publisher.ledger.tables import bindings, events, intents

_OPEN_STATES = frozenset({IntentState.INTENT, IntentState.SENT, IntentState.UNKNOWN})


class Journal:
    """Reads and writes of one transaction at time ``at``."""

    def __init__(self, connection: Connection, at: dt.datetime, *, run: int = 0) -> None:
        self._connection = connection
        self._at = at
        self._run = run

    def append(
        self,
        kind: EventKind,
        data: Mapping[str, Any],
        *,
        account: str = "",
        item: str = "",
        run: int | None = None,
        intent: int | None = None,
    ) -> None:
        """Append an event."""
        self._connection.execute(
            insert(events).values(
                at=to_micros(self._at),
                run=self._run if run is None else run,
                account=account,
                item=item,
                kind=kind.value,
                intent=intent,
                data=dump(data),
            )
        )

    def about(self, intent: Intent, kind: EventKind, data: Mapping[str, Any]) -> None:
        """Append an event about an intent that touches no binding."""
        self.append(
            kind, data, account=intent.account, item=intent.item, run=intent.run, intent=intent.id
        )

    def intent(self, number: int) -> Intent:
        """The intent. Raises LookupError when there is none."""
        query = select(intents).where(intents.c.id == number).with_for_update()
        row = self._connection.execute(query).first()
        if row is None:
            raise LookupError(f"no intent {number}")
        return intent_of(row)

    def open_intent(self, number: int) -> Intent:
        """The intent, still open. Raises Conflict when it is settled."""
        found = self.intent(number)
        if found.state not in _OPEN_STATES:
            raise Conflict(
                f"The write of {found.item or 'a batch'} on {found.account} is settled already:"
                f" {found.state.value}.",
                remedy="Look at publisher status; another run was faster.",
                detail=f"intent {number}",
            )
        return found

    def move(self, intent: Intent, state: IntentState, **columns: Any) -> None:
        """Put the intent into another state."""
        self._connection.execute(
            update(intents)
            .where(intents.c.id == intent.id)
            .values(state=state.value, changed_at=to_micros(self._at), **columns)
        )

    def find(self, account: str, item: str) -> Binding | None:
        """The binding, if any."""
        query = (
            select(bindings)
            .where(bindings.c.account == account, bindings.c.item == item)
            .with_for_update()
        )
        row = self._connection.execute(query).first()
        return None if row is None else binding_of(row)

    def bound(self, account: str, item: str) -> Binding:
        """The binding. Raises Conflict when nothing is bound."""
        found = self.find(account, item)
        if found is None:
            raise Conflict(
                f"Nothing is known to be published for {item} on {account}.",
                remedy="Look at publisher status; publisher adopt binds what is there already.",
            )
        return found

    def bindings(self, account: str) -> dict[str, Binding]:
        """All bindings of an account by item."""
        query = select(bindings).where(bindings.c.account == account).with_for_update()
        return {row.item: binding_of(row) for row in self._connection.execute(query)}

    def bind(
        self,
        account: str,
        item: str,
        new: Binding | None,
        kind: EventKind,
        data: Mapping[str, Any],
        *,
        run: int | None = None,
        intent: int | None = None,
    ) -> None:
        """Make ``new`` the binding of the pair (None removes it) and append an event with both images."""
        old = self.find(account, item)
        images = {
            "old": None if old is None else binding_data(old),
            "binding": None if new is None else binding_data(new),
        }
        self._store(account, item, old, new)
        self.append(kind, {**data, **images}, account=account, item=item, run=run, intent=intent)

    def alter(
        self,
        old: Binding,
        kind: EventKind,
        changes: Mapping[str, Any],
        data: Mapping[str, Any] | None = None,
        *,
        run: int | None = None,
        intent: int | None = None,
    ) -> None:
        """Lay plain ``changes`` over a binding and append an event that holds only them."""
        self._store(old.account, old.item, old, changed(old, changes, self._at))
        self.append(
            kind,
            {**(data or {}), "changes": changes},
            account=old.account,
            item=old.item,
            run=run,
            intent=intent,
        )

    def _store(self, account: str, item: str, old: Binding | None, new: Binding | None) -> None:
        pair = (bindings.c.account == account, bindings.c.item == item)
        if new is None:
            self._connection.execute(delete(bindings).where(*pair))
        elif old is None:
            self._connection.execute(insert(bindings).values(**binding_columns(new)))
        else:
            self._connection.execute(update(bindings).where(*pair).values(**binding_columns(new)))
