"""ICC profiles of the colour spaces that a row may ask for, beyond the two that the image library brings.

They are built from published primaries and curves, so that no file of somebody else has to be shipped, and
the same bytes come out everywhere. Sources: ICC.1:2001-04 (profile version 2.4), IEC 61966-2-1 (the sRGB
curve), the Adobe RGB (1998) encoding (2005-05). Nothing here opens a picture.
"""

from __future__ import annotations

import functools
import struct

BUILT_IN = {"srgb": "srgb", "display-p3": "p3"}
"""Colour space → name of the profile inside the image library."""

_COPYRIGHT = "No copyright, use freely"
_D50 = (0.9642, 1.0, 0.8249)
# The primaries adapted to D50 (Bradford), as columns: red, green, blue.
_ADOBE_RGB = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
_ADOBE_GAMMA = 2 + 51 / 256
_CURVE_POINTS = 1024


@functools.cache
def icc_profile(color_space: str) -> bytes:
    """The profile of ``adobe-rgb`` or ``grey`` (the curve of sRGB). Raises ``KeyError`` for another one."""
    if color_space == "grey":
        tags = {b"desc": _text_description("Grey with the sRGB curve"), b"kTRC": _srgb_curve()}
        return _profile(b"GRAY", tags)
    if color_space != "adobe-rgb":
        raise KeyError(color_space)
    gamma = b"curv" + struct.pack(">IIH", 0, 1, round(_ADOBE_GAMMA * 256))
    tags = {b"desc": _text_description("Compatible with Adobe RGB (1998)")}
    for name, primary in zip((b"r", b"g", b"b"), _ADOBE_RGB, strict=True):
        tags[name + b"XYZ"] = _xyz(primary)
        tags[name + b"TRC"] = gamma
    return _profile(b"RGB ", tags)


def _profile(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    tags = tags | {b"wtpt": _xyz(_D50), b"cprt": b"text" + bytes(4) + _COPYRIGHT.encode() + b"\0"}
    table, body = b"", b""
    start = 128 + 4 + 12 * len(tags)
    places: dict[bytes, int] = {}
    for name, data in sorted(tags.items()):
        # Equal data is stored once; every tag begins at a multiple of four.
        if data not in places:
            places[data] = start + len(body)
            body += data + bytes(-len(data) % 4)
        table += name + struct.pack(">II", places[data], len(data))
    size = start + len(body)
    header = struct.pack(">I4sI4s4s4s", size, bytes(4), 0x02400000, b"mntr", space, b"XYZ ")
    header += struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + bytes(28)
    header += struct.pack(">3i", *(round(v * 65536) for v in _D50))
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def _xyz(values: tuple[float, float, float]) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(v * 65536) for v in values))


def _text_description(text: str) -> bytes:
    """A ``desc`` tag of version 2: ASCII, and empty places for Unicode and ScriptCode."""
    data = text.encode() + b"\0"
    return b"desc" + bytes(4) + struct.pack(">I", len(data)) + data + bytes(8 + 3 + 67)


def _srgb_curve() -> bytes:
    points = [_linear(n / (_CURVE_POINTS - 1)) for n in range(_CURVE_POINTS)]
    values = struct.pack(f">{_CURVE_POINTS}H", *(round(v * 65535) for v in points))
    return b"curv" + struct.pack(">II", 0, _CURVE_POINTS) + values


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)
