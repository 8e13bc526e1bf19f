"""Drafts a manifest from a folder of pictures: what they say of themselves, and what their names say.

It suggests and marks each suggestion with its origin; what only the seller can know it never guesses.
"""

from publisher.intake.begin import Begun, begin_from_files
from publisher.intake.draft import Drafted, draft_release

__all__ = ["Begun", "Drafted", "begin_from_files", "draft_release"]
