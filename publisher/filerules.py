"""What a row may say about files: pixels, bytes, EXIF, names, releases, and marks that must survive.

Data only, with its evidence. Sides are in pixels, sizes in bytes, resolution in millions of pixels. Images
are upsampled only where the row allows it and the manifest asks for it.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from publisher.rules import Evidence, RowData


class NameLimit(RowData):
    """What a file name may look like; ``max`` counts the extension."""

    pattern: str = r"[A-Za-z0-9_]+"
    max: int = 30
    evidence: Evidence | None = None


class FileRules(RowData):
    """What the channel takes as a file. Sides in pixels, sizes in bytes, resolution in millions of pixels."""

    formats: tuple[Literal["jpeg", "png", "tiff", "webp"], ...] = ("jpeg",)
    convert_to: Literal["jpeg", "png", "tiff", "webp"] = "jpeg"
    quality: int = Field(95, ge=1, le=100)
    quality_floor: int = Field(85, ge=1, le=100)
    color_space: Literal["srgb", "display-p3", "adobe-rgb", "grey"] = Field(
        "srgb", description="Colours of the file; their profile is embedded."
    )
    bit_depth: Literal[8, 16] = Field(
        8, description="Most bits a sample; 16 keeps the depth of a deep master in PNG and TIFF."
    )
    megapixels_min: float | None = None
    megapixels_max: float | None = None
    side_min: int | None = None
    side_max: int | None = None
    bytes_min: int | None = None
    bytes_max: int | None = None
    aspect_min: float | None = Field(None, gt=0, description="Least width divided by height.")
    aspect_max: float | None = Field(None, gt=0, description="Greatest width divided by height.")
    alpha: Literal["flatten", "keep", "refused", "required"] = Field(
        "flatten", description="What happens to transparency; 'refused' and 'required' hold."
    )
    background: tuple[int, int, int] = Field(
        (255, 255, 255), description="Red, green, blue (0 to 255) behind flattened transparency."
    )
    upsample: bool = Field(
        False,
        description="Whether enlarged pictures are tolerated; the manifest must ask for it as well.",
    )
    exif_required: tuple[str, ...] = Field(
        (), description="EXIF entries that the master must have, as in Make and Model."
    )
    camera: bool = Field(
        False,
        description="The camera's make and model stay in the EXIF of what is sent, for the channel looks at them.",
    )
    extension_matches: bool = Field(
        False, description="The name's extension must tell the true format of the master."
    )
    dpi: int = 300
    evidence: Evidence | None = None


class Releases(RowData):
    """What happens to releases: nothing, a flag that one exists, or the file goes along.

    ``pattern`` is what the name of a release file, without its extension, must match as a whole. ``folder``
    is where the file goes with the upload, so that the manifest must name it; without one a person attaches
    it in the portal.
    """

    mode: Literal["none", "flag", "upload"] = "none"
    pattern: str = ""
    folder: str = ""
    evidence: Evidence


class Preservation(RowData):
    """Marks inside the file: which must survive, whether the channel strips them, and what comes last.

    ``keep`` are XMP properties such as Iptc4xmpExt:DigitalSourceType, never taken out of a rendition. With
    ``strip`` the channel delivers files without them, so that a declaration inside the file is none there.
    ``c2pa`` is "last" where a signature must be the last thing that is written, "drop" where an edited file
    must not carry a broken one.
    """

    keep: tuple[str, ...] = ()
    strip: bool | None = Field(None, description="None: nobody knows.")
    c2pa: Literal["last", "drop"] = "drop"
    evidence: Evidence
