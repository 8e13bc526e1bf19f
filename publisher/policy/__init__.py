"""Policy: a row's dated rules applied to an item, giving a verdict. Pure: no clock, no I/O, no logging.

It never raises: what it cannot tell becomes a HOLD that names the missing fact.
"""

from publisher.policy.facts import Held, Subject, Truth, evaluate, terms_in
from publisher.policy.judge import judge, quotas_for
from publisher.policy.verdict import Verdict, VerdictWord

__all__ = [
    "Held",
    "Subject",
    "Truth",
    "Verdict",
    "VerdictWord",
    "evaluate",
    "judge",
    "quotas_for",
    "terms_in",
]
