"""What differs between what we want and what we last applied, field by field. Pure: no clock, no I/O.

Absent stays absent: a field that the listing does not name is never a change, even when it is bound.
"""

from __future__ import annotations

from collections.abc import Mapping

from publisher.listing import Change, FieldValue, fingerprint


def changes(wanted: Mapping[str, FieldValue], applied: Mapping[str, FieldValue]) -> list[Change]:
    """The managed fields whose value differs, by field name.

    A wanted None that was never applied is no change: there is nothing to clear.
    """
    found = []
    for name in sorted(wanted):
        new = wanted[name]
        old = applied.get(name)
        if new is None and old is None:
            continue
        if fingerprint(new) != fingerprint(old):
            found.append(Change(name, old, new))
    return found
