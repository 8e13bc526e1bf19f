"""How a profile says what is on a page: candidates of controls, signs of what is shown, captures of facts.

Data with a closed vocabulary; patterns are compiled when a profile is read. Nothing here looks at a page.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from channels.browser.steps import Key, Strict

Pattern = Annotated[str, StringConstraints(min_length=1, max_length=500)]
"""A regular expression in Python's dialect; it is compiled when the profile is read."""


def compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from None
    return pattern


class CandidateKind(str, Enum):
    """The ways to find a control, the most stable first."""

    TESTID = "testid"
    ID = "id"
    ROLE = "role"
    LABEL = "label"
    NAME = "name"
    PLACEHOLDER = "placeholder"
    CSS = "css"
    TEXT = "text"
    NEAR = "near"


class Candidate(Strict):
    """One way to find a control: exactly one kind. ``{name}`` stands for a field, quoted for its place."""

    testid: str | None = None
    id: str | None = None
    role: str | None = Field(None, description="ARIA role; its name is stated in `named`.")
    label: str | None = None
    name: str | None = None
    placeholder: str | None = None
    css: str | None = None
    text: str | None = None
    near: str | None = Field(
        None, description="A visible label's text; `css` says what to take that follows it."
    )
    named: str | None = Field(None, description="Accessible name that belongs to `role`.")
    tag: str | None = Field(
        None, pattern=r"^[a-z][a-z0-9-]*$", description="Element of an id or name."
    )
    exact: bool = True
    layouts: tuple[Key, ...] = Field((), description="The layouts that it belongs to; empty: all.")

    @model_validator(mode="after")
    def _one_kind(self) -> Candidate:
        given = [k for k in CandidateKind if getattr(self, k.value) is not None]
        if self.near is not None:
            given = [k for k in given if k is not CandidateKind.CSS]
        if len(given) != 1:
            raise ValueError(
                "a candidate has exactly one of " + ", ".join(k.value for k in CandidateKind)
            )
        if self.named is not None and self.role is None:
            raise ValueError("`named` belongs to `role`")
        return self

    @property
    def kind(self) -> CandidateKind:
        """Which one it is."""
        return next(
            k
            for k in CandidateKind
            if getattr(self, k.value) is not None and not (k is CandidateKind.CSS and self.near)
        )

    def shown(self) -> str:
        """The candidate as a person writes it."""
        parts = [f"{self.kind.value}={getattr(self, self.kind.value)}"]
        parts += [f"{n}={v}" for n in ("named", "tag") if (v := getattr(self, n)) is not None]
        return " ".join(parts)


class Rows(Strict):
    """A list of which a page holds only what is in view: it is scrolled, and its pages are turned."""

    row: str = Field(min_length=1, description="CSS of its entries.")
    total: Key = Field(description="Locator of the number of entries; as many must have been seen.")
    scroll: str = Field("", description="CSS of what scrolls; empty is the page itself.")
    first: str = Field("", description="CSS of the control that leads to the first page.")
    next: str = Field(
        "", description="CSS of the control of a further page; gone or off on the last."
    )
    pages: int = Field(
        0,
        ge=0,
        description="Only so many pages are looked through, and an entry beyond them counts as missing; "
        "for what costs no more than to be done again. 0: the whole list.",
    )


class Locator(Strict):
    """A named control. Candidates are tried in order; one that is not the first is a drift warning."""

    any: Annotated[tuple[Candidate, ...], Field(min_length=1)]
    within: Key | None = Field(None, description="Another locator that it must lie in.")
    state: Literal["attached", "visible", "enabled"] = "visible"
    many: bool = Field(
        False, description="Several elements are meant; otherwise there must be one."
    )
    optional: bool = Field(False, description="A check does not miss it.")
    appears: Literal["form", "upload", "later"] = Field(
        "form",
        description="On the form at once, after the upload, or elsewhere: a check looks at the first.",
    )
    rows: Rows | None = Field(None, description="The list that it is an entry of.")
    layouts: tuple[Key, ...] = ()

    @model_validator(mode="after")
    def _entry_of_a_list(self) -> Locator:
        plain = (CandidateKind.CSS, CandidateKind.ID, CandidateKind.NAME, CandidateKind.TESTID)
        if self.rows is not None and self.any[0].kind not in plain:
            raise ValueError("an entry of `rows` begins with css, id, name or testid")
        return self


class InterstitialClass(str, Enum):
    """What kind of thing stands in the way."""

    CONSENT = "consent"
    PROMO = "promo"
    SURVEY = "survey"
    ONE_TAP = "one-tap"
    CHALLENGE = "challenge"
    TWO_FACTOR = "two-factor"
    LOGIN = "login"
    MAINTENANCE = "maintenance"
    NOT_FOUND = "not-found"
    SERVER_ERROR = "server-error"
    LOCKED = "locked"
    LIMIT = "limit"


class Sign(Strict):
    """Something to see on a page. All given parts must hold; an element counts only while it is visible."""

    url: Pattern | None = None
    title: Pattern | None = None
    css: str | None = None
    text: Pattern | None = Field(
        None, description="Must match the whole text of the element; without `css`, a heading's."
    )
    status: tuple[int, ...] = ()
    frame: Pattern | None = Field(None, description="Address of a frame that is in the page.")

    @field_validator("url", "title", "text", "frame")
    @classmethod
    def _pattern(cls, value: str | None) -> str | None:
        return value if value is None else compiles(value)

    @model_validator(mode="after")
    def _says_something(self) -> Sign:
        if not (self.url or self.title or self.css or self.text or self.status or self.frame):
            raise ValueError("a sign names at least one of url, title, css, text, status, frame")
        return self


class Interstitial(Strict):
    """What may stand in the way at any step, and what is done about it."""

    key: Key
    kind: InterstitialClass
    any: Annotated[tuple[Sign, ...], Field(min_length=1)]
    action: Literal["dismiss", "wait", "person", "retry", "stop"]
    press: str | None = Field(None, description="CSS of the control that dismisses it.")
    seconds: float = Field(
        20.0, ge=0, le=900, description="How long it may take to go away by itself."
    )
    hours: float = Field(24.0, gt=0, le=24 * 31, description="For a limit: when it is over.")
    text: str = Field("", description="What the seller is told.")

    @model_validator(mode="after")
    def _dismissed_by_something(self) -> Interstitial:
        if self.action == "dismiss" and not self.press:
            raise ValueError(f"interstitial {self.key}: dismiss needs `press`")
        return self


class Capture(Strict):
    """Takes something out of an element or the address: its group ``id`` is the remote id."""

    css: str | None = None
    attribute: str = Field("", description="Empty means the text.")
    pattern: Pattern

    _check = field_validator("pattern")(compiles)
