"""A library of several pages and a dialog of two panes: the right picture, the whole path, by the replica's books.

Every picture there has been uploaded by somebody; which one goes onto a product is what the site's books say.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

import pytest

from channels.browser.replicas.zazzle import SHOWN
from publisher.errors import Rejected, SiteChanged
from tests.browser.conftest import some
from tests.browser.replica_fixtures import overlaid

rare = pytest.mark.rare


@pytest.fixture
def zazzle(staged: Any) -> Any:
    """The replica, with more than two pages of pictures in its library."""
    stage = staged("zazzle")
    _fill(stage, 2 * SHOWN + 3)
    return stage


def _fill(stage: Any, number: int) -> None:
    books = stage.sandbox.site.books
    for n in range(len(books.pictures), number):
        books.upload(f"old_{n:03d}.jpg", b"old %d" % n)


def _behind(stage: Any, pages: int) -> None:
    """Bring so many pages of other pictures in, so that what is there moves back by as many."""
    books = stage.sandbox.site.books
    _fill(stage, len(books.pictures) + pages * SHOWN)


def _create(stage: Any, listing: Any, picture: Any, **options: str) -> Any:
    """Publish on a session with these options: the receipt, and the one work that it made."""
    before = {w.id for w in stage.works()}
    seat = stage.session()
    _options(stage, seat, **options)
    try:
        receipt = seat.create(listing, [picture], listing.key)
    finally:
        _options(stage, seat)
    (work,) = [w for w in stage.works() if w.id not in before]
    assert work.id == receipt.remote.id
    return receipt, work


def _options(stage: Any, seat: Any, **options: str) -> None:
    """What publisher.toml says of the account, and the profile as it is now."""
    seat.session.context = replace(stage.context(), options={"fallback": "stop", **options})
    seat.session._loaded = None


def _picked(stage: Any, work: Any) -> dict[str, Any]:
    """What the books say of how a picture came onto its product."""
    return dict(stage.sandbox.site.books.words[work.picture.token])


def test_an_older_picture_of_the_same_name_is_never_taken(zazzle: Any) -> None:
    books = zazzle.sandbox.site.books
    listing, picture = zazzle.work()
    older = [books.upload(picture.file.name, b"another picture of this name")]
    _behind(zazzle, 1)
    older += [books.upload(picture.file.name, b"and one more")]
    uploads = len(books.pictures)
    assert uploads > 3 * SHOWN
    _, work = _create(zazzle, listing, picture)
    assert len(books.pictures) == uploads + 1
    assert work.picture.sha256 == picture.file.sha256
    assert not any(p.token in books.words for p in older)
    assert _picked(zazzle, work) == {"product": "poster", "page": 1}
    (landed,) = [
        e for e in zazzle.sandbox.landed() if e.sha256 == picture.file.sha256 and not e.fields
    ]
    assert landed.key == picture.file.name


@pytest.mark.parametrize("seconds", [0.03, pytest.param(1.2, marks=rare)])
def test_a_picture_that_is_pushed_back_is_picked_from_its_page(zazzle: Any, seconds: float) -> None:
    # While ours arrives, somebody uploads three pages of others, one of them under the same name.
    zazzle.sandbox.fault("upload_crowded", times=1, count=3 * SHOWN)
    zazzle.sandbox.fault("late_panes", seconds=seconds, part="grid")
    listing, picture = zazzle.work()
    _, work = _create(zazzle, listing, picture)
    assert work.picture.sha256 == picture.file.sha256
    assert _picked(zazzle, work)["page"] == 4


def test_a_picture_of_an_earlier_attempt_is_used_and_not_sent_again(zazzle: Any) -> None:
    listing, picture = zazzle.work()
    zazzle.sandbox.fault("limit_before", times=1)
    with pytest.raises(SiteChanged, match="sold out"):
        zazzle.session().create(listing, [picture], listing.key)
    _behind(zazzle, 1)
    uploads = len(zazzle.sandbox.site.books.pictures)
    receipt, work = _create(zazzle, listing, picture)
    assert len(zazzle.sandbox.site.books.pictures) == uploads
    assert "the file was there from an earlier attempt" in receipt.note
    assert _picked(zazzle, work)["page"] == 2


@rare
def test_what_lies_further_back_than_is_looked_is_sent_again(zazzle: Any) -> None:
    books = zazzle.sandbox.site.books
    listing, picture = zazzle.work()
    mark = f"{picture.file.sha256[:8]}_{picture.file.name}"
    books.upload(mark, picture.file.path.read_bytes())
    _behind(zazzle, 3)
    uploads = len(books.pictures)
    _, work = _create(zazzle, listing, picture)
    # There it is twice now, and the two are the same.
    assert len(books.pictures) == uploads + 1 and work.picture.sha256 == picture.file.sha256
    _, again = zazzle.work(name=listing.item)
    receipt, work = _create(
        zazzle, replace(listing, key="Once more"), replace(again, file=picture.file)
    )
    assert len(books.pictures) == uploads + 1 and "was there" in receipt.note


@rare
def test_buttons_that_are_called_otherwise_cost_an_upload_and_no_wrong_picture(zazzle: Any) -> None:
    lost = {"rows": {"next": ".no-such-button", "first": ".no-such-button"}}
    zazzle.close()
    zazzle.overlay(overlaid("zazzle", locators={"library_image": lost, "tool_image": lost}))
    try:
        listing, picture = zazzle.work()
        _, work = _create(zazzle, listing, picture)
        assert work.picture.sha256 == picture.file.sha256
        before = len(zazzle.works())
        zazzle.sandbox.fault("upload_crowded", times=1, count=SHOWN)
        listing, picture = zazzle.work()
        with pytest.raises(SiteChanged, match=f"the list shows {SHOWN} entries and says that"):
            zazzle.session().create(listing, [picture], listing.key)
        assert len(zazzle.works()) == before
    finally:
        zazzle.close()
        zazzle.overlay(overlaid("zazzle"))


@rare
def test_the_buttons_of_the_grid_lead_on_and_back(zazzle: Any) -> None:
    def turned(session: Any) -> list[str]:
        page = session.watcher().stage.page
        page.goto("https://www.zazzle.com/lgn/signin?mlru=images")
        seen = []
        for button, shown in (("next", 2), ("next", 3), ("previous", 2), ("first", 1)):
            page.click(f".ZazzlePagination-{button}")
            page.get_by_text(f"Page {shown} of").wait_for()
            seen.append(str(page.locator("img").first.get_attribute("data-token")))
        return seen

    count = len(zazzle.sandbox.site.books.pictures)
    places = [count - page * SHOWN for page in (1, 2, 1, 0)]
    assert zazzle.session().do(turned) == [f"u{n}" for n in places]


@pytest.mark.parametrize(
    ("layout", "seconds"),
    [("", 0.9), pytest.param("old_ids", 0.15, marks=rare), pytest.param("", 4.0, marks=rare)],
)
def test_a_category_is_a_whole_path_however_late_its_second_pane(
    zazzle: Any, layout: str, seconds: float
) -> None:
    # The pane shows Glass first, which has Dunes as well: whoever is quick files it there.
    zazzle.sandbox.fault("late_panes", seconds=seconds, part="categories")
    if layout:
        zazzle.sandbox.fault(layout)
    listing, picture = zazzle.work()
    _, work = _create(zazzle, listing, picture, category="Winter > Dunes")
    assert work.fields["category"] == "Winter > Dunes"


@pytest.mark.parametrize(
    ("category", "says", "choices"),
    [
        ("Winter", "Winter is not a whole path", "one of Dunes, Frost, Ice"),
        pytest.param("Winter > Snow", "no entries 'Snow'", "Dunes, Frost, Ice", marks=rare),
        pytest.param("Summer > Dunes", "no entries 'Summer'", "Glass, Winter, Art", marks=rare),
        pytest.param("Winter > Ice > Blue", "more than 2 levels", "2 levels", marks=rare),
    ],
)
def test_a_category_that_is_not_there_is_not_taken_for_one(
    zazzle: Any, category: str, says: str, choices: str
) -> None:
    books = zazzle.sandbox.site.books
    before = len(zazzle.works()), books.submits
    listing, picture = zazzle.work()
    zazzle.overlay({"schema": 1, "name": "zazzle", "steps": [{"key": "category", "seconds": 3}]})
    try:
        with pytest.raises(Rejected, match=says) as caught:
            _create(zazzle, listing, picture, category=category)
    finally:
        zazzle.overlay(overlaid("zazzle"))
    assert choices in caught.value.remedy
    assert (len(zazzle.works()), books.submits) == before and zazzle.sent == 0


@rare
def test_a_form_that_shows_no_path_is_not_sent(zazzle: Any) -> None:
    # Nothing says that the choice was taken: not even a form that is full otherwise goes out.
    before = len(zazzle.works())
    nowhere = {"category_path": {"any": [{"css": ".no-such-place"}]}}
    step = {"steps": [{"key": "category", "seconds": 2}]}
    zazzle.overlay({"schema": 1, "name": "zazzle", "locators": nowhere, **step})
    listing, picture = zazzle.work()
    try:
        with pytest.raises(SiteChanged, match="was chosen, and the form shows nothing"):
            _create(zazzle, listing, picture, category="Winter > Frost")
    finally:
        zazzle.overlay(overlaid("zazzle"))
    assert len(zazzle.works()) == before and zazzle.sent == 0


ERRORS = {
    "redbubble": ("https://www.redbubble.com/portfolio/images/new", ".alert-error", "Your work could not be saved"),
    "stock-portal": (
        "https://esp.gettyimages.com/contribute/batches/7001", "p[data-cy=submit-error]",
        "The file could not be submitted",
    ),
    "zazzle": ("https://www.zazzle.com/sell/postforsale?pt=poster", ".PostForSalePage_error", "It could not be posted"),
    "society6": ("https://studio.society6.com/upload", "p[role=alert]", "It could not be saved"),
}  # fmt: skip
"""The form of each site, its place for an error, and what that says."""


def _places(stage: Any, site: str, *, anew: bool) -> list[bool]:
    """The places of an error on the form: whether each is hidden."""
    address, place, words = ERRORS[site]

    def look(session: Any) -> list[bool]:
        page = session.watcher().stage.page
        if anew:
            page.goto(address)
        return [e.is_hidden() for e in page.locator(place, has_text=words).all()]

    found: list[bool] = stage.session().do(look)
    return found


@pytest.mark.parametrize("site", some(ERRORS, "redbubble"))
def test_an_error_is_read_where_it_is_visible_and_never_where_it_is_hidden(
    staged: Any, site: str
) -> None:
    stage = staged(site)
    books = stage.sandbox.site.books
    works, submits = len(stage.works()), books.submits
    listing, picture = stage.work()
    stage.sandbox.fault("visible_error")
    with pytest.raises(Rejected, match=ERRORS[site][2]):
        stage.session().create(listing, [picture], listing.key)
    assert _places(stage, site, anew=False) == [False]
    assert (len(stage.works()), books.submits) == (works, submits)
    stage.sandbox.clear_faults()
    assert _places(stage, site, anew=True) == [True], "it lies hidden in every page"
    receipt = stage.session().create(listing, [picture], listing.key)
    (work,) = [w for w in stage.works() if w.picture.sha256 == picture.file.sha256]
    assert work.id == receipt.remote.id and books.submits == submits + 1
    stage.sandbox.fault("hidden_errors", off=True)
    assert _places(stage, site, anew=True) == []


def test_hashes_of_other_names_are_no_marks(staged: Any) -> None:
    site = staged("zazzle").sandbox.site
    sha = hashlib.sha256(b"one").hexdigest()
    assert site.own_name(f"{sha[:8]}_a.jpg", sha) == "a.jpg"
    assert site.own_name("01234567_a.jpg", sha) == "01234567_a.jpg"
