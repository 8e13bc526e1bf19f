"""``publisher channels``: the matrix, and what has to be looked up again on a day."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from typer.testing import CliRunner

from publisher.cli.main import app
from publisher.discovery import known_rows
from publisher.matrix import SOON_DAYS, STALE_DAYS, Why, channel_matrix, newest_day, stale


def run(*arguments: str) -> dict[str, list[dict[str, str]]]:
    result = CliRunner().invoke(app, ["channels", *arguments, "--json"])
    assert result.exit_code == 0, result.output
    document: dict[str, list[dict[str, str]]] = json.loads(result.stdout)
    return document


def test_the_matrix_has_every_channel_with_its_verdicts() -> None:
    rows = {r["channel"]: r for r in run("--as-of", "2026-11-21")["channels"]}
    assert set(rows) == set(known_rows())
    assert (rows["freepik"]["ai"], rows["freepik"]["mechanism"]) == (
        "allow-with-actions",
        "keyword _ai_generated, column Model",
    )
    assert (rows["alamy"]["ai"], rows["alamy"]["mechanism"]) == ("deny", "")
    assert rows["canva"]["ai"] == "hold"
    assert all(r["seen"] and r["source"] and r["mode"] for r in rows.values())


def test_the_matrix_can_be_asked_for_another_day() -> None:
    then = {r["channel"]: r["ai"] for r in channel_matrix(dt.date(2023, 1, 15))}
    assert (then["alamy"], then["freepik"]) == ("allow", "hold")


@pytest.mark.parametrize(
    ("days", "why"), [(0, None), (STALE_DAYS + 1, Why.OLD), (400, Why.EXPIRED)]
)
def test_sources_age(days: int, why: Why | None) -> None:
    found = stale(newest_day() + dt.timedelta(days=days))
    assert {s.why for s in found if s.expires is not None} == ({why} if why else set())
    if why is not None:
        assert {s.channel for s in found} == set(known_rows())


def test_rules_that_end_soon_are_named_in_time() -> None:
    day = dt.date(2027, 11, 20) - dt.timedelta(days=SOON_DAYS)
    found = run("--stale", "--days", "9999", "--as-of", day.isoformat())["stale"]
    assert {s["why"] for s in found} == {"expires soon"}
    assert "rule ai-banned" in {s["place"] for s in found if s["channel"] == "alamy"}
    assert run("--stale", "--days", "9999", "--as-of", "2027-10-20")["stale"] == []


def test_history_is_never_stale() -> None:
    places = {(s.channel, s.place) for s in stale(dt.date(2030, 1, 1))}
    assert ("alamy", "rule ai-accepted-until-2023") not in places
    assert ("alamy", "limits.keywords") in places
