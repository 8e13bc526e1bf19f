"""What a row may say about texts: limits, characters, order of keywords, and templates, all as data.

It states what can be said and nothing else: ``publisher.textfit`` fits, and nothing here looks at an item.
"""

from __future__ import annotations

from enum import Enum
from typing import Literal

from pydantic import Field, model_validator

from publisher.rules import Evidence, RowData


class TextLimit(RowData):
    """Limits of one text, in characters (Unicode code points)."""

    min: int = 0
    max: int | None = None
    required: bool = False
    ascii_only: bool = False
    forbid: str = Field("", description="Single characters that must not occur.")
    no_caps: bool = Field(False, description="A text that shouts is written in sentence case.")
    english_only: bool = Field(
        False, description="A text that does not read as English is a warning; nothing is changed."
    )
    evidence: Evidence | None = None


class KeywordOrder(str, Enum):
    """In which order keywords stand. Which ones are kept is always decided by the manifest's order."""

    RELEVANCE = "relevance"
    """As the manifest has them, the most fitting first."""
    ALPHABETICAL = "alphabetical"
    """From A to Z in any case, those that the rules ask for among them."""
    IMPORTANT_FIRST = "important-first"
    """The first ``important`` ones as the manifest has them, the rest from A to Z."""


class KeywordLimit(RowData):
    """Limits of the keyword list: how many, and how long each may be in characters."""

    min: int = 0
    max: int | None = None
    each: int | None = None
    order: KeywordOrder = KeywordOrder.RELEVANCE
    important: int = Field(10, ge=1, description="How many stay in front with important-first.")
    stems: Literal["keep", "drop"] = Field(
        "keep", description="Whether a word of the same English stem as an earlier one is left out."
    )
    ascii_only: bool = False
    forbid: str = Field("", description="Single characters that must not occur in a keyword.")
    english_only: bool = False
    evidence: Evidence | None = None


class TextTemplates(RowData):
    """Jinja templates that the title and the description are made of, before they are fitted.

    A value that ends with ``.j2`` names a template; any other is the template itself. A text of the
    manifest's own for the account wins over both, and what rules ask for is put in afterwards.
    """

    title: str = ""
    description: str = ""
    distinct: bool = Field(
        False, description="A description that says no more than the title is a warning."
    )
    evidence: Evidence | None = None

    @model_validator(mode="after")
    def _says_something(self) -> TextTemplates:
        if not self.model_fields_set:
            raise ValueError("[text] is empty: leave it out")
        return self
