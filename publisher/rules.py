"""The rules of a row: evidence, predicates, actions, dated rules and quotas, all as data.

It states what a rule may say and nothing else. Who evaluates one hands the item and the day in; nothing here
reads the clock, looks at an item or talks to a channel.
"""

from __future__ import annotations

import datetime as dt
from enum import Enum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from publisher.manifest.item import ItemKind
from publisher.manifest.model import Depicted, ProvenanceClass, Style


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


class When(RowData):
    """The closed set of predicates. Each given one must hold; an unknown fact makes the rule unknown."""

    kind: ItemKind | None = None
    provenance: tuple[ProvenanceClass, ...] | None = None
    edit_share_over: float | None = None
    people: tuple[Depicted, ...] | None = None
    property: tuple[Depicted, ...] | None = None
    places: tuple[Depicted, ...] | None = None
    brands: bool | None = None
    text: bool | None = None
    news_event: bool | None = None
    style: tuple[Style, ...] | None = None
    editorial: bool | None = None
    mature: bool | None = None
    rights: tuple[str, ...] | None = None
    release: Literal["model", "property"] | None = Field(
        None, description="True when no such release is attached."
    )
    terms: tuple[str, ...] | None = Field(None, description="Words to look for in ``fields``.")
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
    (ISO) and {long_date} (as in "May 16, 2023"). An action that tells the channel something about the
    image names that declaration in ``declares``; neither an override nor a waiver removes it.
    """

    kind: ActionKind
    field: str = ""
    value: str = ""
    declares: str = ""


class RuleVerdict(str, Enum):
    """What a rule decides when it holds."""

    ALLOW = "allow"
    HOLD = "hold"
    DENY = "deny"


class Rule(RowData):
    """One dated rule. In force from ``effective_from`` until the day before ``effective_until``."""

    id: str
    text: str
    when: When = When()
    verdict: RuleVerdict
    actions: tuple[RuleAction, ...] = ()
    source: str
    grade: Grade
    seen: dt.date
    effective_from: dt.date | None = None
    effective_until: dt.date | None = None
    expires: dt.date | None = None
    unknown: Literal["hold", "pass"] = Field(
        "hold",
        description="What an unknown fact does to a rule that would hold, deny or ask for something. "
        "'pass' is for a second net only: the rule then decides on a stated fact alone.",
    )

    def in_force(self, day: dt.date) -> bool:
        """Whether the rule was in force on ``day``."""
        if self.effective_from is not None and day < self.effective_from:
            return False
        return self.effective_until is None or day < self.effective_until


class Quota(RowData):
    """At most ``limit`` creates in a rolling window of ``days``, for items that match ``when``."""

    id: str
    limit: int = Field(ge=1)
    days: int = Field(ge=1)
    when: When = When()
    source: str
    grade: Grade
    seen: dt.date
