"""docs/rules.md is in step with the code: predicates, actions, options of accounts, and its examples."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from policy_samples import CHANNELS, row

from publisher.pacing import _FACTS
from publisher.policy import shipped_book
from publisher.rules import ActionKind, Rule, When

PAGE = (Path(__file__).parents[3] / "docs" / "rules.md").read_text("utf-8")
ROWS = [row(path.stem) for path in sorted(CHANNELS.glob("*/*.toml"))]
EVERYWHERE = {"first_batch_done", "quotas", "variants_per_motif", "forwards_to"}


def listed(part: str) -> dict[str, str]:
    """The names in the first column of a table, with the rest of their lines."""
    table = PAGE.partition(f"<!-- {part} -->")[2].partition(f"<!-- /{part} -->")[0]
    lines = [line for line in table.splitlines() if line.startswith("| `")]
    return {
        name: line.split("|", 2)[2]
        for line in lines
        for name in re.findall(r"`([\w-]+)`", line.split("|")[1])
    }


def test_every_predicate_and_action_is_explained() -> None:
    assert set(listed("predicates")) == set(When.model_fields) - {"fields"}
    assert set(listed("actions")) == {kind.value for kind in ActionKind}


def test_every_option_that_a_row_asks_for_is_explained_with_who_asks() -> None:
    asked: dict[str, set[str]] = {}
    for one in ROWS:
        names = {g.option for g in one.gate}
        names |= {_FACTS[q.scale_by] for q in one.quota if q.scale_by}
        names |= {one.exclusivity.option} if one.exclusivity else set()
        for name in names - {""}:
            asked.setdefault(name, set()).add(one.title)
    told = listed("options")
    assert set(told) == set(asked) | EVERYWHERE
    for name, titles in asked.items():
        who = told[name].split("|")[0]
        missing = [t for t in titles if t not in who and t.removesuffix(" Images") not in who]
        assert missing == [], name


def test_its_examples_are_what_they_say() -> None:
    blocks = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    (rule,) = tomllib.loads(blocks[0])["rule"]
    assert Rule.model_validate(rule).expires is not None
    book = shipped_book().with_own(tomllib.loads(blocks[1])["terms"])
    found = {h.term for h in book.scan([("title", "Ada Example's Northwind, after Van Gogh")])}
    assert found == {"Ada Example", "Northwind", "van Gogh"}
    assert [x.term for x in book.licences] == ["Van Gogh"]
    assert not shipped_book().scan([("title", "A van at dawn, an apple on a page of a turner")])
