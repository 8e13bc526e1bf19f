"""Holds what a shop answers against what it was asked for: a price that came out otherwise is no success. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from channels.shopify.shown import nodes
from channels.shopify.words import same_amount
from publisher.errors import Conflict


def echoed(item: str, asked: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
    """Raise Conflict, with both values, when a product's title, status, variants or prices came out otherwise.

    ``asked`` is the input of a mutation and ``answer`` the product; of variants, only so many are compared as
    the answer shows.
    """
    found = [
        f"{name} {answer.get(name)!r} instead of {asked[name]!r}"
        for name in ("title", "status")
        if name in asked and str(answer.get(name)).strip() != str(asked[name]).strip()
    ]
    there = nodes(answer, "variants")
    for wanted in asked.get("variants") or ():
        found += _differences(wanted, _same(wanted, there))
    if found:
        raise Conflict(
            f"{item} came out otherwise than asked for: {'; '.join(found)}",
            remedy="look at the product in the shop's admin, then push again",
        )


def _same(wanted: Mapping[str, Any], there: list[dict[str, Any]]) -> Mapping[str, Any] | None:
    for name in ("id", "sku"):
        for variant in there:
            if wanted.get(name) and variant.get(name) == wanted[name]:
                return variant
    return None


def _differences(wanted: Mapping[str, Any], variant: Mapping[str, Any] | None) -> list[str]:
    called = wanted.get("sku") or wanted.get("id")
    if variant is None:
        return [f"the variant {called} is missing"]
    return [
        f"{name} of {called} {variant.get(name)} instead of {wanted[name]}"
        for name in ("price", "compareAtPrice")
        if name in wanted and not same_amount(variant.get(name), wanted[name])
    ]
