"""Create-a-Product links and RealView previews of Zazzle, made from ids and a public picture. Pure.

A link makes a product for whoever follows it; nothing appears in a store. Format: Zazzle's Create-a-Product user
guide 3.0 (2019-09). Ids, names, encodings and the declared host are checked here, for the site answers errors
inside a page that says 200.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode, urlsplit

CREATE = "https://www.zazzle.com/api/create/at-{account}"
PREVIEW = "https://rlv.zazzle.com/svc/view"
PREVIEW_SIDE = 600
"""Above 699 pixels the service adds a branded frame."""

_NAME = re.compile(r"[A-Za-z0-9_]{1,100}")
_OBJECT = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,49}")


@dataclass(frozen=True, slots=True)
class Seller:
    """Who the links are of. ``hosts`` are the domains that were declared to Zazzle."""

    account: str
    associate: str
    hosts: tuple[str, ...]

    def problems(self) -> list[str]:
        """What is wrong with the ids and hosts."""
        found = []
        for name, value in (("account_id", self.account), ("associate_id", self.associate)):
            if not re.fullmatch(r"\d{18}", value):
                found.append(f"{name} is a number of 18 digits, and {value!r} is none")
        bad = [h for h in self.hosts if not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", h)]
        if bad or not self.hosts:
            found.append("hosts lists the declared domains without scheme, as in cdn.example.com")
        return found


@dataclass(frozen=True, slots=True)
class Design:
    """What goes into a template: one picture, and texts by the names of the template's objects."""

    picture: str
    code: str
    object: str = "image1"
    texts: Mapping[str, str] = field(default_factory=dict)

    def problems(self, hosts: Sequence[str]) -> list[str]:
        """What the site would refuse without saying so."""
        found = [*_address_problems(self.picture, hosts)]
        if not _NAME.fullmatch(self.code):
            found.append(f"the code {self.code!r} may have letters, digits and _ only, at most 100")
        found += [
            f"the object {name!r} begins with a letter and has letters, digits and _ only"
            for name in (self.object, *self.texts)
            if not _OBJECT.fullmatch(name)
        ]
        return found


def _address_problems(url: str, hosts: Sequence[str]) -> list[str]:
    parts = urlsplit(url)
    found = []
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return [f"{url!r} is not a public address of a picture"]
    host = parts.hostname.lower()
    if not any(host == h or host.endswith(f".{h}") for h in hosts):
        found.append(f"{host} was not declared to Zazzle: its pictures would not load")
    if parts.username or parts.password:
        found.append("the address of the picture holds a login")
    if re.search(r"[^\x21-\x7e]", url):
        found.append("the address of the picture has spaces or signs that must be encoded first")
    return found


def template_problem(template: str) -> str:
    """What is wrong with the id of a template product, or nothing."""
    return "" if re.fullmatch(r"\d{15,19}", template) else f"{template!r} is no id of a product"


def create_link(seller: Seller, template: str, design: Design, *, edit: bool = True) -> str:
    """A link that puts the design on a template product. The suffix is ``_iid`` here, and ``pd`` the product."""
    values = {
        "rf": seller.associate,
        "ax": "Linkover",
        "pd": template,
        "ed": "true" if edit else "false",
        "tc": design.code,
        "ic": design.code,
        f"t_{design.object}_iid": design.picture,
        **{f"t_{name}_txt": text for name, text in sorted(design.texts.items())},
    }
    return f"{CREATE.format(account=seller.account)}?{urlencode(values, quote_via=quote, safe='')}"


def buffet_link(seller: Seller, store: str, category: str, design: Design) -> str:
    """A link that shows the design on every template of a store's category."""
    values = {
        "rf": seller.associate,
        "ax": "DesignBlast",
        "sr": store,
        "cg": category,
        "tc": design.code,
        "ic": design.code,
        f"t_{design.object}_iid": design.picture,
    }
    return f"{CREATE.format(account=seller.account)}?{urlencode(values, quote_via=quote, safe='')}"


def preview_link(seller: Seller, template: str, design: Design, side: int = PREVIEW_SIDE) -> str:
    """A picture of the product with the design. The suffix is ``_url`` here, and ``pid`` the product."""
    if not 10 <= side <= 2212:
        raise ValueError("a preview is 10 to 2212 pixels long")
    values = {
        "pid": template,
        "at": seller.account,
        "max_dim": str(side),
        f"t_{design.object}_url": design.picture,
        **{f"t_{name}_txt": text for name, text in sorted(design.texts.items())},
    }
    return f"{PREVIEW}?{urlencode(values, quote_via=quote, safe='')}"
