"""Amounts as the shop takes and shows them: decimal strings with two places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from channels.shopify.sandbox_store.shop import Refused

_CENT = Decimal("0.01")
_MOST = Decimal("1000000000000000000")


def parsed(value: Any) -> Decimal:
    """A Money or Decimal scalar as it comes in. Raises ValueError, as the real scalar refuses it."""
    plain = not isinstance(value, bool) and isinstance(value, str | int | float | Decimal)
    try:
        amount = Decimal(str(value).strip() if plain else "NaN")
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite():
        raise ValueError(f"{value!r} is not an amount")
    return amount


def stored(given: Mapping[str, Any], name: str, path: Sequence[str], code: str) -> str | None:
    """An amount of an input as it is stored; None for null. Raises Refused for what cannot be a price."""
    if given.get(name) is None:
        return None
    amount = parsed(given[name])
    if amount < 0:
        raise Refused(code, (*path, name), f"{name} must be greater than or equal to 0")
    if amount >= _MOST:
        raise Refused(code, (*path, name), f"{name} must be less than {_MOST}")
    return str(amount.quantize(_CENT, ROUND_HALF_UP))
