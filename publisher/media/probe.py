"""Facts of a master, from its header and its bytes: checksum, format by content, size in pixels, colours.

Nothing is decoded: what only the picture data can tell (a cut file, a lying header) is found when a
rendition is made. A bad file is a sentence in ``Master.problem``, never an error.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

from publisher.manifest.item import Master
from publisher.media.credentials import carries_credentials
from publisher.media.limits import MEGAPIXELS_MAX
from publisher.media.marks import mark_of
from publisher.media.metadata.ifd import integers, read_directory, read_header
from publisher.media.metadata.packets import DAMAGE
from publisher.media.metadata.read import sniff, statements

_COLORS = frozenset({"srgb", "rgb16", "b-w", "grey16", "cmyk"})
_FLOATING = frozenset({"float", "double", "complex", "dpcomplex"})
_LAB = (
    8,
    9,
    10,
)  # PhotometricInterpretation CIELab, ICCLab, ITULab (TIFF 6.0 and its technical notes)
_PHOTOMETRIC = 262
_UNSUPPORTED = (
    (b"GIF8", "a GIF"),
    (b"<svg", "an SVG"),
    (b"<?xml", "an XML or SVG"),
    (b"%PDF", "a PDF"),
    (b"8BPS", "a Photoshop"),
    (b"BM", "a BMP"),
    (b"\xff\x0a", "a JPEG XL"),
    (b"\0\0\0\x0cJXL ", "a JPEG XL"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000"),
    (b"<!DOCTYPE", "an HTML"),
    (b"<html", "an HTML"),
)
_ADVICE = "export it as JPEG, PNG, TIFF or WebP"


def probe(path: Path, relative: str, *, megapixels_max: float = MEGAPIXELS_MAX) -> Master:
    """The facts of the master at ``path``; ``relative`` is its name in the project.

    Never raises for a bad file: ``problem`` then holds one sentence. Width and height are in pixels as
    the picture is shown, after its orientation. It meets the file in this very process: call it where the
    file may do that, as in a worker.
    """
    before = mark_of(path)
    found = _probed(path, relative, megapixels_max)
    # Only what stood still while it was read can be known again by its mark.
    return replace(found, mark=before) if mark_of(path) == before else found


def _probed(path: Path, relative: str, megapixels_max: float) -> Master:
    try:
        with path.open("rb") as file:
            checksum = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
            file.seek(0)
            head = file.read(16)
            container = sniff(file)
    except OSError as error:
        reason = "does not exist" if isinstance(error, FileNotFoundError) else _reason(error)
        return _useless(path, relative, f"{relative} {reason}.")
    if not container:
        return _useless(path, relative, _unsupported(relative, head, size), checksum, size)
    return _measured(path, relative, checksum, size, container, megapixels_max)


def _reason(error: OSError) -> str:
    return f"cannot be read: {(error.strerror or 'input error').lower()}"


def _useless(
    path: Path, relative: str, problem: str, checksum: str = "", size: int = 0, format_: str = ""
) -> Master:
    return Master(path, relative, checksum, size, format_, 0, 0, problem=problem)


def _unsupported(relative: str, head: bytes, size: int) -> str:
    if size == 0:
        return f"{relative} is empty."
    if head[4:8] == b"ftyp":
        return f"{relative} is a HEIF, AVIF or video file; {_ADVICE}."
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for mark, name in _UNSUPPORTED:
        if head.startswith(mark) or (mark.startswith(b"<") and text.startswith(mark.lower())):
            return f"{relative} is {name} file, whatever its name says; {_ADVICE}."
    return f"{relative} is no image that can be read; {_ADVICE}."


def _measured(
    path: Path, relative: str, checksum: str, size: int, container: str, megapixels_max: float
) -> Master:
    from publisher.media import vips

    library = vips.load()
    special = _special(path, container)
    if special:
        return _useless(path, relative, f"{relative} {special}.", checksum, size, container)
    try:
        image = library.Image.new_from_file(str(path), access="sequential")
        pages = _pages(image, path, container)
        turned = _field(image, "orientation", 1) in (5, 6, 7, 8)
        width, height = image.width, image.height
        band_format, color = str(image.format), str(image.interpretation)
        alpha = bool(image.hasalpha())
        exif = _exif_of_tiff(path) if container == "tiff" else _exif(image)
        credentials = carries_credentials(path)
    except (library.Error, OSError, UnicodeError) as error:
        # The sentence is ours: the library's text names its own functions and grows with every failure.
        del error
        problem = f"{relative} is a damaged or unusual {container.upper()} file; {_ADVICE}."
        return _useless(path, relative, problem, checksum, size, container)
    if turned:
        width, height = height, width
    verdict = _judged(width, height, pages, band_format, color, megapixels_max)
    return Master(
        path=path,
        relative=relative,
        sha256=checksum,
        size=size,
        format=container,
        width=width,
        height=height,
        alpha=alpha,
        color=color,
        pages=pages,
        problem=f"{relative} {verdict}." if verdict else None,
        exif=exif,
        credentials=credentials,
    )


def _exif(image: Any) -> tuple[str, ...]:
    """The camera's entries that are there and not empty; a channel may want to see a real camera."""
    # The library shows a value as "NIKON (NIKON, ASCII, 6 components, 6 bytes)".
    fields = {name: f"exif-ifd0-{name}" for name in ("Make", "Model")}
    found = {n: str(image.get(f)) for n, f in fields.items() if image.get_typeof(f)}
    return tuple(name for name, value in found.items() if value.partition(" (")[0].strip())


