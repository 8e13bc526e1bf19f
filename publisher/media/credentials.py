"""Content credentials (C2PA) that a file carries: whether there are any, and what they say when asked.

Finding them needs nothing but the container; reading them needs the optional package ``c2pa-python``. Reading is
offline: no remote manifest, certificate status or time stamp is fetched. Foreign files are only ever read
in a worker process. Source: C2PA specification 2.1, sections 8, A.3 and A.5.
"""

from __future__ import annotations

import dataclasses
import json
import struct
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO

from publisher.errors import ConfigError, Rejected
from publisher.media.metadata.ifd import read_directory, read_header
from publisher.media.metadata.packets import DAMAGE
from publisher.media.metadata.read import sniff

_TIFF_TAG = 52545
_BLOCKS_MAX = 4096
_OFFLINE: Mapping[str, Any] = MappingProxyType(
    {
        "version": 1,
        "builder": {"thumbnail": {"enabled": False}},
        "verify": {
            "verify_trust": False,
            # Whoever signs reads the file back; the library would do it a second time.
            "verify_after_sign": False,
            "remote_manifest_fetch": False,
            "ocsp_fetch": False,
            "verify_timestamp_trust": False,
        },
    }
)


@dataclasses.dataclass(frozen=True, slots=True)
class Credentials:
    """What the active manifest of a file says. ``state`` is ``valid``, ``trusted`` or ``invalid``.

    ``problems`` are C2PA status codes such as ``assertion.dataHash.mismatch``. Valid means unbroken; who signed
    is another question, which only a list of trusted certificates answers.
    """

    state: str
    signer: str = ""
    generator: str = ""
    digital_source_type: str = ""
    actions: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    private: bool = False
    """Whether any manifest of the file says more than how the picture came to be: prompts, cameras, places."""


def carries_credentials(path: Path) -> bool:
    """Whether a C2PA manifest is embedded in the file; False for anything damaged. Raises ``OSError``."""
    with path.open("rb") as file:
        search = _SEARCHES.get(sniff(file))
        try:
            return search is not None and search(file)
        except DAMAGE:
            return False


def read_credentials(path: Path, *, anchors: str = "") -> Credentials | None:
    """What the file's credentials say; None when there are none. ``anchors`` are PEM certificates to trust.

    Raises ``ConfigError`` without the package, ``Rejected`` for a file that it cannot read. Meant for a worker.
    """
    c2pa = library()
    try:
        with path.open("rb") as file:
            container = sniff(file)
            file.seek(0)
            if container not in MEDIA_TYPES:
                return None
            context = c2pa.Context.from_dict(offline(anchors))
            reader = c2pa.Reader.try_create(MEDIA_TYPES[container], file, context=context)
            if reader is None:
                return None
            with reader:
                return _told(
                    reader.get_validation_state(),
                    reader.get_active_manifest() or {},
                    reader.get_validation_results() or {},
                    json.loads(reader.json()).get("manifests") or {},
                )
    except c2pa.C2paError as error:
        raise Rejected(
            f"{path.name}: its content credentials cannot be read.", detail=str(error)[:500]
        ) from error


def library() -> Any:
    """The module of the package ``c2pa-python``. Raises ``ConfigError`` when it is not installed."""
    try:
        import c2pa
    except (ImportError, OSError) as error:
        raise ConfigError(
            "Content credentials need a package that is not installed.",
            remedy="pip install 'storefront-publisher[c2pa]'",
            detail=repr(error),
        ) from error
    return c2pa


def offline(anchors: str = "") -> dict[str, Any]:
    """Settings of the library that let it fetch nothing, whatever a manifest asks for."""
    settings = json.loads(json.dumps(dict(_OFFLINE)))
    if anchors:
        settings["trust"] = {"trust_anchors": anchors}
        settings["verify"]["verify_trust"] = True
    return dict(settings)


MEDIA_TYPES: Mapping[str, str] = MappingProxyType(
    {"jpeg": "image/jpeg", "png": "image/png", "tiff": "image/tiff", "webp": "image/webp"}
)
"""How the library calls our containers."""


