"""A grid that holds only what is in view, forgets its page, and selects what it likes: each file goes out once.

Every batch has more files than the page shows, the oldest first, so that the new one is where nobody scrolled to.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from publisher.errors import OutcomeUnknown, SiteChanged
from publisher.listing import Status
from tests.browser.replica_fixtures import overlaid

rare = pytest.mark.rare
BATCH = "7001"
FILLED = 23
"""Files that lie in the batch before: two pages of ten and three rows."""


@pytest.fixture
def portal(staged: Any) -> Any:
    """The portal with files of earlier days in the batch, saved and not submitted."""
    stage = staged("stock-portal")
    books = stage.sandbox.site.books
    lying = sum(p.name.startswith("old_") for p in books.pictures.values())
    for number in range(lying, FILLED):
        picture = books.upload(f"old_{number:02d}.jpg", b"old %d" % number, BATCH)
        books.save(picture.token, {"title": f"Old {number}", "description": "An older one"})
    return stage


def _made(stage: Any, action: Any) -> list[tuple[str, str]]:
    before = set(stage.sandbox.site.books.works)
    action()
    works = stage.sandbox.site.books.works
    return [(w.picture.name, i) for i, w in works.items() if i not in before]


@pytest.mark.parametrize(
    ("faults", "works"),
    [
        pytest.param(f, n, id="-".join(f), marks=() if n == 1 else rare)
        for f, n in (
            ({"virtual_grid": {}, "page_size_resets": {"seconds": 0.8}}, 1),
            ({"virtual_grid": {}}, 2),
            ({"page_size_resets": {"seconds": 0.8}}, 2),
            ({"virtual_grid": {}, "select_all": {}}, 3),
        )
    ],
)
def test_a_file_that_is_out_of_view_is_submitted_once_and_proven(
    portal: Any, faults: dict[str, Any], works: int
) -> None:
    for name, options in faults.items():
        portal.sandbox.fault(name, **options)
    uploads, submits = len(portal.sandbox.site.books.pictures), portal.sandbox.site.books.submits
    receipts: list[Any] = []
    for _ in range(works):
        listing, picture = portal.work()
        made = _made(portal, lambda: receipts.append(
            portal.session().create(listing, [picture], listing.key)))  # noqa: B023  # fmt: skip
        assert made == [(listing.key, receipts[-1].remote.id)]
        assert receipts[-1].remote.status is Status.IN_REVIEW
    books = portal.sandbox.site.books
    assert (len(books.pictures), books.submits) == (uploads + works, submits + works)
    assert not any(w.picture.name.startswith("old_") for w in books.works.values())


@rare
def test_a_file_that_lies_out_of_view_is_not_uploaded_again(portal: Any) -> None:
    portal.sandbox.fault("virtual_grid")
    books = portal.sandbox.site.books
    listing, picture = portal.work()
    portal.sandbox.fault("submit_ignored", times=1)
    # The file is there, filled in and saved; what it was submitted with never came to anything.
    with pytest.raises(OutcomeUnknown):
        portal.session().create(listing, [picture], listing.key)
    portal.sandbox.clear_faults()
    portal.sandbox.fault("virtual_grid")
    uploads = len(books.pictures)
    receipt = portal.session().create(listing, [picture], listing.key)
    assert len(books.pictures) == uploads
    assert "the file was there from an earlier attempt" in receipt.note
    assert [w.id for w in portal.works() if w.picture.name == listing.key] == [receipt.remote.id]


@rare
def test_a_grid_that_shows_less_than_it_says_is_no_answer(portal: Any) -> None:
    # Whoever cannot turn the pages sees ten of them, and must not take a file for missing.
    rows = {"rows": {"next": "[data-cy=no-such-button]"}}
    portal.close()
    portal.overlay(overlaid("stock-portal", locators={"card": rows}))
    try:
        portal.sandbox.fault("virtual_grid")
        uploads = len(portal.sandbox.site.books.pictures)
        with pytest.raises(SiteChanged, match="the list shows 10 entries and says that there are"):
            portal.create()
        assert len(portal.sandbox.site.books.pictures) == uploads and portal.sent == 0
    finally:
        portal.close()
        portal.overlay(overlaid("stock-portal"))


@rare
def test_the_trap_catches_whoever_selects_all(portal: Any) -> None:
    # The opposite of what the shipped profile does: it shows that a wrong one would be seen.
    button = {"any": [{"css": "[data-cy=select-all]"}], "within": None}
    many = {"any": [{"css": "[data-cy=submit-selected]"}]}
    portal.close()
    portal.overlay(overlaid("stock-portal", locators={"submit": button, "confirm": many}))
    try:
        for fault in ("virtual_grid", "select_all"):
            portal.sandbox.fault(fault)
        before = set(portal.sandbox.site.books.works)
        listing, picture = portal.work()
        with suppress(OutcomeUnknown):
            portal.session().create(listing, [picture], listing.key)
        works = portal.sandbox.site.books.works
        assert any(w.picture.name != listing.key for i, w in works.items() if i not in before)
    finally:
        portal.close()
        portal.overlay(overlaid("stock-portal"))
