"""Every fault of the replicas by name: what the client ends in, and how many works the replica's own books hold."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from channels.browser.replicas.faults import FAULTS, SUBMIT, UPLOAD
from publisher.errors import (
    AuthFailed,
    NeedsHuman,
    OutcomeUnknown,
    PublisherError,
    QuotaExhausted,
    Rejected,
    SiteChanged,
    Transient,
)
from publisher.listing import Status
from tests.outcomes import ended

End = type[PublisherError] | None
rare = pytest.mark.rare

SUBMITS: dict[str, tuple[dict[str, Any], End, int]] = {
    "lost_response": ({}, OutcomeUnknown, 1),
    "slow_submit": ({"seconds": 0.5}, OutcomeUnknown, 1),
    "submit_ignored": ({}, OutcomeUnknown, 0),
    "created_500": ({}, OutcomeUnknown, 1),
    "refused_500": ({}, OutcomeUnknown, 0),
    "odd_success": ({"page": True}, OutcomeUnknown, 1),
    "double_submit": ({}, None, 1),
}
"""Fault of a submit -> how it is switched on, the end, and the works that are there afterwards."""
OFTEN = {"lost_response", "submit_ignored", "created_500"}
"""Faults of a submit that are in every run."""

FORMS: list[tuple[str, dict[str, Any], End]] = [
    ("field_reverts", {}, None),
    ("tick_in_dom_only", {"id": "rightsDeclaration"}, Rejected),
    ("node_replaced", {}, None),
    ("covered", {}, SiteChanged),
    ("button_div", {}, None),
    ("class_disabled", {}, None),
    ("animated", {}, SiteChanged),
    ("duplicate_ids", {}, None),
    ("hashed_classes", {}, None),
    ("localised", {}, None),
    ("language_tabs", {}, None),
    ("renamed", {"map": {"work_title_en": "heading_en"}}, None),
    ("decoy", {}, None),
    ("search_box", {}, None),
    ("lazy_cards", {}, None),
    ("upload_stalls", {}, Transient),
    ("upload_endless", {}, Transient),
    ("upload_silent", {}, Transient),
    ("upload_inert", {}, Transient),
    ("upload_refused", {"text": "The image is too small", "burns": True}, Rejected),
    ("upload_slow", {"seconds": 1}, None),
    ("consent_late", {}, None),
    ("promo", {}, None),
    ("confirm", {}, None),
    ("new_tab", {}, None),
    ("beforeunload", {}, None),
    ("challenge", {"seconds": 1, "times": 1}, None),
    ("challenge", {"seconds": 1, "times": 1, "home": True}, None),
    ("challenge", {"seconds": 1, "times": 2}, None),
    ("challenge_xhr", {}, NeedsHuman),
    ("signed_out", {}, AuthFailed),
    ("two_factor", {}, NeedsHuman),
    ("suspended", {}, NeedsHuman),
    ("maintenance", {}, Transient),
    ("limit_before", {}, QuotaExhausted),
    ("limit_after", {}, QuotaExhausted),
    ("old_tags", {}, None),
    ("chooser", {}, None),
    ("filtered", {"words": ["dunes"]}, None),
    ("progress_percent", {}, None),
    ("help_text", {}, None),
    ("hostile_page", {}, None),
    ("hidden_errors", {}, None),
]
"""Faults before the submit: none of them makes a work unless the end is a success."""
QUICK = {
    "field_reverts", "tick_in_dom_only", "renamed", "upload_refused", "limit_before", "help_text",
    "hostile_page", "suspended", "decoy",
}  # fmt: skip


def test_every_group_has_faults_and_no_other_name_is_taken(staged: Any) -> None:
    stage = staged("redbubble")
    with pytest.raises(ValueError, match="there is no fault 'nonsense'"):
        stage.sandbox.fault("nonsense")
    assert len(set(FAULTS)) == len(FAULTS)
    assert set(SUBMIT) <= set(SUBMITS)
    texts = "".join(p.read_text("utf-8") for p in Path(__file__).parent.glob("test_replica_*.py"))
    assert [name for name in FAULTS if not re.search(rf'"{name}"|\b{name}=', texts)] == []


@pytest.mark.parametrize("site", ["redbubble", pytest.param("stock-portal", marks=rare)])
@pytest.mark.parametrize(
    "fault", [pytest.param(f, marks=() if f in OFTEN else rare) for f in SUBMITS]
)
def test_a_submit_that_ends_badly_is_unknown_and_found_by_its_work(
    staged: Any, site: str, fault: str
) -> None:
    stage = staged(site)
    options, end, works = SUBMITS[fault]
    if site == "stock-portal" and works:
        # Its own list is a proof, and it is asked while nothing else is known.
        end = None
    session = stage.session()
    before = {w.id for w in stage.works()}
    listing, picture = stage.work()
    stage.sandbox.fault(fault, times=1, **options)
    error = ended(lambda: session.create(listing, [picture], listing.key))
    assert type(error) is (end or type(None)), repr(error)
    stage.sandbox.clear_faults()
    found = stage.session().find(listing.key)
    made = [w for w in stage.works() if w.id not in before]
    assert len(made) == works
    whole = found is not None and found.status is not Status.PARTIAL
    assert (found.id if found is not None and whole else None) == (made[0].id if made else None)
    assert stage.sent == 1


@pytest.mark.parametrize(
    ("fault", "options", "end"),
    [
        pytest.param(*f, id=f"{f[0]}-{n}", marks=() if f[0] in QUICK else rare)
        for n, f in enumerate(FORMS)
    ],
)
def test_before_the_submit(staged: Any, fault: str, options: dict[str, Any], end: End) -> None:
    stage = staged("redbubble")
    session = stage.session()
    session.check()
    before = len(stage.works())
    listing, picture = stage.work()
    stage.sandbox.fault(fault, **options)
    error = ended(lambda: session.create(listing, [picture], listing.key))
    assert type(error) is (end or type(None)) or isinstance(error, end or type(None)), repr(error)
    made = stage.works()[before:]
    assert len(made) == (0 if end is not None else 1)
    refused_late = end is Rejected and fault not in UPLOAD
    assert stage.sent == (1 if end is None or refused_late else 0)
    for work in made:
        assert work.title == listing.key and work.picture.sha256 == picture.file.sha256
        words = [k for k in ("glass", "blue ice", "dunes") if k not in options.get("words", ())]
        assert work.fields["keywords"] == words
        assert work.fields["rights"] and work.fields["visible"] == "public"


def test_an_upload_that_arrives_truncated_is_seen_in_the_replica_s_books(staged: Any) -> None:
    stage = staged("redbubble")
    stage.sandbox.fault("upload_truncated", times=1)
    receipt = stage.create()
    (work,) = [w for w in stage.works() if w.id == receipt.remote.id]
    assert work.picture.sha256 != receipt.sent[0].sha256
    assert work.picture.size < receipt.sent[0].size


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("wrong_total", Transient),
        pytest.param("empty_401", SiteChanged, marks=pytest.mark.rare),
        ("signed_out", AuthFailed),
    ],
)
def test_a_list_that_does_not_add_up_is_no_answer(
    staged: Any, fault: str, error: type[PublisherError]
) -> None:
    stage = staged("redbubble")
    if not stage.works():
        stage.create()
    stage.sandbox.fault(fault, **({"at": "list"} if fault == "signed_out" else {}))
    with pytest.raises(error):
        stage.session().list()


def test_a_portal_that_answers_401_is_not_an_empty_batch(staged: Any) -> None:
    stage = staged("stock-portal")
    stage.sandbox.fault("empty_401")
    with pytest.raises(AuthFailed):
        stage.session().list()
