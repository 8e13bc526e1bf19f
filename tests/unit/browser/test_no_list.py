"""A site that shows no list of its works: what cannot be read is said so, and never taken for what is not there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from channels.browser.attempts import Attempt
from channels.browser.session import BrowserSession
from channels.browser.settings import BrowserSettings
from publisher.channel import Context
from publisher.discovery import load_row
from publisher.errors import Unsupported
from publisher.listing import Remote
from publisher.readonly import ReadOnlySession
from publisher.row import Verb

AT = dt.datetime(2026, 11, 26, tzinfo=dt.UTC)
READS: dict[Verb, Callable[[Any], object]] = {
    Verb.FIND: lambda session: session.find("dunes"),
    Verb.LIST: lambda session: list(session.list()),
    Verb.STATUS: lambda session: session.status(Remote("31000001", "dunes")),
}


@pytest.mark.parametrize("noted", [False, True], ids=["never-submitted", "submitted"])
@pytest.mark.parametrize("verb", READS, ids=lambda verb: verb.value)
def test_what_cannot_be_read_is_said_in_the_words_of_the_row(
    tmp_path: Path, verb: Verb, noted: bool
) -> None:
    row = load_row("society6")
    context = Context(
        account="society6",
        row=row,
        settings=BrowserSettings(executable="/nowhere"),
        release="r",
        project=tmp_path,
        outbox=tmp_path / "outbox",
        now=lambda: AT,
        render=lambda name, variables: name,
        state=tmp_path / "state",
    )
    session = BrowserSession(context)
    if noted:
        session.attempts.write(
            Attempt("dunes", "Dunes", "dunes.jpg", AT.isoformat(), "society6 2", "0" * 64)
        )
    for reader in (session, ReadOnlySession(session)):
        with pytest.raises(Unsupported) as caught:
            READS[verb](reader)
        assert caught.value.sentence == row.cannot[verb]
