"""The one error tree. What a class means for retry, scope and exit code is data on the class,
so that ``pacing`` and ``apply`` never list exceptions. Nothing here formats or logs.

    PublisherError
    ├── ConfigError            run      2   settings, a missing extra
    ├── ManifestError          run      3   a bad manifest, every reason at once
    ├── UnsafePlan             account  4   a guard tripped
    ├── StalePlan              run      4   manifest or ledger moved since the plan
    ├── Transient              item     5   retry: dropped line, 5xx
    │   ├── Throttled          account  5   retry after ``after`` seconds
    │   └── Busy               account  5   another run has the account
    ├── QuotaExhausted         account  0   later: ``until``
    ├── Rejected               item     5   the remote side or a limit said no
    │   └── Conflict           item     5   something else is in the place
    ├── OutcomeUnknown         item     6   never retried, asked of the remote side
    ├── AuthFailed             account  7   expired or wrong secret, unknown host key
    ├── NeedsHuman             account  7   captcha, 2FA, an agreement, a click
    ├── SiteChanged            account  7   an unexpected form or API shape
    └── Unsupported            item     0   a verb the row says it cannot do
"""

from __future__ import annotations

import datetime as dt
from enum import Enum
from typing import ClassVar


class Retry(Enum):
    """Whether a read or a staged upload may be tried again. Writes never are, whatever this says."""

    NO = "no"
    YES = "yes"
    AFTER = "after"
    LATER = "later"
    NEVER = "never"


class Scope(Enum):
    """How much of a run stops."""

    ITEM = "item"
    ACCOUNT = "account"
    RUN = "run"


class PublisherError(Exception):
    """One sentence for the seller, a remedy, and an internal detail that is shown with ``--debug`` only.

    ``sentence`` and ``remedy`` must hold no secret; ``detail`` is filtered before it is logged.
    """

    retry: ClassVar[Retry] = Retry.NO
    scope: ClassVar[Scope] = Scope.RUN
    exit_code: ClassVar[int] = 1
    usual_remedy: ClassVar[str] = ""
    """What helps when whoever raised the error knows nothing better."""

    def __init__(self, sentence: str, *, remedy: str = "", detail: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.remedy = remedy or self.usual_remedy
        self.detail = detail

    def __str__(self) -> str:
        return self.sentence


class ConfigError(PublisherError):
    """Settings are missing or wrong. ``problems`` lists all of them, each naming its variable."""

    exit_code = 2

    def __init__(
        self, sentence: str, *, remedy: str = "", detail: str = "", problems: tuple[str, ...] = ()
    ) -> None:
        super().__init__(sentence, remedy=remedy, detail=detail)
        self.problems = problems


class ManifestError(PublisherError):
    """The manifest cannot be used. ``problems`` holds every reason as ``file:line: text``."""

    exit_code = 3

    def __init__(
        self,
        sentence: str,
        *,
        remedy: str = "",
        detail: str = "",
        problems: tuple[str, ...] = (),
    ) -> None:
        super().__init__(sentence, remedy=remedy, detail=detail)
        self.problems = problems


class UnsafePlan(PublisherError):
    """A guard tripped; the remedy prints the narrow override."""

    scope = Scope.ACCOUNT
    exit_code = 4


class StalePlan(PublisherError):
    """The manifest, the rows or the ledger moved since the plan was saved."""

    exit_code = 4


class Transient(PublisherError):
    """A passing fault that certainly wrote nothing final."""

    usual_remedy = (
        "see that the address and the line are right, then push again: nothing is sent twice"
    )

    retry = Retry.YES
    scope = Scope.ITEM
    exit_code = 5


class Throttled(Transient):
    """The remote side asks to slow down. ``after`` is in seconds."""

    retry = Retry.AFTER
    scope = Scope.ACCOUNT

    def __init__(
        self, sentence: str, *, after: float = 0.0, remedy: str = "", detail: str = ""
    ) -> None:
        super().__init__(sentence, remedy=remedy, detail=detail)
        self.after = after


class Busy(Transient):
    """Another run works on the account right now. Nothing was written; waiting is the seller's choice."""

    retry = Retry.NO
    scope = Scope.ACCOUNT


class QuotaExhausted(PublisherError):
    """A day, week or batch quota is used up until ``until`` (aware)."""

    retry = Retry.LATER
    scope = Scope.ACCOUNT
    exit_code = 0

    def __init__(
        self, sentence: str, *, until: dt.datetime, remedy: str = "", detail: str = ""
    ) -> None:
        super().__init__(sentence, remedy=remedy, detail=detail)
        self.until = until


class Rejected(PublisherError):
    """The item was refused, by the remote side or by a limit of the row. The reason is the sentence."""

    scope = Scope.ITEM
    exit_code = 5


class Conflict(Rejected):
    """Something that is not ours, or not what we last saw, is in the place."""


class OutcomeUnknown(PublisherError):
    """A write may or may not have landed. Only ``find`` or a person may settle it."""

    usual_remedy = (
        "push again to have it looked up, or say what you see there with publisher resolve"
    )

    retry = Retry.NEVER
    scope = Scope.ITEM
    exit_code = 6


class AuthFailed(PublisherError):
    """The remote side does not know us, or we do not know it (host key, certificate)."""

    usual_remedy = "check the account's user name and password"

    scope = Scope.ACCOUNT
    exit_code = 7


class NeedsHuman(PublisherError):
    """A person has to do something before this account can go on."""

    scope = Scope.ACCOUNT
    exit_code = 7


class SiteChanged(PublisherError):
    """The remote side does not look as the row says."""

    usual_remedy = "look at the site, then correct the channel's row"

    scope = Scope.ACCOUNT
    exit_code = 7


class Unsupported(PublisherError):
    """A verb that the row lists under ``cannot``; the sentence is the row's reason."""

    scope = Scope.ITEM
    exit_code = 0
