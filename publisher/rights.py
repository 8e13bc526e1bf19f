"""What assets say of their rights, releases and places, by the fields of ``Metadata``; and what they clear.

Pure. A fact that is not stated stays empty, and a release is never claimed that nobody has signed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TypedDict

from publisher.manifest.model import Asset, Depicted, Licensor, Location
from publisher.manifest.spellings import DataMining

_MINING: Mapping[DataMining, str] = MappingProxyType(
    {
        DataMining.UNSPECIFIED: "DMI-UNSPECIFIED",
        DataMining.ALLOWED: "DMI-ALLOWED",
        DataMining.NO_TRAINING: "DMI-PROHIBITED-AIMLTRAINING",
        DataMining.NO_GENERATIVE_TRAINING: "DMI-PROHIBITED-GENAIMLTRAINING",
        DataMining.ONLY_SEARCH: "DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING",
        DataMining.PROHIBITED: "DMI-PROHIBITED",
    }
)
"""PLUS LDF, vocabulary of the property Data Mining."""

_MINED = {code: word for word, code in _MINING.items()}
_FIELDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "title": ("title",),
        "description": ("description",),
        "keywords": ("keywords",),
        "creator": ("creator",),
        "copyright": ("copyright",),
        "credit": ("credit",),
        "created": ("date_created",),
        "country": ("country",),
        "licensor": ("licensor_name", "licensor_url", "licensor_email"),
        "rights_url": ("rights_url",),
        "usage_terms": ("usage_terms",),
        "data_mining": ("data_mining",),
        "location": ("city", "state", "sublocation"),
    }
)
"""Fields of the manifest, and those of ``Metadata`` that they become."""


class Rights(TypedDict):
    """Fields of ``Metadata``; empty where nothing is stated."""

    licensor_name: str
    licensor_url: str
    licensor_email: str
    rights_url: str
    usage_terms: str
    data_mining: str
    city: str
    state: str
    sublocation: str
    model_release: str
    property_release: str


def rights_of(assets: Sequence[Asset]) -> Rights:
    """What all of ``assets`` share of their rights, releases and places; there must be one at least."""
    first, *others = [_one(asset) for asset in assets]
    for name in Rights.__annotations__:
        if any(other[name] != first[name] for other in others):  # type: ignore[literal-required]
            first[name] = ""  # type: ignore[literal-required]
    return first


def _one(asset: Asset) -> Rights:
    licensor = asset.licensor or Licensor()
    location = asset.location or Location()
    return {
        "licensor_name": licensor.name or "",
        "licensor_url": licensor.url or "",
        "licensor_email": licensor.email or "",
        "rights_url": asset.rights_url or "",
        "usage_terms": asset.usage_terms or "",
        "data_mining": _MINING[asset.data_mining] if asset.data_mining else "",
        "city": location.city or "",
        "state": location.state or "",
        "sublocation": location.place or "",
        "model_release": _release("MR", "model", asset.depicts.people, asset),
        "property_release": _release("PR", "property", asset.depicts.property, asset),
    }


def _release(prefix: str, kind: str, shown: Depicted | None, asset: Asset) -> str:
    """The PLUS status: not applicable, or none. Whether signed ones cover everybody is not ours to say."""
    if shown in (Depicted.NONE, Depicted.FICTIONAL):
        return f"{prefix}-NAP"
    if shown is Depicted.REAL and not any(r.kind == kind for r in asset.releases):
        return f"{prefix}-NON"
    return ""


def mining_said(code: str) -> DataMining | None:
    """The manifest's word for a code of the PLUS vocabulary, with or without its address; None for others."""
    return _MINED.get(code.rpartition("/")[2])


def cleared_by(assets: Sequence[Asset]) -> tuple[str, ...]:
    """The fields of ``Metadata`` that an asset clears with a null, so that a master's own words stay out too."""
    found = {
        name
        for asset in assets
        for field, names in _FIELDS.items()
        if field in asset.model_fields_set and not getattr(asset, field)
        for name in names
    }
    return tuple(sorted(found))


__all__ = ["Rights", "cleared_by", "mining_said", "rights_of"]
