"""Policy's answer for one item and one account: a word, what it asks for, and the rules behind it.

Frozen data with an order from mild to strict. It decides nothing by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from publisher.listing import Because, Finding
from publisher.rules import RuleAction


class VerdictWord(str, Enum):
    """What policy says, from mild to strict."""

    ALLOW = "allow"
    ALLOW_WITH_ACTIONS = "allow-with-actions"
    HOLD = "hold"
    DENY = "deny"

    @property
    def strictness(self) -> int:
        """0 for the mildest word, 3 for the strictest."""
        return list(VerdictWord).index(self)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer for (item, account).

    ``because`` holds the rules that decided, strictest first. ``missing`` names the manifest fields that
    must be filled in, such as ``depicts.people``. ``actions`` is empty unless the word is
    ``allow-with-actions``.
    """

    word: VerdictWord
    actions: tuple[RuleAction, ...] = ()
    because: tuple[Because, ...] = ()
    missing: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
