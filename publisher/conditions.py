"""What a channel asks of an account and of a whole release, as data of its row: gates, exclusivity, similarity.

A rule looks at one item; these look at who sends it, where else it is, and what else is like it. Nothing here
evaluates anything.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from publisher.rules import Dated, Evidence, RowData, When


class Gate(Dated):
    """An account must have something before it may send: an invitation, a qualification, published files.

    ``option`` is the account's option in publisher.toml that states it. ``at_least`` compares a number;
    ``one_of`` a text; without both the option must be true. What is not stated holds the item; with
    ``unknown = "warn"`` it only warns, where the channel itself turns away whom it has not let in (a login
    that works is the better witness), and with "pass" nothing is said: most accounts have no such thing.
    ``unless_exif`` names EXIF entries with which a picture passes while the gate is stated to be closed.
    """

    id: str
    text: str
    option: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    at_least: float | None = None
    one_of: tuple[str, ...] | None = None
    modes: tuple[Literal["api", "transfer", "assisted", "handoff"], ...] = Field(
        (), description="Only for accounts that are served in one of these ways; absent means all."
    )
    when: When = When()
    unknown: Literal["hold", "warn", "pass"] = "hold"
    unless_exif: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_comparison(self) -> Gate:
        if self.at_least is not None and self.one_of is not None:
            raise ValueError("a gate compares with at_least or with one_of, not with both")
        return self


class Exclusivity(RowData):
    """What publishing here promises, and who else gets what is published here.

    ``promises`` is what is exclusive by itself: the image, or everything of its maker; ``delivery`` is an
    image that goes to the one buyer who ordered it. With ``option`` it is so only for an account whose option
    of that name in publisher.toml is true; a delivery is one unless the option is false.
    """

    promises: Literal["none", "image", "portfolio", "delivery"] = "none"
    option: str = ""
    prints_excepted: bool = Field(False, description="Prints may be sold elsewhere all the same.")
    prints: bool = Field(False, description="Only prints are sold here, never licences or files.")
    forwards_to: tuple[str, ...] = Field(
        (), description="Names of the channels that get everything from here."
    )
    evidence: Evidence


class Similarity(RowData):
    """How many variants of one motif the channel takes from one account."""

    variants_per_motif: int = Field(ge=1)
    when: When = When()
    evidence: Evidence
