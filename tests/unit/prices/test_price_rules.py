"""Price rules as they are written in publisher.toml: merged per account, and refused with line and reason."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest

from publisher.errors import ConfigError
from publisher.manifest.prices import Ending
from publisher.manifest.project import Project, load_project

GOOD = """
[[prices.rates]]
base = "EUR"
from = 2026-11-01
until = 2026-11-30
to = {USD = "1.0832", JPY = 163.2}
source = "reference rates of the central bank"

[prices.rules.dollars]
currency = "USD"
markup = 25
markup_amount = "1.50"
round = ".99"
floor = 4.99
royalties = {art-print = "20 %"}

[accounts.plain]
[accounts.shop-us]
prices = "dollars"
[accounts.shop-low]
csv_dialect = "short"
[accounts.shop-low.prices]
rules = "dollars"
markup = -10
round = 5
"""


def load(folder: Path, text: str) -> Project:
    (folder / "publisher.toml").write_text(text, encoding="utf-8")
    return load_project(folder)


def refused(folder: Path, text: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load(folder, text)
    return caught.value.problems


def test_an_account_takes_a_named_set_and_changes_some_of_it(tmp_path: Path) -> None:
    project = load(tmp_path, GOOD)
    us, low = project.accounts["shop-us"].prices, project.accounts["shop-low"].prices
    assert (us.currency, us.markup, us.round) == ("USD", Decimal(25), Ending.NINETY_NINE)
    assert (low.markup, low.round) == (Decimal(-10), Ending.FIVE)
    assert (low.currency, low.floor, low.markup_amount) == ("USD", Decimal("4.99"), Decimal("1.50"))
    assert dict(us.royalties) == {"art-print": Decimal(20)}
    assert dict(project.accounts["shop-low"].options) == {"csv_dialect": "short"}
    assert project.accounts["plain"].prices.model_fields_set == set()
    (table,) = project.prices.rates
    assert table.to == {"USD": Decimal("1.0832"), "JPY": Decimal("163.2")}
    assert table.in_force(dt.date(2026, 11, 30))
    assert not table.in_force(dt.date(2026, 12, 1))


def test_every_mistake_is_named_with_its_line(tmp_path: Path) -> None:
    found = refused(tmp_path, (
        '[[prices.rates]]\nbase = "EUR"\nfrom = 2026-11-01\nuntil = 2026-11-30\nto = {USD = "1.08"}\n'
        '[[prices.rates]]\nbase = "ERU"\nfrom = 2026-11-01\nuntil = "soon"\nto = {USD = 0}\n'
        '[prices.rules.a]\nmarkup = -100\nround = ".98"\nroyalties = {art-print = 0}\nmarkupp = 3\n'
        '[prices.rules.b.sale]\nfrom = 2026-11-27\nuntil = 2026-11-30T00:00:00Z\npercent = 20\n'
        '[accounts.x.prices]\nrounding = "down"\n'
    ))  # fmt: skip
    assert found == (
        "publisher.toml:7: prices.rates[1].base: 'ERU' is not a currency of ISO 4217",
        "publisher.toml:9: prices.rates[1].until: 'soon' is not a date (write it as YYYY-MM-DD)",
        "publisher.toml:10: prices.rates[1].to.USD: '0' must be above 0",
        "publisher.toml:12: prices.rules.a.markup: '-100' must be above -100",
        "publisher.toml:13: prices.rules.a.round: '.98' is not one of none, .99, .95, .00, 5,"
        " did you mean '.99'?",
        "publisher.toml:14: prices.rules.a.royalties.art-print: '0' must be above 0",
        "publisher.toml:15: prices.rules.a: unknown key 'markupp', did you mean 'markup'?",
        "publisher.toml:17: prices.rules.b.sale.from: '2026-11-27' has no time zone"
        " (write it with its time zone, as in 2026-11-27T00:00+01:00)",
        "publisher.toml:21: accounts.x.prices.rounding: 'down' is not one of up, nearest",
    )


def test_what_does_not_hold_together_is_named_too(tmp_path: Path) -> None:
    found = refused(tmp_path, (
        '[[prices.rates]]\nbase = "EUR"\nfrom = 2026-12-01\nuntil = 2026-11-30\nto = {USD = "1.08"}\n'
        '[[prices.rates]]\nbase = "EUR"\nfrom = 2026-12-01\nuntil = 2026-12-31\nto = {EUR = "1"}\n'
        '[prices.rules.yen]\ncurrency = "JPY"\nfloor = "99.50"\nceiling = 50\n'
        '[accounts.x]\nprices = "dolars"\n[accounts.y.prices]\nrules = "yen"\nfloor = 10\nceiling = 9\n'
        '[accounts.z.prices]\nfloor = 3\n'
    ))  # fmt: skip
    assert found == (
        "publisher.toml:3: prices.rates[0]: 'from' is after 'until'",
        "publisher.toml:8: prices.rates[1]: the same base and first day as prices.rates[0]",
        "publisher.toml:10: prices.rates[1]: EUR in EUR is always 1",
        "publisher.toml:13: prices.rules.yen.floor: JPY has 0 decimals",
        "publisher.toml:13: prices.rules.yen: the floor is above the ceiling",
        "publisher.toml:16: there is no set of price rules 'dolars', known sets: yen",
        "publisher.toml:19: accounts.y.prices: the floor is above the ceiling",
        "publisher.toml:22: accounts.z.prices.floor: an amount needs to know its currency"
        ' (write currency = "EUR" beside it)',
    )
