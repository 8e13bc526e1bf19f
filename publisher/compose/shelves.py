"""Which of a channel's categories an item stands in: an override, what a rule forces, then the vocabulary.

The canonical vocabulary is described in docs/categories.md; a row maps it to the channel's own values. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass

from publisher.compose.vocabulary import alike, nearest
from publisher.manifest.item import Item
from publisher.row import Categories, Row


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about a category that a person should read."""

    code: str
    text: str
    remedy: str


def categories_of(
    item: Item, row: Row, account: str, forced: tuple[str, ...] = ()
) -> tuple[tuple[str, ...], tuple[Remark, ...]]:
    """The channel's values for ``item``, at most as many as it takes, and what was left out or guessed.

    ``forced`` values come first and always stay. A channel whose row maps nothing has no categories.
    """
    shelves = row.categories
    remarks: list[Remark] = []
    override = item.override(account)
    own = override.categories or (() if override.category is None else (override.category,))
    if own:
        values = [_own(str(value), row, account, remarks) for value in own]
    else:
        values = _mapped(item, row, account, remarks) if shelves.mapping else []
    if not values and not forced and shelves.default is not None:
        values = [shelves.default]
        if shelves.mapping and not remarks:
            text = f"the item names no category: {row.title} gets {shelves.named(shelves.default)}"
            remedy = f"name categories in the manifest, or channels.{account}.category"
            remarks.append(Remark("category-default", text, remedy))
    wanted = tuple(dict.fromkeys((*forced, *(v for v in values if v))))
    room = max(shelves.max, len(forced))
    if len(wanted) > room:
        left = ", ".join(wanted[room:])
        text = f"{row.title} takes {room} categories: {left} left out"
        remedy = f"choose under channels.{account}.categories"
        remarks.append(Remark("categories-dropped", text, remedy))
    return wanted[:room], tuple(remarks)


def _own(value: str, row: Row, account: str, remarks: list[Remark]) -> str:
    """An override: the channel's own value or its name, a canonical name, or else the value as it stands."""
    shelves = row.categories
    if value in shelves.known:
        return value
    mapped = shelves.mapping.get(value.strip().lower())
    if mapped is None:
        mapped = _by_name(value, shelves)
    if mapped is not None:
        return mapped
    if shelves.known or (shelves.mapping and value not in shelves.mapping.values()):
        text = f"the category {value} of the override is not among those known of {row.title}"
        near = alike(value, (name or known for known, name in shelves.known.items()))
        ours = nearest(value, shelves.mapping)
        perhaps = ", ".join((*near, *ours)) or "a name of docs/categories.md"
        remedy = f"perhaps {perhaps}; channels.{account}.category takes values and names"
        remarks.append(Remark("category-unchecked", text, remedy))
    return value


def _by_name(name: str, shelves: Categories) -> str | None:
    """The value of the channel's own name, whole or its last part, where only one value has it."""
    wanted = name.strip().casefold()
    whole = [v for v, n in shelves.known.items() if (n or v).casefold() == wanted]
    parts = [v for v, n in shelves.known.items() if n.rpartition(" > ")[2].casefold() == wanted]
    found = whole or parts
    return found[0] if len(found) == 1 else None


def _mapped(item: Item, row: Row, account: str, remarks: list[Remark]) -> list[str]:
    shelves = row.categories
    values: list[str] = []
    for name in dict.fromkeys(n for member in item.members for n in member.categories):
        value = shelves.mapping.get(name.strip().lower())
        if value is not None:
            values.append(value)
            continue
        near = [
            f"{word} = {shelves.named(shelves.mapping[word])}"
            for word in nearest(name, shelves.mapping)
        ]
        instead = f", {shelves.default} is used" if shelves.default is not None else ""
        text = f"{row.title} has no category for {name!r}{instead if not values else ''}"
        perhaps = f"perhaps {', '.join(near)}" if near else f"one of {', '.join(shelves.mapping)}"
        remedy = f"{perhaps}; or set channels.{account}.category"
        remarks.append(Remark("category-unmapped", text, remedy))
    return values
