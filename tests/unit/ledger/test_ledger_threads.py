"""Several threads and several ledgers on one file: nothing is lost, nothing is locked out."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from publisher.errors import Conflict
from publisher.ledger import Ledger, fold
from publisher.listing import Remote
from publisher.row import Verb


def create(ledger: Ledger, account: str, item: str, at: dt.datetime) -> str:
    try:
        intent = ledger.open_intent(
            run=1, account=account, item=item, verb=Verb.CREATE, key=item, fields={"t": item},
            files=(), tags=(), release="r", at=at,
        )  # fmt: skip
    except Conflict:
        return "conflict"
    ledger.sending(intent.id, at)
    ledger.confirm(intent.id, remote=Remote("r", item), tasks=(), prepared=False, at=at)
    return "done"


def test_lanes_write_side_by_side(ledger: Ledger, place: Path, noon: dt.datetime) -> None:
    with Ledger.open(place) as other, ThreadPoolExecutor(8) as pool:
        jobs = [
            pool.submit(create, (ledger, other)[n % 2], f"account{n % 4}", f"item{n}", noon)
            for n in range(120)
        ]
        reads = [pool.submit(ledger.bindings) for _ in range(40)]
        assert [job.result() for job in jobs] == ["done"] * 120
        assert max(len(read.result()) for read in reads) <= 120
    assert len(ledger.bindings()) == 120
    assert ledger.bindings() == fold(ledger.events())
    assert len(ledger.events()) == 360


def test_a_race_for_one_pair_has_one_winner_at_a_time(
    ledger: Ledger, place: Path, noon: dt.datetime
) -> None:
    with Ledger.open(place) as other, ThreadPoolExecutor(6) as pool:
        ends = list(
            pool.map(lambda n: create((ledger, other)[n % 2], "stock", "a", noon), range(60))
        )
    attempts = ends.count("done")
    assert attempts >= 1
    assert len(ledger.events()) == 3 * attempts
    assert ledger.unsettled() == []
