"""How an item is sold: its variants with their base prices, a sale, and royalties of made products.

The same words serve a manifest and the price rules of ``publisher.toml``. Amounts are decimal, in the unit of
their currency; shares are per cent. What an account gets in the end is the work of ``publisher.pricing``.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from publisher.manifest.currencies import NO_CURRENCY, Currency
from publisher.manifest.refusal import lacking, refused, refused_value
from publisher.manifest.spellings import exact, moment, percent

Identifier = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"),
    Field(description="Letters, digits, dot, dash and underscore; at most 100 characters."),
]
Text = Annotated[str, StringConstraints(strip_whitespace=True)]
Price = Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=4), BeforeValidator(exact)]
Amount = Annotated[Decimal, Field(gt=0, max_digits=12, decimal_places=4), BeforeValidator(exact)]
Part = Annotated[
    Decimal, Field(gt=0, lt=100, max_digits=7, decimal_places=4), BeforeValidator(percent)
]
"""A part that is taken off, in per cent: something, and never all of it."""
Share = Annotated[
    Decimal, Field(gt=0, le=1000, max_digits=8, decimal_places=4), BeforeValidator(percent)
]
"""A share in per cent that may be more than the whole, such as a markup of 150 %."""
Moment = Annotated[dt.datetime, BeforeValidator(moment)]
ProductClass = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,49}$")]
"""A class of products that a print-on-demand site makes, such as ``art-print``."""


class _Model(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, str_strip_whitespace=True, populate_by_name=True
    )


class Product(str, Enum):
    """What an offer sells: a download or licence, or a thing that is made and sent."""

    DIGITAL = "digital"
    PHYSICAL = "physical"


class Sale(_Model):
    """A lower price for a while: from the first moment on, and no longer at the last one.

    Either ``percent`` or ``amount`` (in the currency of the price that is lowered) is taken off.
    """

    from_: Annotated[Moment, Field(alias="from", description="First moment, with time zone.")]
    until: Annotated[Moment, Field(description="Moment at which it is over, with time zone.")]
    percent: Part | None = Field(None, description="Per cent taken off.")
    amount: Amount | None = Field(None, description="Amount taken off.")

    @model_validator(mode="after")
    def _one_way(self) -> Sale:
        if (self.percent is None) == (self.amount is None):
            raise refused("a sale takes off either per cent or an amount", "write one of both")
        if self.from_ >= self.until:
            raise refused("the sale is over before it begins", "'from' must be before 'until'")
        return self

    def in_force(self, at: dt.datetime) -> bool:
        """Whether the lower price holds at the moment."""
        return self.from_ <= at < self.until


class Variant(_Model):
    """One way to buy an item: a licence or a print size. Prices are in the offer's currency.

    ``compare_at`` is the price that is shown struck through; a sale in force puts the usual price there.
    """

    id: Identifier
    title: Text
    price: Price
    compare_at: Amount | None = Field(
        None, description="A higher price that is shown struck through; a sale sets it by itself."
    )

    @field_validator("compare_at")
    @classmethod
    def _above_the_price(cls, value: Decimal | None, info: ValidationInfo) -> Decimal | None:
        price = info.data.get("price")
        if value is not None and price is not None and value <= price:
            raise refused_value("is not above the price", "leave compare_at out")
        return value


def _either(schema: dict[str, Any]) -> None:
    schema["anyOf"] = [{"required": ["currency", "variants"]}, {"required": ["royalties"]}]


class Offer(_Model):
    """How an item is sold: variants with prices in a shop, royalties where products are made of it, or both."""

    royalties: dict[ProductClass, Share] = Field(
        default_factory=dict,
        description="Per cent by class of product, for sites that make products of the picture.",
    )
    variants: tuple[Variant, ...] = Field((), validate_default=True)
    currency: Currency = Field(NO_CURRENCY, validate_default=True)
    product: Product | None = Field(None, description="Whether a download or a thing is sold.")
    sale: Sale | None = Field(None, description="A lower price for a while.")

    model_config = ConfigDict(json_schema_extra=_either)

    @field_validator("variants")
    @classmethod
    def _something_is_sold(
        cls, value: tuple[Variant, ...], info: ValidationInfo
    ) -> tuple[Variant, ...]:
        if not value and not info.data.get("royalties", True):
            raise lacking()
        return value

    @field_validator("currency")
    @classmethod
    def _in_some_currency(cls, value: str, info: ValidationInfo) -> str:
        priced = info.data.get("variants", True) or not info.data.get("royalties", True)
        if value == NO_CURRENCY and priced:
            raise lacking()
        return value
