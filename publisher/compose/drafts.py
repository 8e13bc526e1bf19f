"""Drafts: an item in the words that templates made for one account, before it is judged and its words are fitted.

Rendering a template is an effect, so it happens elsewhere and only its outcome comes in here. Judging comes
after it, so that a template cannot bring in a word that a rule forbids. Frozen data.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from publisher.listing import Finding
from publisher.manifest.item import Item


@dataclass(frozen=True, slots=True)
class Drafts:
    """The item with a template's title and description in place of its own.

    ``findings`` say which template failed, with its file and line; the item then has its own text.
    """

    item: Item
    findings: tuple[Finding, ...] = ()


def drafted(item: Item, title: str | None, description: str | None) -> Item:
    """``item`` with other words; None where no template speaks. The manifest's text for an account stays."""
    if title is None and description is None:
        return item
    return replace(
        item,
        title=item.title if title is None else title,
        description=item.description if description is None else description,
    )


def no_drafts(item: Item) -> Drafts:
    """What an account without templates drafts: the item as it is."""
    return Drafts(item)
