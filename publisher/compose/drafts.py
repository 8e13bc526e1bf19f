"""Drafts: texts that templates made for one account, before they are fitted.

Rendering a template is an effect, so it happens elsewhere and only its outcome comes in here. Frozen data.
"""

from __future__ import annotations

from dataclasses import dataclass

from publisher.listing import Finding
from publisher.manifest.item import Item


@dataclass(frozen=True, slots=True)
class Drafts:
    """A title and a description in place of the manifest's own; None where no template speaks.

    ``findings`` say which template failed, with its file and line.
    """

    title: str | None = None
    description: str | None = None
    findings: tuple[Finding, ...] = ()


NO_DRAFTS = Drafts()


def no_drafts(_item: Item) -> Drafts:
    """What an account without templates drafts: nothing."""
    return NO_DRAFTS
