"""Where a declaration is forbidden, nothing puts it there, and what a person puts there stops the item."""

from __future__ import annotations

import pytest
from declaration_places import offered
from policy_samples import GENERATED, TODAY, row
from test_declarations import CASES, MADE, ROWS, decided, listed

from publisher.compose import drafted
from publisher.policy import VerdictWord, judge
from publisher.rules import RuleVerdict

FORBIDDING = [
    (name, rule)
    for name, chosen in ROWS.items()
    for rule in chosen.rule
    if rule.verdict is not RuleVerdict.ALLOW and rule.when.terms and "title" in rule.when.fields
    and rule.in_force(TODAY)
]  # fmt: skip


def test_adobe_forbids_words_in_the_title() -> None:
    assert ("adobe-stock", "ai-words-in-title") in [(n, r.id) for n, r in FORBIDDING]


@pytest.mark.parametrize(("name", "kind"), sorted({c[:2] for c in CASES if c[2] == TODAY}))
def test_where_a_declaration_is_forbidden_nothing_puts_it(name: str, kind: str) -> None:
    """Of no row do the rules both forbid a word in a title and put it there."""
    chosen = ROWS[name]
    what = offered(chosen, MADE[kind])
    listing = listed(chosen, what, decided(chosen, what), {})
    title = str(listing.fields["title"]).casefold()
    for other, rule in FORBIDDING:
        if other == name:
            assert not [t for t in rule.when.terms or () if t.casefold() in title]


def test_a_forbidden_word_in_the_title_stops_it() -> None:
    chosen = row("adobe-stock")
    for title in ("Generative AI dunes", "dunes, made with AI"):
        for changes in ({"title": title}, {"channels": {"adobe-stock": {"title": title}}}):
            what = offered(chosen, GENERATED, **changes)
            assert judge(what, chosen, day=TODAY, account="adobe-stock").word is VerdictWord.HOLD
        worded = drafted(offered(chosen, GENERATED), title, None)
        assert judge(worded, chosen, day=TODAY, account="adobe-stock").word is VerdictWord.HOLD
