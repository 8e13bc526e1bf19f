"""What the sandbox shop is like: its plan, its limits and how its clock goes. All of it can be changed by a test."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class Terms:
    """Limits and habits of the shop. Figures that Shopify publishes are the defaults."""

    rate: float = 100.0
    """Points that come back per second: 100 Standard, 200 Advanced, 1000 Plus, 2000 Enterprise."""
    bucket: float = 2000.0
    """Points that the bucket holds; commonly twenty seconds of the rate."""
    query_limit: float = 1000.0
    """What one query may cost at most, by its requested cost."""
    page_cost: Callable[[int], float] = float
    """How many nodes of a page are paid for. The published rule counts each; real shops were seen to ask less."""
    variant_floor: int = 50_000
    """From so many variants on, new ones are rationed."""
    variants_per_day: int = 1000
    plus: bool = False
    """Plus shops have no ration."""
    currency: str = "EUR"
    max_variants: int = 2048
    list_end: int = 25_000
    """Pagination of any list stops here."""
    scopes: tuple[str, ...] = (
        "read_products",
        "write_products",
        "read_publications",
        "write_publications",
        "read_files",
        "write_files",
    )
    """What the app is allowed."""
    token_life: float = 86_399.0
    """Seconds that a token of the client credentials grant lives."""
    file_polls: int = 1
    """How often a new file answers that it is being processed."""
    operation_polls: int = 1
    """How often an asynchronous productSet answers that it is at work."""
    bulk_wait: float = 0.0
    """Seconds that a look at a running bulk operation waits for its end before it answers."""
    bulk_parallel: int = 5
    bulk_bytes: int = 100_000_000
    real_types: bool = True
    """Execute from the real types where they are cached; False: always from our contract."""
    seed: int = 1
    """Of everything that happens by chance, such as the order of result lines."""
    clock: Callable[[], float] = time.monotonic
    """Seconds, for the bucket and the age of tokens."""
    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)
    """The time of day, aware, that the shop writes down."""
