"""Named faults of the sandbox shop, and when each strikes.

A fault is on until it is cleared or used up. It decides by counting the requests that it is about, or by chance from
a seed, so that every run goes the same way.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

NAMES = (
    "wrong_credentials",
    "refuse_503",
    "refuse_429",
    "drop_before_commit",
    "drop_after_commit",
    "error_before_commit",
    "error_after_commit",
    "throttle",
    "variant_throttle",
    "token_expires",
    "drop_mid_file",
    "drop_mid_download",
    "slow",
    "stale_reads",
    "file_fails",
    "bulk_stalls",
    "bulk_fails",
    "bulk_result_gone",
    "echo_secret",
)

_MUTATIONS = frozenset(
    {
        "drop_before_commit",
        "drop_after_commit",
        "error_before_commit",
        "error_after_commit",
        "variant_throttle",
    }
)
"""Faults that are about mutations unless they are told otherwise."""


@dataclass
class _Fault:
    options: dict[str, Any]
    chance: random.Random
    met: int = 0
    struck: int = 0
    about: frozenset[str] = field(default_factory=frozenset)


class Faults:
    """The switchboard. Thread-safe.

    ``drop_mid_file`` and ``drop_mid_download`` cut an upload or a result after so many bytes (``after``), always.

    Options of every fault:

    - ``operation``: a root field such as ``productSet``, or ``mutation``, ``query``, ``upload``, ``token``, ``file``
      or ``any``; the faults about commits and variants are about mutations by default, the others about anything
    - ``nth``: strike at the nth such request only; ``after``: not before so many have passed
    - ``times``: strike so often and be off; ``chance``: strike with this probability (``seed``)
    """

    def __init__(self) -> None:
        self._lock = threading.Condition()
        self._on: dict[str, _Fault] = {}
        self._strikes: dict[str, int] = {}

    def switch_on(self, name: str, **options: Any) -> None:
        """Switch a fault on. Raises ValueError for an unknown one."""
        if name not in NAMES:
            raise ValueError(f"there is no fault {name!r}; there are {', '.join(NAMES)}")
        usual = "mutation" if name in _MUTATIONS else "any"
        about = options.get("operation", usual)
        words = frozenset([about] if isinstance(about, str) else about)
        with self._lock:
            self._on[name] = _Fault(
                dict(options),
                random.Random(options.get("seed", 1)),  # noqa: S311  (chance, no secret)
                about=words,
            )

    def clear(self) -> None:
        """Switch all faults off, and let what waits for that go on."""
        with self._lock:
            self._on.clear()
            self._lock.notify_all()

    def on(self, name: str) -> dict[str, Any] | None:
        """The options of a fault that is on, without counting."""
        with self._lock:
            fault = self._on.get(name)
            return dict(fault.options) if fault is not None else None

    def strike(self, name: str, about: Collection[str] = ()) -> dict[str, Any] | None:
        """The options when the fault strikes a request about these words now, else None."""
        with self._lock:
            fault = self._on.get(name)
            if fault is None or not ("any" in fault.about or fault.about.intersection(about)):
                return None
            fault.met += 1
            if not self._now(fault):
                return None
            fault.struck += 1
            self._strikes[name] = self._strikes.get(name, 0) + 1
            spent = fault.options.get("times")
            if (spent is not None and fault.struck >= spent) or "nth" in fault.options:
                del self._on[name]
            return dict(fault.options)

    @staticmethod
    def _now(fault: _Fault) -> bool:
        options = fault.options
        if "nth" in options:
            return fault.met == int(options["nth"])
        if fault.met <= int(options.get("after", 0)):
            return False
        return "chance" not in options or fault.chance.random() < float(options["chance"])

    def strikes(self, name: str) -> int:
        """How often a fault struck since the sandbox began."""
        with self._lock:
            return self._strikes.get(name, 0)

    def wait_while_on(self, name: str, seconds: float) -> bool:
        """Wait until the fault is off, at most so long; whether it is off."""
        with self._lock:
            return self._lock.wait_for(lambda: name not in self._on, timeout=seconds)
