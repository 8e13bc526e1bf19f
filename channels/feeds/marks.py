"""Sees that the pictures of AI works still say so where the world gets them. It fails closed.

What was uploaded proves nothing: a content network may strip what a picture says of itself on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from channels.feeds.place import Place
from channels.feeds.served import Visitor
from channels.feeds.shelf import Entry
from publisher.errors import Rejected
from publisher.listing import Listing

MARKS = "digital_source_type"
"""The field with the mark that each picture must carry, in the order of the pictures."""


class ServedMarks:
    """Looks at served pictures, each once. ``read`` takes a picture's bytes and gives the mark in them."""

    def __init__(
        self, place: Place, visitor: Visitor, read: Callable[[bytes], str], *, public: bool
    ) -> None:
        self._place = place
        self._visitor = visitor
        self._read = read
        self._public = public
        self._seen: set[tuple[str, str]] = set()

    def verify(self, entry: Entry, addresses: Sequence[str], listing: Listing) -> None:
        """See that every picture of an AI work carries its mark. Raises Rejected when one does not, and what
        getting it raises.

        A picture that the seller states by its address must carry the mark of the work.
        """
        marks = _wanted(entry, listing)
        common = next((m for m in marks if m), "")
        if not common:
            return
        own = {self._place.url(name): number for number, name in enumerate(entry.pictures)}
        for address in addresses:
            number = own.get(address)
            inside = number is not None and number < len(marks)
            wanted = marks[number] if number is not None and inside else common
            if wanted and (address, wanted) not in self._seen:
                name = entry.pictures[number] if number is not None else ""
                self._look(address, name, wanted, listing.item)
                self._seen.add((address, wanted))

    def _look(self, address: str, name: str, wanted: str, item: str) -> None:
        found = self._read(self._served(address, name))
        if found == wanted:
            return
        said = f"says {_term(found)}" if found else "has no such mark"
        raise Rejected(
            f"{item}: the picture that is served at {address} must carry the mark {_term(wanted)}, "
            f"and it {said}",
            remedy="something on the way changes pictures: serve the files as they are, without image "
            "optimisation, then push again",
        )

    def _served(self, address: str, name: str) -> bytes:
        """The bytes that the world gets; of a bucket without a public address those that lie in it."""
        if self._public or not name:
            return self._visitor.get(address)
        with TemporaryDirectory(prefix="feed-") as folder:
            path = Path(folder) / "picture"
            return path.read_bytes() if self._place.fetch(name, path) else b""


def _wanted(entry: Entry, listing: Listing) -> list[str]:
    stated = entry.fields.get(MARKS)
    marks = [str(m) for m in stated] if isinstance(stated, tuple) else []
    # A listing that declares what its pictures do not say is not believed the other way round.
    declared = [d.value for d in listing.declarations if d.mechanism == "embedded"]
    return marks if any(marks) else declared


def _term(uri: str) -> str:
    return uri.rpartition("/")[2]
