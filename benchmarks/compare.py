"""Compares contenders in one run: interleaved rounds, medians, and a ratio to the best peer.

Absolute seconds of two runs on a shared machine say little; a ratio within one run does. Contenders
take turns, in an order that changes from round to round, so that a slow minute hits all of them.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Contender:
    """``run`` does the work once and returns seconds. ``ours`` marks what is being judged."""

    name: str
    run: Callable[[], float]
    ours: bool = False


@dataclass
class Result:
    """The seconds of every counted round of every contender."""

    title: str
    ours: frozenset[str]
    seconds: dict[str, list[float]] = field(default_factory=dict)

    def median(self, name: str) -> float:
        """Median seconds of one contender."""
        return statistics.median(self.seconds[name])

    @property
    def best_peer(self) -> str:
        """The peer with the lowest median."""
        return min((name for name in self.seconds if name not in self.ours), key=self.median)

    def ratio(self, name: str) -> float:
        """The median of the rounds' own ratios to the best peer; below 1 is faster."""
        pairs = zip(self.seconds[name], self.seconds[self.best_peer], strict=True)
        return statistics.median(mine / theirs for mine, theirs in pairs)

    def text(self) -> str:
        """A table for people."""
        lines = [f"{self.title}: median seconds, ratio to the best peer ({self.best_peer})"]
        for name in sorted(self.seconds, key=self.median):
            runs = " ".join(f"{second:.2f}" for second in self.seconds[name])
            mark = "*" if name in self.ours else " "
            lines.append(
                f" {mark} {name:<24} {self.median(name):7.3f}  {self.ratio(name):5.2f}  [{runs}]"
            )
        return "\n".join(lines)

    def slower_than(self, limit: float) -> list[str]:
        """Names of ours whose ratio is above ``limit``."""
        return [name for name in sorted(self.ours) if self.ratio(name) > limit]


def compare(
    title: str,
    contenders: Sequence[Contender],
    *,
    rounds: int,
    warm_up: int = 1,
    between: Callable[[], None] = lambda: None,
) -> Result:
    """Run all contenders ``rounds`` times after ``warm_up`` uncounted rounds.

    ``between`` is called before each run and is not timed.
    """
    result = Result(title, frozenset(one.name for one in contenders if one.ours))
    for number in range(-warm_up, rounds):
        turn = number % len(contenders)
        for contender in [*contenders[turn:], *contenders[:turn]]:
            between()
            seconds = contender.run()
            if number >= 0:
                result.seconds.setdefault(contender.name, []).append(seconds)
    return result


def processor(
    work: Callable[[], object], rounds: int, between: Callable[[], None] = lambda: None
) -> float:
    """Median processor seconds of one call, child processes included: on a busy machine they say more."""
    taken = []
    for _ in range(rounds):
        between()
        before = os.times()
        work()
        taken.append(sum(os.times()[:4]) - sum(before[:4]))
    return statistics.median(taken)


def timed(work: Callable[[], object]) -> float:
    """Wall seconds of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
