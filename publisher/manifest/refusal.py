"""How a check of our own refuses a value, so that its words reach the seller as they are. Pure."""

from __future__ import annotations

from pydantic_core import PydanticCustomError

LACKING = "publisher_lacking"
"""Kind of an error at a field that had to be written."""
SAID = "publisher_said"
"""Kind of an error whose message is the whole sentence."""
SAID_OF = "publisher_said_of"
"""Kind of an error whose message goes on after the value that was written."""


def lacking() -> PydanticCustomError:
    """A field that is missing here, although it may be left out elsewhere."""
    return PydanticCustomError(LACKING, "is missing")


def refused(text: str, remedy: str = "") -> PydanticCustomError:
    """A whole that does not hold together; ``text`` is what is wrong with it."""
    return PydanticCustomError(SAID, "{text}", {"text": text, "remedy": remedy})


def refused_value(text: str, remedy: str = "") -> PydanticCustomError:
    """A value that will not do; ``text`` goes on after the value itself."""
    return PydanticCustomError(SAID_OF, "{text}", {"text": text, "remedy": remedy})
