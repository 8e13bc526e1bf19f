"""How records are spelled in the database: times as microseconds since 1970, the rest as canonical JSON.

Pure; nothing here knows the database library.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from publisher.ledger.records import Binding, Event, EventKind, Intent, IntentState, Run, SentFile
from publisher.listing import Status, canonical_json
from publisher.row import Verb

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)


def to_micros(at: dt.datetime) -> int:
    """Microseconds since 1970 in UTC. Raises ValueError for a naive time."""
    if at.tzinfo is None:
        raise ValueError("the ledger takes aware times only")
    return (at - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> dt.datetime:
    """The aware time in UTC."""
    return _EPOCH + dt.timedelta(microseconds=micros)


def dump(value: Any) -> str:
    """Canonical JSON."""
    return canonical_json(value)


def load(text: str) -> Any:
    """The value of a JSON text, lists as tuples."""
    return _tupled(json.loads(text))


def _tupled(value: Any) -> Any:
    if isinstance(value, list):
        # Nearly all lists are keywords: plain strings are passed over without a call each.
        return tuple([each if type(each) is str else _tupled(each) for each in value])
    if isinstance(value, dict):
        return {n: each if type(each) is str else _tupled(each) for n, each in value.items()}
    return value


def files_data(files: Iterable[SentFile]) -> list[dict[str, Any]]:
    """Plain form of sent files."""
    return [{"name": f.name, "sha256": f.sha256, "size": f.size} for f in files]


def files_from(data: Iterable[Mapping[str, Any]]) -> tuple[SentFile, ...]:
    """Sent files from their plain form."""
    return tuple(SentFile(each["name"], each["sha256"], each["size"]) for each in data)


def binding_data(binding: Binding) -> dict[str, Any]:
    """Plain form of a binding without account, item and time: its event carries those."""
    return {
        "key": binding.key,
        "remote_id": binding.remote_id,
        "url": binding.url,
        "status": binding.status.value,
        "release": binding.release,
        "fields": dict(binding.fields),
        "files": files_data(binding.files),
        "tasks": binding.tasks,
        "prepared": binding.prepared,
        "submitted": binding.submitted,
    }


def binding_from(account: str, item: str, at: dt.datetime, data: Mapping[str, Any]) -> Binding:
    """A binding from its plain form."""
    return Binding(
        account=account,
        item=item,
        key=data["key"],
        remote_id=data["remote_id"],
        url=data["url"],
        status=Status(data["status"]),
        release=data["release"],
        fields=data["fields"],
        files=files_from(data["files"]),
        tasks=tuple(data["tasks"]),
        prepared=bool(data["prepared"]),
        submitted=data["submitted"],
        at=at,
    )


def changed(binding: Binding, changes: Mapping[str, Any], at: dt.datetime) -> Binding:
    """The binding with the plain ``changes`` laid over it; ``changes`` names properties of a binding."""
    merged = {**binding_data(binding), **changes}
    return replace(binding_from(binding.account, binding.item, at, merged), at=at)


def binding_columns(binding: Binding) -> dict[str, Any]:
    """Column values of table ``bindings``."""
    plain = binding_data(binding)
    for name in ("fields", "files", "tasks"):
        plain[name] = dump(plain[name])
    return {
        "account": binding.account,
        "item": binding.item,
        "at": to_micros(binding.at),
        **plain,
    }


def binding_of(row: Any) -> Binding:
    """A binding from a database row."""
    return Binding(
        account=row.account,
        item=row.item,
        key=row.key,
        remote_id=row.remote_id,
        url=row.url,
        status=Status(row.status),
        release=row.release,
        fields=load(row.fields),
        files=files_from(load(row.files)),
        tasks=load(row.tasks),
        prepared=row.prepared,
        submitted=row.submitted,
        at=from_micros(row.at),
    )


def intent_of(row: Any) -> Intent:
    """An intent from a database row."""
    return Intent(
        id=row.id,
        run=row.run,
        account=row.account,
        item=row.item,
        verb=Verb(row.verb),
        key=row.key,
        attempt=row.attempt,
        state=IntentState(row.state),
        fields=load(row.fields),
        files=files_from(load(row.files)),
        tags=load(row.tags),
        release=row.release,
        at=from_micros(row.at),
        changed_at=from_micros(row.changed_at),
        note=row.note,
    )


def event_of(row: Any) -> Event:
    """An event from a database row."""
    return Event(
        id=row.id,
        at=from_micros(row.at),
        run=row.run,
        account=row.account,
        item=row.item,
        kind=EventKind(row.kind),
        intent=row.intent,
        data=load(row.data),
    )


def run_of(row: Any) -> Run:
    """A run from a database row."""
    return Run(
        id=row.id,
        kind=row.kind,
        digest=row.digest,
        at=from_micros(row.at),
        outcome=row.outcome,
        ended_at=None if row.ended_at is None else from_micros(row.ended_at),
    )
