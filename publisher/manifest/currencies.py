"""The currencies that prices may be in, and how many decimals each of them has. Data only.

Source: ISO 4217, list one (current currencies and funds), as its maintenance agency SIX published it on
2026-01-01. Not CLDR: that gives currencies such as IQD the decimals that people write, not those that are booked.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from publisher.manifest.refusal import refused_value

NO_CURRENCY = "XXX"
"""ISO 4217's own code for "no currency is involved": an offer that states royalties only."""

_USUAL = 2
_OTHERS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
_TWO = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE "
    "CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD "
    "HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK "
    "MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD "
    "RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH "
    "USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG"
)
DECIMALS: dict[str, int] = {
    **dict.fromkeys(_TWO.split(), _USUAL),
    **{code: digits for digits, codes in _OTHERS.items() for code in codes.split()},
}
"""Currency → decimals of its smallest unit. Precious metals and test codes are no prices and not in it."""


def _known(code: str) -> str:
    if code not in DECIMALS and code != NO_CURRENCY:
        raise refused_value("is not a currency of ISO 4217")
    return code


Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), AfterValidator(_known)]
"""Three capital letters of ISO 4217."""
