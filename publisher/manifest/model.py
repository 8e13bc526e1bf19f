"""The manifest's schema (pydantic v2), the same for YAML, JSON, JSONL and CSV.

It states what a seller may write and nothing else: unknown keys are errors. It never opens a file; line
numbers, defaults and cross checks are the loader's work. Absent, null and a value are three different
things (``model_fields_set`` tells them apart): not ours to manage, clear it, make it so.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
)

from publisher.manifest.offer import Identifier as Identifier
from publisher.manifest.offer import Offer as Offer
from publisher.manifest.offer import Part, Text
from publisher.manifest.offer import Product as Product
from publisher.manifest.offer import Sale as Sale
from publisher.manifest.offer import Variant as Variant
from publisher.manifest.refusal import refused_value
from publisher.manifest.spellings import DataMining, day, whole

Day = Annotated[dt.date, BeforeValidator(day)]
Category = Annotated[int | Text, BeforeValidator(whole)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class ProvenanceClass(str, Enum):
    """How the image came to be. The IPTC digital source type is derived from it."""

    HUMAN = "human"
    AI_EDITED = "ai-edited"
    AI_GENERATED = "ai-generated"


class Depicted(str, Enum):
    """Whether a subject is absent, invented, or real and recognisable."""

    NONE = "none"
    FICTIONAL = "fictional"
    REAL = "real"


class Style(str, Enum):
    """What the picture looks like, whatever made it."""

    PHOTO = "photo"
    ILLUSTRATION = "illustration"
    RENDER = "3d"
    VECTOR = "vector"


class Edit(str, Enum):
    """A kind of edit that a generative tool made on an image."""

    RETOUCH = "retouch"
    """Dust, noise, blemishes: nothing new is seen."""
    BACKGROUND = "background"
    ELEMENTS = "elements"
    """Something was added or taken away beside the main subject."""
    SUBJECT = "subject"
    """The main subject was made or changed."""


_STYLE_SPELLINGS = {
    "photo-real": "photo",
    "photoreal": "photo",
    "photorealistic": "photo",
    "photograph": "photo",
    "3d-render": "3d",
    "3d render": "3d",
    "render": "3d",
}


def _style(value: Any) -> Any:
    return _STYLE_SPELLINGS.get(value.strip().lower(), value) if isinstance(value, str) else value


class Provenance(_Model):
    """Who or what made the image, and under which rights."""

    class_: Annotated[ProvenanceClass, Field(alias="class")]
    system: Text | None = Field(None, description="Generator, as in 'Midjourney'.")
    version: Text | None = Field(None, description="Version of the generator.")
    plan: Text | None = Field(None, description="Plan of the generator account: free, basic, pro.")
    rights: Literal["commercial", "personal", "unknown"] | None = None
    licence_note: Text | None = None
    prompt: Text | None = None
    negative_prompt: Text | None = None
    prompt_writer: Text | None = None
    edit_share: float | None = Field(
        None, ge=0, le=1, description="Share of pixels that generative tools changed, 0 to 1."
    )
    edits: tuple[Edit, ...] | None = Field(
        None, description="What generative tools edited: retouch, background, elements, subject."
    )
    edit_note: Text | None = Field(None, description="The human and the generative part, in words.")

    model_config = ConfigDict(
        extra="forbid", frozen=True, str_strip_whitespace=True, populate_by_name=True
    )


class Depicts(_Model):
    """What can be recognised in the picture. An absent entry is an unknown fact, never a no."""

    people: Depicted | None = None
    property: Depicted | None = None
    places: Depicted | None = None
    brands: Literal["none"] | tuple[Text, ...] | None = None
    text: bool | None = None
    news_event: bool | None = None


class Editorial(_Model):
    """An editorial picture: where and when it was taken."""

    city: Text | None = None
    country: Text | None = None
    date: Day | None = None


class Release(_Model):
    """A signed model or property release."""

    kind: Literal["model", "property"]
    name: Text
    file: Text | None = None


class Promise(_Model):
    """An exclusivity promise that was made for an image, or its delivery to one buyer.

    ``to`` is an account, a channel or any other name. A promise lets the image go there and nowhere else; a
    delivery lets it go nowhere else at all. ``since`` and ``until`` are its first and last day.
    """

    to: Text
    scope: Literal["image", "portfolio"] = "image"
    until: Day | None = None
    prints_excepted: bool = False
    since: Day | None = None
    kind: Literal["promise", "delivery"] = "promise"


class Licensor(_Model):
    """Who grants licences; image searches show the address beside the picture."""

    name: Text | None = None
    url: Text | None = Field(None, description="Where a licence can be had.")
    email: Text | None = None


class Location(_Model):
    """Where the picture was made or what it shows; the country is a field of its own."""

    city: Text | None = None
    state: Text | None = Field(None, description="State or province.")
    place: Text | None = Field(None, description="A place within the city.")


class LicensedTerm(_Model):
    """A name that the seller may use although channels forbid names of its kind."""

    term: Text
    reason: Annotated[str, StringConstraints(min_length=3, strip_whitespace=True)]
    until: Day | None = None


_PRODUCTS = (
    "Classes of products that are printed with it, where a site asks: prints, stickers, mugs."
)
_APPROVE = "Accounts where what cannot be taken back may be done with this item."


class Override(_Model):
    """What one account gets instead of the common text. An override always wins."""

    publish: bool | None = None
    title: Text | None = None
    description: Text | None = None
    keywords: tuple[Text, ...] | None = None
    category: Category | None = None
    categories: tuple[Category, ...] | None = None
    offer: Offer | None = None
    fields: dict[str, str | None] | None = Field(
        None, description="Further columns or fields of the channel, by the channel's own name."
    )
    products: tuple[Text, ...] | None = Field(None, description=_PRODUCTS)
    upsample: bool | None = Field(
        None,
        description="Enlarge a small picture to the channel's minimum, where the channel tolerates it.",
    )


class Asset(_Model):
    """One image work: master file, text, provenance and what it depicts."""

    id: Identifier
    file: Text = Field(description="Path of the master inside the project.")
    title: Text | None = None
    description: Text | None = None
    keywords: tuple[Text, ...] = ()
    creator: Text | None = None
    copyright: Text | None = None
    credit: Text | None = None
    licensor: Licensor | None = None
    rights_url: Text | None = Field(None, description="Address of the statement of rights.")
    usage_terms: Text | None = Field(None, description="Under which terms the picture may be used.")
    data_mining: DataMining | None = None
    location: Location | None = None
    provenance: Provenance | None = None
    style: Annotated[Style | None, BeforeValidator(_style)] = None
    depicts: Depicts = Depicts()
    editorial: bool | Editorial = False
    mature: bool | None = None
    categories: tuple[Text, ...] = ()
    series: Text | None = Field(None, description="Motif that several variants share.")
    releases: tuple[Release, ...] = ()
    exclusivity: tuple[Promise, ...] = ()
    licensed_terms: tuple[LicensedTerm, ...] = ()
    approve: tuple[Text, ...] = Field((), description=_APPROVE)
    created: Day | None = None
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] | None = None
    products: tuple[Text, ...] | None = Field(None, description=_PRODUCTS)
    offer: Offer | None = None
    channels: dict[str, Override] = Field(default_factory=dict)


class Bundle(_Model):
    """A named set of assets that is sold as one download."""

    id: Identifier
    title: Text
    description: Text | None = None
    keywords: tuple[Text, ...] = ()
    assets: Annotated[tuple[Identifier, ...], Field(min_length=1)]
    content: Literal["masters", "renditions"] = "masters"
    licence: Text | None = Field(
        None, description="Name of the licence; the default is 'standard'."
    )
    approve: tuple[Text, ...] = Field((), description=_APPROVE)
    offer: Offer | None = None
    discount: Part | None = Field(
        None, description="Per cent off the sum of its assets' prices, when it has no offer."
    )
    channels: dict[str, Override] = Field(default_factory=dict)

    @field_validator("discount")
    @classmethod
    def _instead_of_an_offer(cls, value: Decimal | None, info: ValidationInfo) -> Decimal | None:
        if value is not None and info.data.get("offer") is not None:
            raise refused_value("stands beside an offer", "a bundle has either of both")
        return value


class Waiver(_Model):
    """A named exception from one rule, with a reason and an end."""

    item: Identifier
    account: Identifier
    rule: Text
    reason: Annotated[str, StringConstraints(min_length=3, strip_whitespace=True)]
    until: Day


class Defaults(_Model):
    """What every asset inherits unless it says otherwise; mappings are merged key by key."""

    title: Text | None = None
    description: Text | None = None
    keywords: tuple[Text, ...] | None = None
    creator: Text | None = None
    copyright: Text | None = None
    credit: Text | None = None
    licensor: Licensor | None = None
    rights_url: Text | None = Field(None, description="Address of the statement of rights.")
    usage_terms: Text | None = Field(None, description="Under which terms the picture may be used.")
    data_mining: DataMining | None = None
    location: Location | None = None
    provenance: dict[str, Any] | None = None
    style: Annotated[Style | None, BeforeValidator(_style)] = None
    depicts: Depicts | None = None
    editorial: bool | Editorial | None = None
    mature: bool | None = None
    categories: tuple[Text, ...] | None = None
    releases: tuple[Release, ...] | None = None
    created: Day | None = None
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")] | None = None
    products: tuple[Text, ...] | None = Field(None, description=_PRODUCTS)
    offer: Offer | None = None
    channels: dict[str, Override] | None = None


class Manifest(_Model):
    """A release: its name, defaults, assets, bundles and waivers."""

    release: Identifier
    defaults: Defaults = Defaults()
    assets: tuple[Asset, ...] = ()
    bundles: tuple[Bundle, ...] = ()
    waivers: tuple[Waiver, ...] = ()
