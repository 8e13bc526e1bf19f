"""What is said of a rendition when it is signed: the words of its listing as a C2PA claim. Pure."""

from __future__ import annotations

import dataclasses

from publisher.files import RenditionRequest
from publisher.media.metadata import xmp


@dataclasses.dataclass(frozen=True, slots=True)
class Claim:
    """What is said of a rendition. ``digital_source_type`` is an address of the IPTC vocabulary, or ""."""

    title: str = ""
    digital_source_type: str = ""
    agent: str = ""
    agent_version: str = ""


RESERVE = 16 * 1024
"""Bytes that a signature takes at most, without a master's credentials in it: room for a chain of three."""


def claim_for(request: RenditionRequest) -> Claim:
    """The claim of ``request``: its title, how the picture came to be, and the system that made it."""
    words = request.metadata
    return Claim(
        title=words.title or request.name,
        digital_source_type=xmp.digital_source_type(words),
        agent=words.ai_system,
        agent_version=words.ai_system_version,
    )


def unsigned(request: RenditionRequest) -> RenditionRequest:
    """What has to be made before it is signed: the same, with room for the signature."""
    recipe = dataclasses.replace(request.recipe, signed=False)
    if recipe.bytes_max is not None:
        recipe = dataclasses.replace(recipe, bytes_max=max(recipe.bytes_max - RESERVE, 1))
    return dataclasses.replace(request, recipe=recipe)
