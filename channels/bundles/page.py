"""What the page of a bundle shows, and what its card remembers of earlier versions. Pure: it reads no bucket."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from publisher.listing import Listing, Staged, plain

_UP = "../"


def page_variables(
    listing: Listing,
    staged: Sequence[Staged],
    relative: Callable[[Staged], str],
    *,
    day: dt.date,
    private: bool,
) -> dict[str, Any]:
    """The variables of ``bundle.html.j2``; ``relative`` is where a file lies below the account's prefix."""
    fields = {k: plain(v) for k, v in listing.fields.items()}
    archive = next(s for s in staged if s.file.role == "archive")
    pictures = [s for s in staged if s.file.role == "preview"]
    titles = [m.partition(": ")[2] for m in fields.get("members", [])]
    file = archive.file
    return {
        "title": fields["title"],
        "description": fields["description"],
        "creator": fields["creator"],
        "copyright": fields["copyright"],
        "price": shown_prices(fields),
        "updated": day.isoformat(),
        "keywords": fields["keywords"],
        "images": [
            {"name": _UP + relative(s), "alt": title}
            for s, title in zip(pictures, titles, strict=False)
        ],
        "files": [
            {"name": file.name, "size": file.size, "width": file.width, "height": file.height}
        ],
        "archive": {"name": file.name, "size": file.size, "sha256": file.sha256},
        "download": "" if private else _UP + relative(archive),
        "licence": {"name": fields["licence"], "file": ""},
        "count": len(titles),
        "ai": [_origin(line) for line in fields["ai"]],
    }


def out_of_use(
    card: Mapping[str, Any], files: Sequence[str], now: dt.datetime
) -> list[dict[str, str]]:
    """What an earlier version of the page showed and this one does not, each with its moment."""
    if card.get("gone"):
        return []
    known = {str(r["location"]): str(r["at"]) for r in card.get("replaced", ())}
    known |= {str(n): now.isoformat() for n in card.get("files", ()) if n not in known}
    return [{"location": name, "at": at} for name, at in known.items() if name not in files]


def replaced_in(card: Mapping[str, Any]) -> Iterator[tuple[str, dt.datetime]]:
    """Object and moment of everything that the card calls out of use."""
    for old in card.get("replaced", ()):
        yield str(old["location"]), dt.datetime.fromisoformat(old["at"])


def shown_prices(fields: Mapping[str, Any]) -> str:
    """The prices as the page shows them; during a sale with the usual price after each."""
    found = []
    for name, price in fields.items():
        if name.startswith("price.") and price is not None:
            usual = fields.get(f"compare_at.{name.removeprefix('price.')}")
            found.append(f"{price} (usually {usual})" if usual else str(price))
    return ", ".join(found)


def _origin(line: str) -> dict[str, Any]:
    kind, system, version, count = line.split("|")
    return {"class": kind, "system": system, "version": version, "count": int(count)}
