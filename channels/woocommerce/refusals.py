"""What the answers of a shop mean: statuses and WooCommerce's error codes into the one error tree.

Nothing here sends anything. The texts of the shop are quoted in part, its headers and addresses never.
"""

from __future__ import annotations

import email.utils
import json
import re
import time
from dataclasses import dataclass
from typing import Any

from publisher.errors import (
    AuthFailed,
    NeedsHuman,
    OutcomeUnknown,
    PublisherError,
    Rejected,
    SiteChanged,
    Throttled,
    Transient,
)

TAKEN = "product_invalid_sku"
"""Another product has the SKU; ``data.resource_id`` says which."""

NOT_CREATED = "woocommerce_rest_product_not_created"
"""What a SKU in the trash ends in."""

NO_PRODUCT = "woocommerce_rest_product_invalid_id"
TOO_LARGE = 413
USUAL_PAUSE = 30.0
"""Seconds to wait when a busy shop names no time."""

_SECRETS = re.compile(r"((?:oauth|consumer)_\w+)=[^&\s\"'<>]+|\b[cC][ksKS]_[0-9a-zA-Z]{8,}")
_TAGS = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, without its headers. ``total`` and ``pages`` are those of a collection."""

    status: int
    body: bytes
    kind: str = ""
    total: int | None = None
    pages: int | None = None
    retry_after: str = ""
    moved: str = ""

    @property
    def data(self) -> Any:
        """The JSON of the answer; None when it is none. WordPress may put a byte order mark before it."""
        try:
            return json.loads(self.body.decode("utf-8-sig"))
        except ValueError:
            return None

    @property
    def good(self) -> bool:
        """Whether it was taken."""
        return 200 <= self.status < 300

    @property
    def code(self) -> str:
        """The error code, as in ``product_invalid_sku``."""
        return error_code(self.data)

    def accepted(self, what: str) -> Any:
        """The data of a good answer. Raises Rejected with the shop's reason."""
        if not self.good:
            raise refusal(what, self.data, self.status)
        return self.data


def error_code(data: Any) -> str:
    """The ``code`` of an error document, or nothing."""
    return str(data.get("code") or "") if isinstance(data, dict) else ""


def resource_id(data: Any) -> int:
    """The product that is in the way (``data.resource_id``); 0 when none is named."""
    more = data.get("data") if isinstance(data, dict) else None
    found = more.get("resource_id") if isinstance(more, dict) else None
    return int(str(found)) if str(found or "").isdecimal() else 0


def refusal(what: str, data: Any, status: int = 0) -> Rejected:
    """The shop's own words about something that it refused."""
    message = said(data.get("message")) if isinstance(data, dict) else ""
    reason = message or f"HTTP {status}"
    return Rejected(
        f"{what}: the shop refused it: {reason}",
        remedy="correct what the shop names, then push again",
        detail=error_code(data),
    )


def said(message: Any) -> str:
    """A text of the shop in one line, without tags, keys and signatures."""
    plain = " ".join(_TAGS.sub("", str(message or "")).split())
    return _SECRETS.sub("***", plain)[:300]


def checked(answer: Answer, *, writes: bool) -> Answer:
    """The answer if it speaks of the request: taken, or refused for a reason of its own.

    Raises Throttled (429), AuthFailed, NeedsHuman, SiteChanged; 5xx is Transient for a read and
    OutcomeUnknown for a write, because WooCommerce may answer 500 after it has stored the product.
    """
    status, data = answer.status, answer.data
    if status == 429:
        raise Throttled("the shop asks to slow down", after=_pause(answer.retry_after))
    if status in (401, 403):
        raise _closed(data, status)
    if 300 <= status < 400:
        raise SiteChanged(
            f"the shop sends us on to {answer.moved or 'another address'}",
            remedy="set URL to the address under which the shop answers itself",
        )
    if status >= 500:
        raise _troubled(answer, writes=writes)
    if answer.good and data is None:
        if writes:
            raise OutcomeUnknown("the shop answered something that is no JSON", detail=answer.kind)
        raise SiteChanged(
            "the shop's answer is no JSON",
            remedy="see that URL is the shop's address, permalinks are not 'plain' and PHP prints no notices",
            detail=answer.kind,
        )
    if status == 404 and error_code(data) in ("rest_no_route", ""):
        raise NeedsHuman(
            "there is no WooCommerce REST API v3 at this address",
            remedy="set URL to the shop, switch WooCommerce on, and choose permalinks other than 'plain'",
        )
    return answer


def _troubled(answer: Answer, *, writes: bool) -> PublisherError:
    text = f"the shop is in trouble (HTTP {answer.status})"
    if writes:
        return OutcomeUnknown(text, detail=said(answer.data or ""))
    if answer.status == 503:
        return Throttled(text, after=_pause(answer.retry_after))
    return Transient(text, detail=said(answer.data or ""))


def _closed(data: Any, status: int) -> PublisherError:
    code = error_code(data)
    message = said(data.get("message")) if isinstance(data, dict) else ""
    text = f"the shop does not let us in: {message or f'HTTP {status}'}"
    if "permission" in message.lower():
        return NeedsHuman(
            text, remedy="give the REST API key read and write access, under a shop manager's name"
        )
    return AuthFailed(
        text,
        remedy="check CONSUMER_KEY and CONSUMER_SECRET, WP_USERNAME and WP_PASSWORD; over plain http the "
        "shop takes signed requests only, so that a proxy may not change the address",
        detail=code,
    )


def closed_door(detail: str) -> AuthFailed:
    """The certificate of the shop is not one that we trust."""
    return AuthFailed(
        "the certificate of the shop is not trusted",
        remedy="give its authority with TLS_CA_FILE, or turn the check off with VERIFY_SSL=false",
        detail=detail,
    )


def number(text: str | None) -> int | None:
    """A header's whole number."""
    return int(text) if text is not None and text.isdecimal() else None


def _pause(header: str) -> float:
    """Seconds of a Retry-After header, which holds a number or a date; never over an hour."""
    if header.isdecimal():
        return min(float(header), 3600.0)
    try:
        left = email.utils.parsedate_to_datetime(header).timestamp() - time.time()
    except (TypeError, ValueError):
        return USUAL_PAUSE
    return min(max(left, 1.0), 3600.0)
