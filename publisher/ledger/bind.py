"""What events mean for bindings, as pure functions: the table ``bindings`` is a cache of ``fold(events)``.

The rules of a confirmed write live here once, so that the store only records their result.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from publisher.ledger.codec import binding_from, changed
from publisher.ledger.records import Binding, Event, Intent, Pair
from publisher.listing import REMOTE, FieldValue, Remote, Status
from publisher.row import Verb

_TO_SUBMIT = frozenset({Status.PREPARED, Status.PARTIAL, Status.UPLOADED, Status.UNKNOWN})


def fold(events: Iterable[Event]) -> dict[Pair, Binding]:
    """Rebuild the bindings from all events, oldest first."""
    bindings: dict[Pair, Binding] = {}
    for event in events:
        pair = (event.account, event.item)
        if "binding" in event.data:
            image = event.data["binding"]
            if image is None:
                bindings.pop(pair, None)
            else:
                bindings[pair] = binding_from(event.account, event.item, event.at, image)
        elif "changes" in event.data and pair in bindings:
            bindings[pair] = changed(bindings[pair], event.data["changes"], event.at)
    return bindings


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back of a write: the remote, what a person still has to do, and when."""

    remote: Remote
    tasks: tuple[str, ...]
    prepared: bool
    at: dt.datetime


def after(old: Binding | None, intent: Intent, answer: Answer) -> Binding | None:
    """The binding after a confirmed write.

    A create replaces whatever was bound. An update lays its fields over the old ones, keeps the old files
    when it sent none, keeps open tasks and the last known status, and is to be submitted again. A withdrawal
    removes the binding, unless it is only prepared: then the item is still there, with tasks. Other verbs
    change nothing.
    """
    if intent.verb is Verb.WITHDRAW:
        if old is None or not answer.prepared:
            return None
        return replace(old, tasks=joined(old.tasks, answer.tasks), prepared=True, at=answer.at)
    if intent.verb is Verb.UPDATE and old is not None:
        return _updated(old, intent, answer)
    if intent.verb in (Verb.CREATE, Verb.UPDATE):
        return _created(intent, answer)
    return old


def adopted(intended: Binding) -> Binding:
    """The binding of something that was there already.

    What is past the upload counts as submitted: it must not be handed in a second time.
    """
    return intended if intended.status in _TO_SUBMIT else replace(intended, submitted="adopted")


def joined(old: Sequence[str], new: Sequence[str]) -> tuple[str, ...]:
    """Both in order, each once."""
    return tuple(dict.fromkeys((*old, *new)))


def _created(intent: Intent, answer: Answer) -> Binding:
    remote = answer.remote
    return Binding(
        account=intent.account,
        item=intent.item,
        key=intent.key,
        remote_id=remote.id,
        url=remote.url,
        status=remote.status,
        release=intent.release,
        fields={**intent.fields, **_own_facts(remote)},
        files=intent.files,
        tasks=joined((), answer.tasks),
        prepared=answer.prepared,
        submitted="",
        at=answer.at,
    )


def _own_facts(remote: Remote) -> dict[str, FieldValue]:
    """What only the channel decides: it stays with the binding, beside what we asked for."""
    return {name: value for name, value in remote.fields.items() if name.startswith(REMOTE)}


def _updated(old: Binding, intent: Intent, answer: Answer) -> Binding:
    remote = answer.remote
    return replace(
        old,
        key=intent.key,
        remote_id=remote.id or old.remote_id,
        url=remote.url or old.url,
        status=old.status if remote.status is Status.UNKNOWN else remote.status,
        release=intent.release,
        fields={**old.fields, **intent.fields, **_own_facts(remote)},
        files=intent.files or old.files,
        tasks=joined(old.tasks, answer.tasks),
        prepared=answer.prepared,
        submitted="",
        at=answer.at,
    )
