"""What a file's name says: a title where somebody gave one, and an id that the manifest accepts. Pure."""

from __future__ import annotations

import re
import unicodedata

_HEX = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{16,}", re.I
)
_CAMERA = re.compile(
    r"(img|dsc[nf]?|dscf|p|pict|mvi|dji|gopr|pxl|sam|cimg|scan|kif|mg|vid|hdr|pano|image|picture|photo"
    r"|untitled|screenshot|comfyui|output|grid|download|unnamed|export|render|final|copy|neu|new)",
    re.IGNORECASE,
)
_BREAKS = re.compile(r"[\s_.,;+()\[\]{}#@~=-]+")
_WORD = re.compile(r"[^\W\d_]{2,}")
_VERSION = re.compile(
    r"(v\d+|\d+|x\d+|\d+x\d+|\d+px|\d+k|upscaled?|final|copy|edit(ed)?|hires)", re.I
)
_ID = re.compile(r"[^A-Za-z0-9._-]+")
_ID_MAX = 90


def title_from(stem: str) -> str:
    """A title from a file name without its ending; "" for a name that a camera or a program gave."""
    text = unicodedata.normalize("NFC", stem)
    generated = _HEX.search(text) is not None
    words = [w for w in _BREAKS.split(_HEX.sub(" ", text)) if w]
    if generated and len(words) > 3:
        # Generators put the name of the account in front of the words.
        words = words[1:]
    while words and _VERSION.fullmatch(words[-1]):
        words.pop()
    while words and words[0].isdigit():
        words.pop(0)
    telling = [
        w for w in words if _WORD.search(w) and not _CAMERA.fullmatch(w.rstrip("0123456789"))
    ]
    if len(telling) < 2 or len(" ".join(words)) > 200:
        return ""
    title = " ".join(words)
    return title[0].upper() + title[1:]


def id_from(stem: str, taken: set[str]) -> str:
    """An id for the manifest that is not in ``taken``, and is added to it."""
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode()
    base = _ID.sub("-", plain).strip("-._").lower()[:_ID_MAX].rstrip("-._") or "picture"
    name, number = base, 2
    while name.casefold() in taken:
        name, number = f"{base}-{number}", number + 1
    taken.add(name.casefold())
    return name