def _exif_of_tiff(path: Path) -> tuple[str, ...]:
    """The same of a TIFF, where the entries stand in the picture's own directory and the library shows none."""
    make, model = statements(path).camera
    return tuple(name for name, value in (("Make", make), ("Model", model)) if value.strip())


def _judged(
    width: int, height: int, pages: int, band_format: str, color: str, limit: float
) -> str | None:
    megapixels = width * height / 1_000_000
    if megapixels > limit:
        return f"has {megapixels:,.1f} megapixels, the limit is {limit:,g}"
    if band_format in _FLOATING or color == "scrgb":
        return "stores its colours as floating-point numbers; export it with 8 or 16 bits"
    if color in ("lab", "labs", "labq"):
        return "is in LAB colours; convert it to RGB"
    if color not in _COLORS or band_format not in ("uchar", "ushort"):
        return f"has colours of an unusual kind ({color}, {band_format}); convert it to RGB"
    if pages > 1:
        return f"is animated or has several pages ({pages}); export one picture"
    return None


def _field(image: Any, name: str, default: int) -> int:
    return int(image.get(name)) if image.get_typeof(name) else default


def _pages(image: Any, path: Path, container: str) -> int:
    pages = _field(image, "n-pages", 1)
    return max(pages, _apng_frames(path)) if container == "png" else pages


def _apng_frames(path: Path) -> int:
    """Frames of an animated PNG (``acTL`` stands before the first ``IDAT``); 1 for a still one."""
    with path.open("rb") as file:
        at = 8
        for _ in range(256):
            file.seek(at)
            head = file.read(12)
            if len(head) < 12 or head[4:8] in (b"IDAT", b"IEND"):
                return 1
            if head[4:8] == b"acTL":
                return max(int.from_bytes(head[8:12], "big"), 1)
            at += 12 + int.from_bytes(head[:4], "big")
    return 1


def _special(path: Path, container: str) -> str | None:
    """What must be refused by name but is hidden by the decoder's own message or conversion."""
    if container != "tiff":
        return None
    try:
        with path.open("rb") as file:
            return _lab(file)
    except (OSError, *DAMAGE):
        return None


def _lab(file: BinaryIO) -> str | None:
    layout, offset = read_header(file)
    entry = read_directory(file, layout, offset).find(_PHOTOMETRIC)
    if integers(file, layout, entry)[:1] in [(kind,) for kind in _LAB]:
        return "is in LAB colours; convert it to RGB"
    return None
