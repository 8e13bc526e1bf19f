"""Which things at a channel are ours: by key, by title and looks, and never on a guess."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from hypothesis import given
from hypothesis import strategies as st

from publisher.listing import Listing, Remote
from publisher.matching import By, matched, plain_title


def listing(item: str, title: str) -> Listing:
    return Listing(item, "shop", item, {"title": title})


def remote(number: int, title: str, key: str = "") -> Remote:
    return Remote(str(number), key or f"handle-{number}", fields={"title": title})


def looks(**shown: str) -> Callable[[Remote], Iterable[str]]:
    return lambda r: shown.get(f"r{r.id}", "").split()


OURS = {"a": listing("a", "Frozen Dunes"), "b": listing("b", "Glass Waves")}


def test_our_key_is_enough_and_no_picture_is_asked_for() -> None:
    def never(_remote: Remote) -> Iterable[str]:
        raise AssertionError("looked at a picture")

    found, doubts = matched(OURS, [remote(1, "x", "a"), remote(2, "y", "b")], (), never)
    assert [(m.item, m.remote.id, m.by) for m in found] == [("a", "1", By.KEY), ("b", "2", By.KEY)]
    assert doubts == []


def test_what_is_bound_already_is_not_there_for_another_item() -> None:
    found, _ = matched(OURS, [remote(1, "x", "a")], {"1"}, looks())
    assert found == []


def test_title_and_looks_beat_a_title_alone() -> None:
    there = [remote(1, "Frozen dunes"), remote(2, "FROZEN  DUNES!")]
    found, doubts = matched(OURS, there, (), looks(r2="a"))
    assert [(m.item, m.remote.id, m.by) for m in found] == [("a", "2", By.TITLE_AND_LOOKS)]
    assert doubts == []


def test_two_with_one_title_are_left_to_the_person() -> None:
    there = [remote(1, "Frozen dunes"), remote(2, "Frozen dunes")]
    found, doubts = matched(OURS, there, (), looks())
    assert found == []
    assert doubts[0].items == ("a",)
    assert set(doubts[0].remotes) == {"1", "2"}


def test_an_equal_title_with_another_picture_is_no_match() -> None:
    found, _ = matched(OURS, [remote(1, "Frozen dunes")], (), looks(r1="b"))
    assert [(m.item, m.by) for m in found] == [("b", By.LOOKS)]


def test_one_thing_is_never_two_items() -> None:
    twins = {"a": listing("a", "Dunes"), "b": listing("b", "Dunes")}
    found, doubts = matched(twins, [remote(1, "Dunes")], (), looks())
    assert found == []
    assert {d.items for d in doubts} == {("a", "b")}


def test_titles_are_compared_without_case_accents_and_signs() -> None:
    assert plain_title("  Défilé: «Hiver» ") == plain_title("DEFILE hiver")
    assert plain_title("冰沙丘") == "冰沙丘"


titles = st.sampled_from(["Dunes", "Waves", "dunes", "Glass", ""])


@given(
    st.dictionaries(st.sampled_from("abcd"), titles),
    st.lists(st.tuples(titles, st.sampled_from(["", "a", "b"])), max_size=5),
    st.dictionaries(st.sampled_from(["r0", "r1", "r2", "r3"]), st.sampled_from(["a", "b", "a c"])),
)
def test_every_item_and_every_thing_is_used_once_at_most(
    ours: dict[str, str], there: list[tuple[str, str]], shown: dict[str, str]
) -> None:
    listings = {i: listing(i, t) for i, t in ours.items()}
    remotes = [remote(n, title, key) for n, (title, key) in enumerate(there)]
    found, doubts = matched(listings, remotes, (), looks(**shown))
    assert len({m.item for m in found}) == len(found)
    assert len({m.remote.id for m in found}) == len(found)
    assert {m.item for m in found} <= ours.keys()
    told = {i for d in doubts for i in d.items}
    assert not {m.item for m in found if m.by is By.KEY} & {i for i in told if i not in ours}
