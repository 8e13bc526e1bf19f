"""Which fields of an earlier state must not be put back, and why not. Pure.

Prices always can be. A text can when the files that go with it are still the same, and when nothing that has to
be declared about the image today would get lost.
"""

from __future__ import annotations

from collections.abc import Mapping

from publisher.diff import changes
from publisher.ledger.records import Binding
from publisher.listing import FieldValue, Listing
from publisher.pricing import is_price


def kept_as_it_is(
    listing: Listing | None,
    bound: Binding,
    before: Mapping[str, FieldValue],
    *,
    files_differ: bool,
) -> dict[str, str]:
    """The fields of ``before`` (old values of fields that are no prices) that stay as they are, each with why.

    ``listing`` is what today's manifest makes of the item, None when it is not in it; ``files_differ`` says
    that the run in question sent other files as well.
    """
    if listing is None:
        return dict.fromkeys(before, "it is not in the manifest any more")
    if files_differ:
        why = "its files were replaced as well; put the old ones back and push"
        return dict.fromkeys(before, why)
    waiting = [
        c.field
        for c in changes(listing.fields, bound.fields)
        if c.field not in before and not is_price(c.field)
    ]
    if waiting:
        why = f"other changes of it wait for a push ({', '.join(waiting)})"
        return dict.fromkeys(before, why)
    why = "it would lose a declaration about the image"
    return {n: why for n, old in before.items() if loses_a_declaration(listing, n, old)}


def loses_a_declaration(listing: Listing, name: str, before: FieldValue) -> bool:
    """Whether the old value of a field lacks a declaration that it has to carry today, by name or in words."""
    wanted = listing.fields.get(name)
    return any(
        word and _carries(wanted, word) and not _carries(before, word)
        for d in listing.declarations
        for word in (d.name, d.value)
    )


def _carries(value: FieldValue, word: str) -> bool:
    parts = value if isinstance(value, tuple) else (str(value or ""),)
    return any(word.casefold() in part.casefold() for part in parts)
