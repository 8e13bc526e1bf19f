"""Policy: a row's dated rules and the law applied to an item, giving a verdict. Pure: no clock, no logging.

It never raises: what it cannot tell becomes a HOLD that names the missing fact. ``Bench`` judges many items,
``judge`` one. What others find out (gates, promises, likeness, quotas) joins as ``RuleOutcome``.
"""

from publisher.policy.bench import Bench, judge, quotas_for
from publisher.policy.facts import Facts, Held, Subject, Truth, evaluate, terms_in
from publisher.policy.judge import WAIVER, by_waiver
from publisher.policy.library import Law, shipped_law, shipped_terms
from publisher.policy.sections import batch_steps
from publisher.policy.terms import TermBook, shipped_book
from publisher.policy.verdict import RuleOutcome, Verdict, VerdictWord, verdict_of

__all__ = [
    "WAIVER",
    "Bench",
    "Facts",
    "Held",
    "Law",
    "RuleOutcome",
    "Subject",
    "TermBook",
    "Truth",
    "Verdict",
    "VerdictWord",
    "batch_steps",
    "by_waiver",
    "evaluate",
    "judge",
    "quotas_for",
    "shipped_book",
    "shipped_law",
    "shipped_terms",
    "terms_in",
    "verdict_of",
]