def _told(
    state: str | None,
    manifest: Mapping[str, Any],
    results: Mapping[str, Any],
    every: Mapping[str, Mapping[str, Any]],
) -> Credentials:
    actions = [
        action
        for assertion in manifest.get("assertions") or ()
        if str(assertion.get("label", "")).startswith("c2pa.actions")
        for action in (assertion.get("data") or {}).get("actions") or ()
    ]
    signed = manifest.get("signature_info") or {}
    generators = manifest.get("claim_generator_info") or [{}]
    active = results.get("activeManifest") or {}
    # A certificate that nobody listed is no damage; it is what "valid" and not "trusted" means.
    failures = [str(f.get("code", "")) for f in active.get("failure") or ()]
    return Credentials(
        state=(state or "invalid").lower(),
        signer=_short(signed.get("common_name") or signed.get("issuer")),
        generator=_short(generators[0].get("name") or manifest.get("claim_generator")),
        digital_source_type=_short(
            next((a["digitalSourceType"] for a in actions if a.get("digitalSourceType")), "")
        ),
        actions=tuple(_short(a.get("action")) for a in actions[:20]),
        problems=tuple(f for f in failures if f != "signingCredential.untrusted")[:20],
        private=any(
            _says_more(assertion)
            for each in every.values()
            for assertion in each.get("assertions") or ()
        ),
    )


_PLAIN = ("c2pa.hash", "c2pa.ingredient", "c2pa.soft-binding", "c2pa.training-mining",
          "cawg.training-mining")  # fmt: skip
_PLAIN_ACTION = frozenset(
    {"action", "when", "digitalSourceType", "softwareAgent", "softwareAgentIndex", "parameters"}
)
_PLAIN_PARAMETER = frozenset({"ingredient", "ingredients", "ingredientIds"})


def _says_more(assertion: Mapping[str, Any]) -> bool:
    """Whether an assertion may hold what a seller did not ask to publish; what is not known may."""
    label, data = str(assertion.get("label", "")), assertion.get("data")
    if label.startswith(_PLAIN):
        return False
    if not label.startswith("c2pa.actions") or not isinstance(data, Mapping):
        return True
    actions = [a for a in data.get("actions") or () if isinstance(a, Mapping)]
    return any(
        a.keys() - _PLAIN_ACTION or (a.get("parameters") or {}).keys() - _PLAIN_PARAMETER
        for a in actions
    )


def _short(value: object) -> str:
    """Foreign text, bounded and printable."""
    return "".join(c for c in str(value or "")[:200] if c.isprintable())


def _in_jpeg(file: BinaryIO) -> bool:
    at = 2
    for _ in range(_BLOCKS_MAX):
        file.seek(at)
        first, marker, length = struct.unpack(">BBH", file.read(4))
        if first != 0xFF or marker in (0xD9, 0xDA):
            return False
        if marker == 0xFF:
            at += 1
            continue
        if marker == 0xEB and (body := file.read(64)).startswith(b"JP") and b"c2pa" in body:
            return True
        at += 2 + max(length, 2)
    return False


def _in_png(file: BinaryIO) -> bool:
    at = 8
    for _ in range(_BLOCKS_MAX):
        file.seek(at)
        length, name = struct.unpack(">I4s", file.read(8))
        if name in (b"caBX", b"IEND"):
            return bool(name == b"caBX")
        at += 12 + length
    return False


def _in_webp(file: BinaryIO) -> bool:
    at = 12
    for _ in range(_BLOCKS_MAX):
        file.seek(at)
        if len(head := file.read(8)) < 8:
            return False
        if head[:4] == b"C2PA":
            return True
        at += 8 + (int.from_bytes(head[4:], "little") + 1) // 2 * 2
    return False


def _in_tiff(file: BinaryIO) -> bool:
    layout, offset = read_header(file)
    return read_directory(file, layout, offset).find(_TIFF_TAG) is not None


_SEARCHES = MappingProxyType({"jpeg": _in_jpeg, "png": _in_png, "tiff": _in_tiff, "webp": _in_webp})
