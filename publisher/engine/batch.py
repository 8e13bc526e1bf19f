"""What names a batch: its items and what they say. Pure; planning and submitting must agree on it."""

from __future__ import annotations

from collections.abc import Sequence

from publisher.ledger.records import Binding
from publisher.listing import fingerprint, plain


def batch_digest(bindings: Sequence[Binding]) -> str:
    """The digest of a batch: what its items are and what they say."""
    return fingerprint([[b.item, b.key, plain(dict(b.fields))] for b in sorted_batch(bindings)])


def sorted_batch(bindings: Sequence[Binding]) -> list[Binding]:
    """The batch in the order in which it is written."""
    return sorted(bindings, key=lambda b: b.item)
