"""Policy's answer for one item and one account: a word, what it asks for, and the rules behind it.

Frozen data with an order from mild to strict. It decides nothing by itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum
from typing import TypeVar

from publisher.listing import Because, Finding
from publisher.rules import RuleAction

_T = TypeVar("_T")


class VerdictWord(str, Enum):
    """What policy says, from mild to strict."""

    ALLOW = "allow"
    ALLOW_WITH_ACTIONS = "allow-with-actions"
    HOLD = "hold"
    DENY = "deny"

    @property
    def strictness(self) -> int:
        """0 for the mildest word, 3 for the strictest."""
        return _ORDER[self]


_ORDER = {word: number for number, word in enumerate(VerdictWord)}


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """What one rule, of a row, of the law, or of a check outside of policy, says about an item."""

    word: VerdictWord
    because: Because
    actions: tuple[RuleAction, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer for (item, account).

    ``because`` holds the rules that decided, strictest first, each with the facts that it looked at; for an
    allowance that is every rule that had something to say. ``missing`` names the manifest fields that must
    be filled in, such as ``depicts.people``. ``actions`` is empty unless the word is ``allow-with-actions``.
    """

    word: VerdictWord
    actions: tuple[RuleAction, ...] = ()
    because: tuple[Because, ...] = ()
    missing: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()

    def joined(self, extra: Iterable[RuleOutcome]) -> Verdict:
        """With further outcomes; the strictest wins, and an outcome can only make it stricter."""
        more = tuple(extra)
        if not more:
            return self
        own = tuple(RuleOutcome(self.word, b) for b in self.because)
        actions = RuleOutcome(self.word, Because("", ""), self.actions, self.missing)
        made = verdict_of((*own, *more), carried=actions)
        return replace(made, findings=self.findings)


def verdict_of(outcomes: Iterable[RuleOutcome], *, carried: RuleOutcome | None = None) -> Verdict:
    """The strictest word with the links and actions that go with it. ``carried`` adds to those unseen."""
    every = tuple(outcomes)
    whole = every if carried is None else (*every, carried)
    word = max((o.word for o in whole), key=lambda w: w.strictness)
    stopped = word.strictness >= VerdictWord.HOLD.strictness
    floor = VerdictWord.HOLD.strictness if stopped else 0
    ranked = sorted(every, key=lambda o: -o.word.strictness)
    decided = [o for o in ranked if o.word.strictness >= floor]
    actions = unique(a for o in whole for a in o.actions) if not stopped else ()
    lacking = [*decided, *([carried] if carried and carried.word.strictness >= floor else [])]
    return Verdict(
        word=word,
        actions=actions,
        because=unique(o.because for o in decided),
        missing=unique(name for o in lacking for name in o.missing),
    )


def unique(values: Iterable[_T]) -> tuple[_T, ...]:
    """Each value once, in the order of its first place."""
    return tuple(dict.fromkeys(values))
