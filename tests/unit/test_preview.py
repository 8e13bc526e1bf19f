"""The preview site and its cards: limits, differences, order, hostile text, and a safe swap of folders."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.cards import card, keyword_limit, list_diff, text_limit, word_diff
from publisher.errors import ConfigError
from publisher.guards import Guard, Trip
from publisher.plan import AccountPlan, Confidence, Plan, PlanItem, Word
from publisher.preview import MARKER, SECTIONS, write_preview
from publisher.row import KeywordLimit, TextLimit
from tests.preview_sample import HOSTILE, NOW, listing, row, sample_plan, thumbnails
from tests.unit.test_render import Tags, assert_harmless

ROWS = {"north": row(), "shop-eu": row("shop", page="javascript:alert(1)"), "west": row("west")}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    plan = sample_plan()
    trips = [Trip(Guard.PRICE_ZERO, "shop-eu", f"the price would be 0 {HOSTILE}")]
    (tmp_path / "masters").mkdir()
    index = write_preview(
        tmp_path / "preview",
        plan,
        rows=ROWS,
        thumbnails=thumbnails(tmp_path / "masters", plan),
        release_title=f"Winter {HOSTILE}",
        generated=NOW,
        accounts=None,
        trips=trips,
    )
    assert index == tmp_path / "preview" / "index.html"
    return index.parent


def test_every_page_is_harmless(site: Path) -> None:
    pages = sorted(site.glob("*.html"))
    assert [p.name for p in pages] == ["index.html", "north.html", "shop-eu.html", "west.html"]
    for path in pages:
        page = path.read_text(encoding="utf-8")
        assert HOSTILE not in page
        assert "<img src=x" not in page
        assert_harmless(page)


def test_links_and_pictures_lead_somewhere(site: Path) -> None:
    tags = {p.name: Tags(p.read_text()).tags for p in site.glob("*.html")}
    ids = {name: {a["id"] for _, a in found if "id" in a} for name, found in tags.items()}
    checked = 0
    for name, found in tags.items():
        assert len([a for _, a in found if "id" in a]) == len(ids[name]), "ids must be unique"
        for _, attributes in found:
            link = attributes.get("href") or attributes.get("src") or ""
            if not link or link.startswith("http"):
                continue
            page, _, anchor = link.partition("#")
            assert (site / (page or name)).is_file(), link
            assert not anchor or anchor in ids[page or name], link
            checked += 1
    assert checked > 60


def test_the_index_says_what_would_happen(site: Path) -> None:
    page = (site / "index.html").read_text()
    assert sample_plan().digest in page
    assert "10 items on 3 accounts, 30 pairs in all" in page
    assert "price-zero" in page
    assert "21 November 2026, 01:13 UTC" in page
    legend = page.split('class="legend"')[1]
    assert all(f'pill {w.value}"' in legend for w in Word)


def test_the_legend_has_used_words_only(tmp_path: Path) -> None:
    plan = sample_plan().restricted("west")
    index = write_preview(
        tmp_path / "p", plan, rows=ROWS, thumbnails={}, release_title="", generated=NOW
    )
    legend = index.read_text().split('class="legend"')[1]
    assert "denied" in legend
    assert "create" not in legend
    assert "Nothing to do" in index.read_text()


def test_an_account_page_has_its_sections_in_order(site: Path) -> None:
    page = (site / "north.html").read_text()
    headings = [h for h, _ in SECTIONS.values() if f">{h}" in page]
    assert headings == ["To be created", "To be updated", "Waiting", "Held"]
    places = [page.index(f">{h}") for h in headings]
    assert places == sorted(places)
    assert '<details class="fold" id="held">' in page
    assert "70/70 characters" in page
    assert "12 of 5-49 keywords" in page
    assert "400/70 characters" in page
    assert "<del>dusk</del><ins>dawn</ins>" in page
    assert '<li class="del">' in page and '<li class="ins">' in page
    assert "<del>, wide</del>" in page
    assert "2026-11-23 01:13 UTC</time>." in page
    assert 'href="https://example.com/terms?a=1&amp;b=2"' in page
    assert "official, read in a copy" in page
    assert "Created using generative AI tools" in page


def test_a_held_variant_shows_what_goes_in_its_place(site: Path) -> None:
    page = (site / "north.html").read_text("utf-8")
    block = page.partition("In its place")[2].partition("</ul>")[0]
    assert 'href="#item-glass-001"' in block
    assert '<img src="images/glass-001.jpg"' in block
    assert "gone &lt;script&gt;" in block and HOSTILE not in block


def test_a_source_that_is_no_web_address_is_no_link(site: Path) -> None:
    page = (site / "west.html").read_text()
    assert "javascript:alert(1)" in page
    assert 'href="javascript' not in page
    assert "<strong>10×</strong>" in page


def test_stale_files_go_and_only_shown_accounts_have_pages(site: Path) -> None:
    (site / "stale.html").write_text("old")
    kwargs = {"rows": ROWS, "thumbnails": {}, "release_title": "x", "generated": NOW}
    write_preview(site, sample_plan(), accounts={"west"}, **kwargs)
    names = {p.name for p in site.iterdir()}
    assert names == {MARKER, "images", "index.html", "west.html"}
    assert not list((site / "images").iterdir())
    assert {p.name for p in site.parent.iterdir()} == {"preview", "masters"}


def test_a_folder_with_other_files_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "photo.raw").write_text("precious")
    with pytest.raises(ConfigError, match="not a preview"):
        write_preview(
            tmp_path, sample_plan(), rows={}, thumbnails={}, release_title="", generated=NOW
        )
    assert (tmp_path / "photo.raw").read_text() == "precious"


def test_a_broken_template_leaves_the_old_preview(site: Path, tmp_path: Path) -> None:
    before = (site / "index.html").read_text()
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "preview-account.html.j2").write_text("{{ nonsense }}")
    with pytest.raises(ConfigError, match="preview-account"):
        write_preview(
            site,
            sample_plan(),
            rows=ROWS,
            thumbnails={},
            release_title="new",
            generated=NOW,
            project=tmp_path,
        )
    assert (site / "index.html").read_text() == before
    assert {p.name for p in tmp_path.iterdir()} == {"preview", "masters", "templates"}


def test_names_cannot_leave_the_folder_or_collide(tmp_path: Path) -> None:
    names = ["index", "INDEX", "../../evil", "images", "a b", "a?b"]
    plan = Plan(
        "r",
        tuple(PlanItem(i, a, Word.CREATE) for a in names for i in ("../x", "..-x")),
        tuple(AccountPlan(a, a, a, "api", Confidence.OFFLINE) for a in names),
    )
    picture = tmp_path / "a.jpg"
    picture.write_bytes(b"jpeg")
    folder = tmp_path / "site"
    pictures = {"../x": picture, "..-x": picture}
    write_preview(
        folder, plan, rows={}, thumbnails=pictures, release_title="", generated=NOW, accounts=None
    )
    assert len(list(folder.glob("*.html"))) == len(names) + 1
    assert len(list((folder / "images").iterdir())) == 2
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.jpg", "site"]


@pytest.mark.parametrize(
    ("length", "state", "text"),
    [
        (0, "short", "0/70 characters, at least 5"),
        (5, "ok", "5/70 characters, at least 5"),
        (70, "ok", "70/70 characters, at least 5"),
        (71, "over", "71/70 characters, at least 5"),
    ],
)
def test_text_limits(length: int, state: str, text: str) -> None:
    found = text_limit("é" * length, TextLimit(min=5, max=70))
    assert (found["state"], found["text"]) == (state, text)
    assert found["share"] == min(100, round(100 * length / 70))


def test_keyword_limits() -> None:
    limit = KeywordLimit(min=5, max=49, each=10)
    assert keyword_limit(["a"] * 24, limit)["text"] == "24 of 5-49 keywords"
    assert keyword_limit(["a"] * 4, limit)["state"] == "short"
    assert keyword_limit(["a"] * 50, limit)["state"] == "over"
    long = keyword_limit(["a" * 11, *["b"] * 5], limit)
    assert (long["state"], long["text"]) == (
        "over",
        "6 of 5-49 keywords, 1 longer than 10 characters",
    )
    assert keyword_limit(["a"], KeywordLimit())["share"] is None


@given(st.text(), st.text())
def test_a_word_diff_holds_both_texts(old: str, new: str) -> None:
    parts = word_diff(old, new)
    assert "".join(p["text"] for p in parts if p["kind"] != "ins") == old
    assert "".join(p["text"] for p in parts if p["kind"] != "del") == new


@given(st.lists(st.text()), st.lists(st.text()))
def test_a_list_diff_holds_both_lists(old: list[str], new: list[str]) -> None:
    parts = list_diff(old, new)
    assert [p["text"] for p in parts if p["kind"] != "ins"] == old
    assert [p["text"] for p in parts if p["kind"] != "del"] == new


def test_words_and_amounts_are_diffed_whole() -> None:
    assert word_diff("19.00 EUR", "24.00 EUR") == [
        {"kind": "del", "text": "19.00"},
        {"kind": "ins", "text": "24.00"},
        {"kind": "same", "text": " EUR"},
    ]


def test_a_card_without_listing_or_row_is_still_a_card() -> None:
    found = card(PlanItem("a", "b", Word.HELD), None, None)
    assert (found["fields"], found["tasks"], found["word"]) == ([], [], "held")


def test_five_hundred_items_on_ten_accounts_take_seconds(tmp_path: Path) -> None:
    accounts = [f"account-{n}" for n in range(10)]
    items = [f"glass-{n:04}" for n in range(500)]
    pairs = tuple(PlanItem(i, a, Word.CREATE) for a in accounts for i in items)
    plan = Plan(
        "big",
        pairs,
        tuple(AccountPlan(a, "north", a, "transfer", Confidence.OFFLINE) for a in accounts),
        listings={(p.item, p.account): listing(p.item, p.account) for p in pairs},
    )
    rows = dict.fromkeys(accounts, row())
    start = time.perf_counter()
    write_preview(tmp_path / "p", plan, rows=rows, thumbnails={}, release_title="", generated=NOW)
    taken = time.perf_counter() - start
    print(f"5000 pairs in {taken:.1f} s")
    assert taken < 30
