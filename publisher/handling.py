"""What a row may say about handling: how far a program may act, what cannot be taken back, steps afterwards.

Data only, with its evidence. Nothing here carries a step out or asks for an approval.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from publisher.rules import Dated, Evidence, RowData, When


class Automation(RowData):
    """How far the channel lets a program act: ``manual`` means that a person does everything there."""

    kind: Literal["api", "transfer", "assisted", "manual"]
    text: str = ""
    evidence: Evidence


class Irreversible(RowData):
    """What cannot be taken back. It is held until the item's ``approve`` names the account, or a waiver
    names the rule ``irreversible``."""

    reason: str
    when: When = When()
    evidence: Evidence


class AfterUpload(Dated):
    """A step that a person takes at the channel after the upload, for each item or once for a batch."""

    id: str
    text: str
    when: When = When()
    per: Literal["item", "batch"] = "batch"
    declares: str = ""


class Batch(RowData):
    """Writes that go together: from ``min`` of them on, and at most ``max`` in one call."""

    min: int = Field(2, ge=1, description="Fewer writes than this go one by one.")
    max: int = Field(100, ge=1, description="Most writes in one call.")
    evidence: Evidence | None = None
