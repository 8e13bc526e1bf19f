"""Random histories: the bindings are the fold over the events, and both are what a plain model says."""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from publisher.errors import Conflict
from publisher.ledger import Intent, Ledger, SentFile, fold
from publisher.listing import Remote, Status
from publisher.row import Verb

ACCOUNTS = st.sampled_from(["stock", "shop"])
ITEMS = st.sampled_from(["a", "b"])
# A database cannot keep a NUL, so the ledger leaves it out; that has a test of its own.
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=4)
VALUES = st.one_of(st.none(), st.booleans(), st.integers(-5, 5), TEXTS, st.just(("x", "ÿ")))
FIELDS = st.dictionaries(st.sampled_from(["title", "price", "tags"]), VALUES, max_size=3)
STATUSES = st.sampled_from(list(Status))
START = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
_template: list[Path] = []


def fresh(folder: Path) -> Path:
    """A copy of a migrated, empty ledger: migrating for each example would be most of the time."""
    if not _template:
        _template.append(Path(tempfile.mkdtemp()) / "template.db")
        Ledger.open(_template[0]).close()
    return Path(shutil.copy(_template[0], folder / "ledger.db"))


class Histories(RuleBasedStateMachine):
    """``model`` holds what a reader of the documentation expects of each binding."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.place = fresh(self.folder)
        self.ledger = Ledger.open(self.place)
        self.open: dict[tuple[str, str], Intent] = {}
        self.model: dict[tuple[str, str], dict[str, Any]] = {}
        self.ticks = 0

    def teardown(self) -> None:
        self.ledger.close()
        shutil.rmtree(self.folder)

    def now(self) -> dt.datetime:
        self.ticks += 1
        return START + dt.timedelta(microseconds=self.ticks)

    @rule(
        account=ACCOUNTS,
        item=ITEMS,
        verb=st.sampled_from([Verb.CREATE, Verb.UPDATE, Verb.WITHDRAW]),
        fields=FIELDS,
        files=st.lists(st.integers(1, 3), max_size=2),
        lands=st.booleans(),
    )
    def intend(
        self,
        account: str,
        item: str,
        verb: Verb,
        fields: dict[str, Any],
        files: list[int],
        lands: bool,
    ) -> None:
        sent = [SentFile(f"{n}.jpg", str(n) * 64, n) for n in files]
        given: dict[str, Any] = {
            "run": 1, "account": account, "item": item, "verb": verb, "key": item,
            "fields": fields, "files": sent, "tags": ("t",), "release": "r", "at": self.now(),
        }  # fmt: skip
        if (account, item) in self.open:
            with pytest.raises(Conflict):
                self.ledger.open_intent(**given)
        else:
            self.open[account, item] = self.ledger.open_intent(**given)
            if lands:
                self.landed((account, item), Status.LIVE, ["x"], by_look_up=False)

    @precondition(lambda self: self.open)
    @rule(data=st.data(), how=st.sampled_from(["sending", "fail", "unknown", "absent"]))
    def end_badly(self, data: st.DataObject, how: str) -> None:
        pair = data.draw(st.sampled_from(sorted(self.open)))
        number = self.open[pair].id
        if how == "sending":
            self.ledger.sending(number, self.now())
        elif how == "unknown":
            self.ledger.unknown(number, "timeout", self.now())
        elif how == "fail":
            self.ledger.fail(number, "refused", self.now())
            del self.open[pair]
        else:
            self.ledger.settle(number, found=None, at=self.now(), by="find")
            del self.open[pair]

    @precondition(lambda self: self.open)
    @rule(data=st.data(), status=STATUSES, tasks=st.lists(st.sampled_from("xy"), max_size=2))
    def land(self, data: st.DataObject, status: Status, tasks: list[str]) -> None:
        pair = data.draw(st.sampled_from(sorted(self.open)))
        self.landed(pair, status, tasks, by_look_up=data.draw(st.booleans()))

    def landed(
        self, pair: tuple[str, str], status: Status, tasks: list[str], *, by_look_up: bool
    ) -> None:
        intent = self.open.pop(pair)
        remote = Remote(f"id{intent.id}", intent.key, status)
        if by_look_up:
            tasks = []
            self.ledger.settle(intent.id, found=remote, at=self.now(), by="find")
        else:
            self.ledger.confirm(
                intent.id, remote=remote, tasks=tasks, prepared=False, at=self.now()
            )
        old = self.model.get(pair)
        if intent.verb is Verb.WITHDRAW:
            self.model.pop(pair, None)
            return
        files = [f.name for f in intent.files]
        new = {
            "id": remote.id, "fields": dict(intent.fields), "files": files,
            "status": status, "tasks": set(tasks), "submitted": "",
        }  # fmt: skip
        if intent.verb is Verb.UPDATE and old is not None:
            new["fields"] = old["fields"] | new["fields"]
            new["files"] = files or old["files"]
            new["tasks"] = old["tasks"] | set(tasks)
            new["status"] = old["status"] if status is Status.UNKNOWN else status
        self.model[pair] = new

    @rule(account=ACCOUNTS, items=st.lists(ITEMS, max_size=4), status=st.none() | STATUSES)
    def submit(self, account: str, items: list[str], status: Status | None) -> None:
        intent = self.ledger.open_intent(
            run=1, account=account, item="", verb=Verb.SUBMIT, key="d", fields={}, files=(),
            tags=(), release="r", at=self.now(),
        )  # fmt: skip
        self.ledger.confirm_submit(
            intent.id, items=items, digest="d", tasks=["csv"], at=self.now(), status=status
        )
        for item in items:
            if known := self.model.get((account, item)):
                known["submitted"] = "d"
                known["tasks"] = known["tasks"] | {"csv"}
                known["status"] = status or known["status"]

    @rule(account=ACCOUNTS, item=ITEMS, status=STATUSES)
    def observe(self, account: str, item: str, status: Status) -> None:
        self.ledger.observe(account, item, status, self.now(), "seen")
        if known := self.model.get((account, item)):
            known["status"] = status

    @rule(account=ACCOUNTS, item=ITEMS, fields=FIELDS, forget=st.booleans())
    def correct(self, account: str, item: str, fields: dict[str, Any], forget: bool) -> None:
        pair = (account, item)
        if pair not in self.model:
            with pytest.raises(Conflict):
                self.ledger.amend(account, item, fields, self.now(), "ana")
        elif forget:
            self.ledger.release(account, item, self.now(), "gone")
            del self.model[pair]
        else:
            self.ledger.amend(account, item, fields, self.now(), "ana")
            self.model[pair]["fields"] = self.model[pair]["fields"] | fields
            self.model[pair]["tasks"] = set()

    @rule(account=ACCOUNTS, item=ITEMS, fields=FIELDS)
    def adopt(self, account: str, item: str, fields: dict[str, Any]) -> None:
        given: dict[str, Any] = {"run": 1, "account": account, "item": item, "key": item}
        given |= {"fields": fields, "release": "r", "at": self.now()}
        remote = Remote("adopted", item, Status.LIVE)
        if (account, item) in self.open:
            with pytest.raises(Conflict):
                self.ledger.adopt(remote=remote, **given)
            return
        self.ledger.adopt(remote=remote, **given)
        self.model[account, item] = {
            "id": "adopted", "fields": dict(fields), "files": [], "status": Status.LIVE,
            "tasks": set(), "submitted": "adopted",
        }  # fmt: skip

    @rule()
    def reopen(self) -> None:
        self.ledger.close()
        self.ledger = Ledger.open(self.place)

    @invariant()
    def the_books_agree(self) -> None:
        bindings = self.ledger.bindings()
        assert bindings == fold(self.ledger.events())
        seen = {
            pair: {
                "id": b.remote_id, "fields": b.fields, "files": [f.name for f in b.files],
                "status": b.status, "tasks": set(b.tasks), "submitted": b.submitted,
            }
            for pair, b in bindings.items()
        }  # fmt: skip
        assert seen == self.model
        assert {i.id for i in self.ledger.unsettled()} == {i.id for i in self.open.values()}


TestHistories = Histories.TestCase
TestHistories.settings = settings(
    max_examples=12,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
