"""What an answer of the shop means, in the words of the program's errors. Pure.

A refusal comes in three places: the HTTP status, ``errors`` at the top (also for being throttled, with status
200), and ``userErrors`` beside the data. Each is certain to have written nothing, unless it says otherwise here.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any

from channels.shopify.client import Reply
from publisher.errors import (
    AuthFailed,
    Conflict,
    NeedsHuman,
    OutcomeUnknown,
    PublisherError,
    QuotaExhausted,
    Rejected,
    SiteChanged,
    Throttled,
    Transient,
)

PAUSE = 2.0
"""Seconds to wait when the shop asks for a pause and does not say how long."""

_UNCLEAR = ("JOB_ERROR", "GENERIC_ERROR")
"""Codes of ``userErrors`` that speak of a failure there, not of a refusal."""

_TAKEN = ("HANDLE_NOT_UNIQUE", "TAKEN")


class TooDear(Rejected):
    """One request asks for more than the shop answers at a time."""


def body_of(reply: Reply) -> Mapping[str, Any]:
    """The JSON object of an answer; empty when it is none."""
    try:
        body = json.loads(reply.text)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def data_of(
    reply: Reply, body: Mapping[str, Any], *, write: bool, now: dt.datetime
) -> Mapping[str, Any]:
    """The ``data`` of an answer. Raises what the answer means when there is none."""
    if reply.status != 200:
        raise of_status(reply, write=write)
    if errors := body.get("errors"):
        raise of_errors(errors, body.get("extensions"), write=write, now=now)
    data = body.get("data")
    if not isinstance(data, dict):
        raise unclear("the shop's answer cannot be read", write=write)
    return data


def of_status(reply: Reply, *, write: bool) -> PublisherError:
    """What an HTTP status other than 200 means."""
    status = reply.status
    if status == 429 or (status == 503 and not write):
        return Throttled("the shop asks to slow down", after=reply.retry_after or PAUSE)
    if status >= 500:
        return unclear(f"the shop answered {status}", write=write)
    if status == 401:
        return AuthFailed("the shop does not accept the access token", remedy=_LOGIN)
    if status == 403:
        return AuthFailed("the app may not do this in the shop", remedy=_SCOPES)
    if status == 404:
        return AuthFailed(
            "there is no such shop, or it does not know this version of the interface",
            remedy="check the settings SHOP, API_VERSION and BASE_URL of the account",
        )
    if status in (402, 423):
        return NeedsHuman(
            "the shop is frozen or locked", remedy="open the shop's admin and see why"
        )
    return SiteChanged(f"the shop answered {status}")


_LOGIN = "set a new TOKEN, or the CLIENT_ID and CLIENT_SECRET of the shop's app"
_SCOPES = (
    "give the app the scopes read_products, write_products, write_files, read_publications and "
    "write_publications, and install it again"
)


def of_errors(errors: Any, extensions: Any, *, write: bool, now: dt.datetime) -> PublisherError:
    """What ``errors`` at the top of an answer mean."""
    known = [e for e in errors if isinstance(e, dict)] if isinstance(errors, list) else []
    codes = {str((e.get("extensions") or {}).get("code") or "") for e in known}
    told = "; ".join(str(e.get("message") or "") for e in known) or str(errors)
    if "THROTTLED" in codes and _never_fits(extensions):
        return TooDear("the shop finds one request larger than all of its points", detail=told)
    if "THROTTLED" in codes:
        return Throttled("the shop asks to slow down", after=refill(extensions))
    if "VARIANT_THROTTLE_EXCEEDED" in codes:
        return variants_used_up(now)
    if "MAX_COST_EXCEEDED" in codes:
        return TooDear("the shop finds one request too large", detail=told)
    if codes & {"ACCESS_DENIED"}:
        return AuthFailed(f"the app may not do this in the shop: {told}", remedy=_SCOPES)
    if codes & {"SHOP_INACTIVE"}:
        return NeedsHuman("the shop is not active", remedy="open the shop's admin and see why")
    if codes & {"INTERNAL_SERVER_ERROR", "TIMEOUT"}:
        return unclear("the shop stumbled", write=write, detail=told)
    if codes & {"INVALID_VARIABLE", "argumentLiteralsIncompatible", "BAD_REQUEST"}:
        return Rejected(f"Shopify refused it: {told}")
    return SiteChanged(
        f"the shop does not understand the program: {told}",
        remedy="see whether API_VERSION is one that the program supports",
    )


def _never_fits(extensions: Any) -> bool:
    """Whether a request asks for more points than the bucket holds when it is full."""
    try:
        cost = extensions["cost"]
        most = float(cost["throttleStatus"]["maximumAvailable"])
        return bool(most < float(cost["requestedQueryCost"]))
    except (KeyError, TypeError, ValueError):
        return False


def refill(extensions: Any) -> float:
    """Seconds until the request that was throttled fits into the bucket."""
    try:
        cost = extensions["cost"]
        state = cost["throttleStatus"]
        missing = float(cost["requestedQueryCost"]) - float(state["currentlyAvailable"])
        return max(0.1, missing / float(state["restoreRate"]))
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return PAUSE


def variants_used_up(now: dt.datetime) -> QuotaExhausted:
    """A shop with 50,000 variants takes 1,000 new ones a day."""
    tomorrow = dt.datetime.combine(now.date() + dt.timedelta(days=1), dt.time(), now.tzinfo)
    return QuotaExhausted(
        "the shop takes no more new variants today: it has 50,000, and 1,000 a day is its limit",
        until=tomorrow,
    )


def unclear(sentence: str, *, write: bool, detail: str = "") -> PublisherError:
    """What cannot be told: for a read it is only a nuisance."""
    kind = OutcomeUnknown if write else Transient
    return kind(sentence, detail=detail)


def refusal(item: str, errors: Sequence[Mapping[str, Any]]) -> PublisherError | None:
    """The error for ``userErrors``; None when there are none."""
    if not errors:
        return None
    codes = {str(e.get("code") or "") for e in errors}
    told = "; ".join(dict.fromkeys(_in_words(e) for e in errors))
    if codes & set(_UNCLEAR):
        return OutcomeUnknown(f"{item}: the shop stumbled: {told}")
    if codes & set(_TAKEN):
        return Conflict(
            f"{item}: another product of the shop is in its place: {told}",
            remedy="give the item another id, or bind the product with publisher adopt",
        )
    return Rejected(f"Shopify refused {item}: {told}")


def not_there(item: str, errors: Sequence[Mapping[str, Any]]) -> PublisherError | None:
    """The same for a withdrawal, for which it is no error that the product is gone already."""
    codes = {e.get("code") for e in errors}
    return None if codes & {"PRODUCT_DOES_NOT_EXIST", "NOT_FOUND"} else refusal(item, errors)


def _in_words(error: Mapping[str, Any]) -> str:
    path = [p for p in (error.get("field") or ()) if p != "input"]
    words = [str(int(p) + 1) if str(p).isdigit() else str(p) for p in path]
    code = error.get("code")
    text = str(error.get("message") or "no reason given").rstrip(".")
    return f"{' '.join(words)}: {text}".lstrip(": ") + (f" ({code})" if code else "")
