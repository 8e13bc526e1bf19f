"""Keys, signatures and passwords appear nowhere: not in a log, an error, a receipt, or what the ledger keeps."""

from __future__ import annotations

import logging
import traceback
from urllib.parse import quote

import pytest
from shopfront import Shopfront, listing

from publisher.errors import PublisherError

FAULTS = (
    "wrong_credentials",
    "read_only_key",
    "refuse_429",
    "refuse_500",
    "media_500",
    "drop_before_commit",
    "drop_after_commit",
    "created_500",
    "wrong_price",
    "wrong_total",
)


def _secrets(front: Shopfront) -> list[str]:
    names = ("CONSUMER_KEY", "CONSUMER_SECRET", "WP_PASSWORD")
    found = [front.settings[n] for n in names]
    return [*found, *(quote(s, safe="") for s in found), "oauth_signature", "Authorization"]


def _told(error: BaseException | None) -> str:
    if error is None:
        return ""
    parts = [str(error), repr(error), *traceback.format_exception(error)]
    if isinstance(error, PublisherError):
        parts += [error.sentence, error.remedy, error.detail]
    return "\n".join(parts)


def _everything(front: Shopfront) -> str:
    """Every call of a session with what it says, whether it works or not."""
    made = listing("s1")
    session = front.session()
    said = [repr(session), repr(session.context), repr(front.configured())]
    calls = (
        session.check,
        lambda: front.created(made, session=session),
        lambda: session.find("s1"),
        lambda: list(session.list()),
        lambda: front.batch(front.write(listing("s2")), front.write(listing("s3"))),
    )
    for call in calls:
        try:
            said.append(repr(call()))
        except PublisherError as error:
            said.append(_told(error))
    return "\n".join(said)


@pytest.mark.parametrize("fault", ["", *FAULTS])
def test_a_secret_is_said_by_nobody(
    either: Shopfront, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    if fault:
        either.box.fault(fault)
    said = _everything(either) + caplog.text
    for secret in _secrets(either):
        assert secret not in said
    kept = "".join(p.read_text("utf-8") for p in either.box.folder.glob("books.jsonl"))
    assert either.settings["CONSUMER_SECRET"] not in kept


def test_a_shop_that_repeats_the_address_in_its_message_is_not_quoted(front: Shopfront) -> None:
    from channels.woocommerce.refusals import said

    key = front.settings["CONSUMER_KEY"]
    text = f"Bad signature for <b>/x?oauth_consumer_key={key}&oauth_signature=abc%3D</b> of {key}"
    assert said(text) == "Bad signature for /x?***&*** of ***"


def test_a_shop_that_sends_us_on_is_named_without_its_query() -> None:
    from channels.woocommerce.refusals import Answer, checked
    from publisher.errors import SiteChanged

    with pytest.raises(SiteChanged) as caught:
        checked(Answer(301, b"", moved="https://www.shop.example/wp-json"), writes=True)
    assert "www.shop.example" in caught.value.sentence and "URL" in caught.value.remedy
