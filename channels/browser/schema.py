"""The site profile: what a form-driven site looks like, as data with a closed vocabulary and no scripts.

A profile names pages, controls, interstitials and proofs; it cannot run code, and it cannot leave its hosts.
The models are strict: an unknown key is an error. Nothing here opens a browser.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from channels.browser.fields import FormField
from channels.browser.signs import (
    Candidate,
    Capture,
    Interstitial,
    Locator,
    Pattern,
    Sign,
    compiles,
)
from channels.browser.steps import Key, Step, Strict, Upload, keyed, walked


class Layout(Strict):
    """A variant of the pages. The first whose probe is there counts; the last needs none."""

    key: Key
    probe: tuple[Candidate, ...] = ()


class SessionProbe(Strict):
    """How to tell whether somebody is signed in: by a private page, never by a public one."""

    url: str
    positive: Annotated[tuple[Sign, ...], Field(min_length=1)]
    negative: Annotated[tuple[Sign, ...], Field(min_length=1)]
    login: str = Field(description="Page where a person signs in.")
    limit: float = Field(600.0, gt=0, description="Seconds that a person has for it.")


class Success(Strict):
    """A sign that the site took the work; without an id it proves nothing and is looked up."""

    sign: Sign
    capture: tuple[Capture, ...] = ()


class Proof(Strict):
    """What proves a submit, what disproves it, and how long to wait for either."""

    any: Annotated[tuple[Success, ...], Field(min_length=1)]
    refused: tuple[Sign, ...] = Field(
        (), description="The site said no: certainly nothing was made."
    )
    seconds: float = Field(120.0, gt=0, le=900)
    status: Literal["live", "submitted", "in-review", "uploaded"] = "live"
    listed: bool = Field(False, description="An entry of the site's own list proves it, too.")
    url: str = Field("", description="Address of the work; {id} is the remote id.")


class Reconcile(Strict):
    """Where the site lists what it has: pages, a feed (RSS) or a read endpoint (JSON)."""

    kind: Literal["pages", "feed", "json"]
    url: str = Field(description="{page} is the number of the page, from `first` on.")
    first: int = 1
    pages: int = Field(200, ge=1, description="More pages than this are a sign of a loop.")
    row: str = Field("", description="CSS of one entry, or the path of the array (`data.items`).")
    id: Capture
    title: Capture
    image: Capture | None = None
    time: Capture | None = None
    total: Capture | None = Field(None, description="How many there are; the count must agree.")
    per_page: int | None = Field(None, ge=1, description="A shorter page is the last.")
    next: str = Field(
        "", description="CSS of the control of a further page; absent means the last."
    )
    match: Literal["title", "image"] = "title"
    order: Literal["newest", "any"] = "any"
    ids: Literal["rising", "opaque"] = "opaque"
    empty: tuple[Sign, ...] = ()
    status: dict[str, str] = Field(default_factory=dict)
    state: Capture | None = None
    whose: Literal["session", "address"] = Field(
        "session", description="What says whose works these are: who is signed in, or the address."
    )
    appears_within: float | None = Field(
        None,
        gt=0,
        description="Seconds after which a work that is not listed was surely never made. "
        "None: the list proves nothing of what is not in it.",
    )


class Assist(Strict):
    """What the person does in assisted mode."""

    press: Key = Field(description="The control that the person presses.")
    text: str = "Look the form over, then press the marked button."
    seconds: float = Field(900.0, gt=0, le=6 * 3600)
    sends: Pattern = Field(
        r".*", description="Addresses that a submit is sent to; none seen means nothing was sent."
    )

    _check = field_validator("sends")(compiles)


class Identity(Strict):
    """What the profile is for, and how sure it is."""

    site: str
    version: int = Field(ge=1)
    hosts: Annotated[tuple[str, ...], Field(min_length=1)]
    verified: dt.date
    by: Literal["second-hand", "replica", "manual"]
    availability: Literal["open", "curated", "closed"] = "open"
    language: str = Field("en", pattern=r"^[a-z]{2}$")
    testid: str = Field("data-testid", description="Attribute that `testid` candidates look at.")
    terms: str = ""

    @field_validator("hosts")
    @classmethod
    def _plain(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        bad = [h for h in hosts if not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+(:\d+)?", h)]
        if bad:
            raise ValueError(f"hosts are plain names without scheme or star: {', '.join(bad)}")
        return hosts


class ProductMap(Strict):
    """From the manifest's product classes to the site's keys; one class may be several products."""

    classes: dict[Key, tuple[str, ...]]
    default: tuple[Key, ...] = ()


class Profile(Strict):
    """One site. ``steps`` lead to the submit; everything in them refers to ``locators`` and ``fields``."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    schema_version: Annotated[Literal[1], Field(alias="schema")]
    name: Key
    identity: Identity
    session: SessionProbe
    interstitials: tuple[Interstitial, ...] = ()
    layouts: tuple[Layout, ...] = ()
    fields: dict[Key, FormField] = Field(default_factory=dict)
    locators: dict[Key, Locator] = Field(default_factory=dict)
    products: ProductMap | None = None
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]
    proof: Proof
    reconcile: Reconcile | None = None
    assist: Assist

    @property
    def file_named(self) -> str:
        """The field that says what a file is called at the site; empty where it keeps its name."""
        named = (s.named for s in walked(self.steps) if isinstance(s, Upload) and s.named)
        return next(named, "")

    @model_validator(mode="after")
    def _refers_to_what_there_is(self) -> Profile:
        problems = [*self._locator_problems(), *self._step_problems()]
        problems += [f"layout {k!r} is named twice" for k in keyed(x.key for x in self.layouts)]
        twice = keyed(x.key for x in self.interstitials)
        problems += [f"interstitial {k!r} is named twice" for k in twice]
        if self.proof.listed and (self.reconcile is None or self.reconcile.kind != "json"):
            problems.append("proof.listed needs a read endpoint: reconcile of the kind json")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _locator_problems(self) -> list[str]:
        layouts = {x.key for x in self.layouts}
        found = []
        for key, locator in self.locators.items():
            if locator.within is not None and locator.within not in self.locators:
                found.append(f"locator {key}: there is no locator {locator.within!r} to lie in")
            if locator.rows is not None and locator.rows.total not in self.locators:
                found.append(
                    f"locator {key}: there is no locator {locator.rows.total!r} of a total"
                )
            named = (*locator.layouts, *(x for c in locator.any for x in c.layouts))
            found += [f"locator {key}: no layout {x!r}" for x in named if x not in layouts]
        if self.assist.press not in self.locators:
            found.append(f"assist.press: there is no locator {self.assist.press!r}")
        return found

    def _step_problems(self) -> list[str]:
        every = list(walked(self.steps))
        found = [f"step {k!r} is there twice" for k in keyed(s.key for s in every)]
        layouts = {x.key for x in self.layouts}
        for step in every:
            found += [
                f"step {step.key}: no locator {x!r}" for x in step.uses() if x not in self.locators
            ]
            found += [f"step {step.key}: no layout {x!r}" for x in step.layouts if x not in layouts]
            for name in (*step.reads(), *step.when, *step.unless):
                if name not in self.fields and name != "each":
                    found.append(f"step {step.key}: no field {name!r}")
        if sum(s.do == "submit" for s in every) != 1 or self.steps[-1].do != "submit":
            found.append("the steps end with the one submit, and have no other")
        return found


class AnyProfile(BaseModel):
    """Only the name and the schema version, for a good error about everything else."""

    model_config = ConfigDict(extra="allow")

    schema_version: Annotated[int, Field(alias="schema")]
    name: str
