"""The rules of a row: evidence, predicates, actions, dated rules and quotas, all as data.

It states what a rule may say and nothing else. Who evaluates one hands the item and the day in; nothing here
reads the clock, looks at an item or talks to a channel.
"""

from __future__ import annotations

import datetime as dt
from enum import Enum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from publisher.manifest.item import ItemKind
from publisher.manifest.model import Depicted, Edit, Product, ProvenanceClass, Style


class RowData(BaseModel):
    """Data of a row: frozen, and strict about unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Grade(str, Enum):
    """How good a source is: official, official copy, code, third party, general knowledge, inferred."""

    OFFICIAL = "O"
    OFFICIAL_COPY = "O~"
    CODE = "C"
    THIRD_PARTY = "T"
    GENERAL = "G"
    INFERRED = "INF"


class Evidence(RowData):
    """Who says so, how far that can be trusted, and when it was read."""

    source: str
    grade: Grade
    seen: dt.date
    note: str = ""


class Dated(RowData):
    """Evidence with a time in force: from ``effective_from`` until the day before ``effective_until``.

    After ``expires`` it has to be looked up again: it warns, and later what it allows is held.
    """

    source: str
    grade: Grade
    seen: dt.date
    effective_from: dt.date | None = None
    effective_until: dt.date | None = None
    expires: dt.date | None = None

    def in_force(self, day: dt.date) -> bool:
        """Whether it was in force on ``day``."""
        if self.effective_from is not None and day < self.effective_from:
            return False
        return self.effective_until is None or day < self.effective_until


class TermClass(str, Enum):
    """Curated lists of words, shipped under ``publisher/policy/terms`` and added to in publisher.toml."""

    ARTIST = "artist"
    PERSON = "person"
    CHARACTER = "character"
    BRAND = "brand"
    AGENCY = "agency"
    CAMERA = "camera"
    ASSET_TYPE = "asset-type"


class When(RowData):
    """The closed set of predicates. Each given one must hold; an unknown fact makes the rule unknown."""

    kind: ItemKind | None = None
    provenance: tuple[ProvenanceClass, ...] | None = None
    edit_share_over: float | None = Field(
        None, description="Share of pixels that generative tools changed, 0 to 1."
    )
    edits: tuple[Edit, ...] | None = Field(
        None, description="True when any of these kinds of generative edit was made."
    )
    people: tuple[Depicted, ...] | None = None
    property: tuple[Depicted, ...] | None = None
    places: tuple[Depicted, ...] | None = None
    brands: bool | None = None
    text: bool | None = None
    news_event: bool | None = None
    style: tuple[Style, ...] | None = None
    editorial: bool | None = None
    mature: bool | None = None
    rights: tuple[str, ...] | None = Field(
        None, description="The right to the generator's output: commercial, personal, unknown."
    )
    system: tuple[str, ...] | None = Field(None, description="Generators, in any case.")
    plan: tuple[str, ...] | None = Field(
        None, description="Plans of the generator account, in any case: free, basic, pro."
    )
    product: tuple[Product, ...] | None = Field(
        None, description="What the account's offer sells: a download or a thing."
    )
    release: Literal["model", "property"] | None = Field(
        None, description="True when no such release is attached."
    )
    terms: tuple[str, ...] | None = Field(None, description="Words to look for in ``fields``.")
    term_classes: tuple[TermClass, ...] | None = Field(
        None, description="Lists of words to look for in ``fields``; licensed terms are excepted."
    )
    fields: tuple[Literal["title", "description", "keywords", "prompt"], ...] = (
        "title",
        "description",
        "keywords",
        "prompt",
    )


class ActionKind(str, Enum):
    """What a rule may ask of a listing."""

    SET_FIELD = "set-field"
    ADD_KEYWORD = "add-keyword"
    SET_CATEGORY = "set-category"
    APPEND_SENTENCE = "append-sentence"
    HUMAN_TASK = "human-task"
    WRITE_XMP = "write-xmp"
    ATTACH_RELEASE = "attach-release"
    CONVERT_FILE = "convert-file"


class RuleAction(RowData):
    """One typed action: ``field`` names the column or property, ``value`` what goes there.

    ``value`` may name a manifest fact in braces: {system}, {version}, {model} (system and version),
    {prompt}, {prompt_writer}, {item}, {title}, {description}, {releases}, {city}, {country}, {date}
    (ISO), {long_date} (as in "May 16, 2023"), {slash_date} (05/16/2023), {city_capitals} and
    {country_capitals}. An action that tells the channel something about the
    image names that declaration in ``declares``; neither an override nor a waiver removes it. ``per``
    says whether a person does a task for each item or once for a batch.
    """

    kind: ActionKind
    field: str = ""
    value: str = ""
    declares: str = ""
    per: Literal["item", "batch"] = "item"


class RuleVerdict(str, Enum):
    """What a rule decides when it holds."""

    ALLOW = "allow"
    HOLD = "hold"
    DENY = "deny"


class Rule(Dated):
    """One dated rule: when its condition holds on a day that it is in force, its verdict counts."""

    id: str
    text: str
    when: When = When()
    verdict: RuleVerdict
    actions: tuple[RuleAction, ...] = ()
    unknown: Literal["hold", "pass"] = Field(
        "hold",
        description="What an unknown fact does to a rule that would hold, deny or ask for something. "
        "'pass' is for a second net only: the rule then decides on a stated fact alone.",
    )


class QuotaStep(RowData):
    """From this value of the account's fact upwards, this share of the limit (0 to 1) or this limit counts."""

    at_least: float
    share: float | None = Field(None, ge=0, le=1)
    limit: int | None = Field(None, ge=0)


class Quota(RowData):
    """At most ``limit`` creates, for items that match ``when``.

    ``rolling`` counts over the last ``days`` days, ``month`` over the calendar month, ``batch`` over one
    submission, ``first-batch`` over the first submission of an account, which then also needs ``minimum``.
    With ``scale_by`` the account option ``approval_ratio`` (0 to 1) or ``level`` (a number) picks the highest
    step of ``scale`` that it reaches; an option that is not stated reaches the lowest one, or none with
    ``unstated = "pass"``. ``counts`` tells works from calls of an API. ``modes`` are ways in which an account
    is served; absent means all. ``trial`` names an option of the account: the quota is that of a test, and
    counts only while the option is stated to be false.
    """

    id: str
    limit: int = Field(ge=1)
    days: int = Field(1, ge=1)
    window: Literal["rolling", "month", "batch", "first-batch"] = "rolling"
    minimum: int | None = Field(None, ge=1, description="Least number of works in the batch.")
    counts: Literal["creates", "calls"] = "creates"
    scale_by: Literal["approval", "level"] | None = None
    scale: tuple[QuotaStep, ...] = ()
    unstated: Literal["lowest", "pass"] = "lowest"
    modes: tuple[Literal["api", "transfer", "assisted", "handoff"], ...] = ()
    trial: str = ""
    when: When = When()
    source: str
    grade: Grade
    seen: dt.date

    @model_validator(mode="after")
    def _scale_is_whole(self) -> Quota:
        if (self.scale_by is None) != (not self.scale):
            raise ValueError(f"quota {self.id}: scale_by and scale go together")
        return self
