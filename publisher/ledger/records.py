"""The nouns of the ledger as frozen data: intents, bindings, events and runs.

Times are aware and in UTC, sizes in bytes. Nothing here reads or writes a database.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from publisher.listing import FieldValue, Status
from publisher.row import Verb

Pair = tuple[str, str]
"""Account and item: the key of a binding. The item is "" for what concerns a whole account."""


class IntentState(str, Enum):
    """The life of one write. ``INTENT``, ``SENT`` and ``UNKNOWN`` are open: a pair has one such at most."""

    INTENT = "intent"
    SENT = "sent"
    CONFIRMED = "confirmed"
    UNKNOWN = "unknown"
    FAILED = "failed"


class EventKind(str, Enum):
    """What an event tells. Only RECEIPT, RESOLVED and the kinds below it can change a binding."""

    RUN = "run"
    INTENT = "intent"
    SENT = "sent"
    FAILURE = "failure"
    UNKNOWN = "unknown"
    RECEIPT = "receipt"
    RESOLVED = "resolved"
    ADOPTED = "adopted"
    OBSERVED = "observed"
    SUBMITTED = "submitted"
    AMENDED = "amended"
    RELEASED = "released"
    TASKED = "tasked"


@dataclass(frozen=True, slots=True)
class SentFile:
    """A file as the channel was given it: its name there, SHA-256 in hexadecimal, size in bytes."""

    name: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Intent:
    """One write that was going to be made, recorded before the call.

    ``attempt`` counts from 1 over intents of the same account, item, verb and key. ``tags`` are the ids of
    the quotas it counts for. ``note`` is the reason of a failure or of an unclear outcome.
    """

    id: int
    run: int
    account: str
    item: str
    verb: Verb
    key: str
    attempt: int
    state: IntentState
    fields: Mapping[str, FieldValue]
    files: tuple[SentFile, ...]
    tags: tuple[str, ...]
    release: str
    at: dt.datetime
    changed_at: dt.datetime
    note: str


@dataclass(frozen=True, slots=True)
class Binding:
    """An item that is there under ``remote_id``, with the fields and files as we last made them.

    ``prepared`` is True while a person still has to carry it out; ``tasks`` says what. ``submitted`` is the
    digest of the batch that it was submitted in, "" when that is still to come. ``at`` is the last change.
    """

    account: str
    item: str
    key: str
    remote_id: str
    url: str
    status: Status
    release: str
    fields: Mapping[str, FieldValue]
    files: tuple[SentFile, ...]
    tasks: tuple[str, ...]
    prepared: bool
    submitted: str
    at: dt.datetime


@dataclass(frozen=True, slots=True)
class Picture:
    """What a published item looks like: the SHA-256 of its master, and its hashes after how they were measured."""

    item: str
    sha256: str
    hashes: str


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the append-only story. ``run`` is 0 when it happened outside a run.

    ``data`` may hold ``binding`` (the whole binding afterwards, or None when it went), ``changes`` (only
    what changed) and ``old`` (the binding before). Lists come back as tuples.
    """

    id: int
    at: dt.datetime
    run: int
    account: str
    item: str
    kind: EventKind
    intent: int | None
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a command that writes. ``outcome`` is "" and ``ended_at`` None until it ended by itself."""

    id: int
    kind: str
    digest: str
    at: dt.datetime
    outcome: str
    ended_at: dt.datetime | None
