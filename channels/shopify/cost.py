"""What requests cost there, in points, and how many points are left: pure sums and one small book.

The formula of ``productSet`` is Shopify's own (changelog of 2025-10-01). What is left is known from the last
answer and comes back with time; nothing in here waits.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

SET_PRODUCT = Decimal(10)
PER_VARIANT = Decimal("0.2")
PER_VARIANT_FILE = Decimal("0.6")
PER_METAFIELD = Decimal("0.4")
PER_FILE = Decimal("1.9")

SIMPLE = Decimal(10)
"""What every other mutation costs at least."""

READ = Decimal(5)
"""A first guess for a look at one product; the answers say what it really was."""


def of_product(
    *, variants: int = 0, files: int = 0, metafields: int = 0, variant_files: int = 0
) -> Decimal:
    """Points of one ``productSet`` with lists of these lengths."""
    return (
        SET_PRODUCT
        + PER_VARIANT * variants
        + PER_VARIANT_FILE * variant_files
        + PER_METAFIELD * metafields
        + PER_FILE * files
    )


def of_input(product: Mapping[str, Any]) -> Decimal:
    """Points of one ``productSet`` with this input."""
    return of_product(
        variants=len(product.get("variants") or ()),
        files=len(product.get("files") or ()),
        metafields=len(product.get("metafields") or ()),
    )


class Budget:
    """The points that an app has left in a shop, as far as the answers told. Thread-safe.

    What is under way is taken off at once, and an answer tells what is left: two threads never spend the same
    points, whichever of their answers comes first.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left: float | None = None
        self._most = 0.0
        self._rate = 0.0
        self._at: dt.datetime | None = None
        self._under_way = 0.0

    def learn(self, status: Mapping[str, Any], now: dt.datetime) -> None:
        """Take over the ``throttleStatus`` of an answer."""
        try:
            left = float(status["currentlyAvailable"])
            most, rate = float(status["maximumAvailable"]), float(status["restoreRate"])
        except (KeyError, TypeError, ValueError):
            return
        with self._lock:
            self._left, self._most, self._rate, self._at = left, most, rate, now

    def pause(self, points: float, now: dt.datetime) -> float:
        """Seconds until so many points are there; 0 when they are, or when nothing is known yet."""
        with self._lock:
            if self._left is None or self._at is None or self._rate <= 0:
                return 0.0
            # A clock that was put back brings nothing back, and costs nothing either.
            passed = max(0.0, (now - self._at).total_seconds())
            left = min(self._most, self._left + passed * self._rate) - self._under_way
            return max(0.0, (min(points, self._most) - left) / self._rate)

    def begin(self, points: float) -> None:
        """A request of so many points is about to be sent."""
        with self._lock:
            self._under_way += points

    def end(self, points: float) -> None:
        """It was answered, or will never be."""
        with self._lock:
            self._under_way = max(0.0, self._under_way - points)
