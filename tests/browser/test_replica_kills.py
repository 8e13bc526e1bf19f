"""The kill matrix: our process, the browser and its driver die at every state of the journal, under every fault.

Whatever dies, the replica's own books never hold two works for one intent, the ledger never says published of a
work that is not there, and the next run settles what the killed one left: afterwards the work is there once.
"""

from __future__ import annotations

import datetime as dt
import itertools
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from channels.browser.sandbox import AdapterSandbox
from publisher.discovery import load_row
from publisher.ledger.store import Ledger
from tests.browser.replica_project import write_project
from tests.browser.replica_victim import POINTS, Order

ROOT = Path(__file__).parents[2]
TARGETS = ("process", "browser", "driver")
FAULTS: dict[str, dict[str, Any]] = {
    "": {},
    "lost_response": {},
    "slow_submit": {"seconds": 0.6},
    "submit_ignored": {},
    "created_500": {},
    "refused_500": {},
    "odd_success": {"page": True},
    "double_submit": {},
}
"""Faults 1 to 7, each striking the first submit that comes; the empty name is none."""
SLICE = ("", "lost_response", "submit_ignored", "created_500")
"""Faults 1, 3 and 4, for the sites beside the one with the whole matrix."""
QUICK = {
    ("redbubble", "process", "submitting", ""),
    ("redbubble", "process", "submitted", "lost_response"),
    ("redbubble", "browser", "submitted", ""),
}
NOW = dt.datetime(2026, 11, 26, 9, tzinfo=dt.UTC)
LATER = dt.timedelta(days=3)
"""Longer than any of the profiles gives a work to appear in its site's list."""
pytestmark = pytest.mark.skipif(shutil.which("chromium") is None, reason="there is no Chromium")


@pytest.fixture(scope="module")
def victim() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.browser.replica_victim"],
        cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        yield process
        assert process.stdin is not None
        process.stdin.close()


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return {
        name: write_project(tmp_path_factory.mktemp(name), name, works=1)
        for name in ("redbubble", "zazzle", "stock-portal")
    }


def _run(victim: subprocess.Popen[str], order: Order) -> int:
    assert victim.stdin is not None and victim.stdout is not None
    victim.stdin.write(json.dumps(asdict(order)) + "\n")
    victim.stdin.flush()
    return int(victim.stdout.readline())


def _cases() -> list[Any]:
    every = [
        *itertools.product(("redbubble",), TARGETS, POINTS, FAULTS),
        *itertools.product(("zazzle", "stock-portal"), TARGETS, POINTS, SLICE),
    ]
    return [
        pytest.param(
            *case,
            id="-".join(c or "calm" for c in case),
            marks=() if case in QUICK else pytest.mark.rare,
        )
        for case in every
    ]


@pytest.mark.parametrize(("site", "target", "point", "fault"), _cases())
def test_a_kill(
    victim: subprocess.Popen[str],
    projects: dict[str, Path],
    tmp_path: Path,
    site: str,
    target: str,
    point: str,
    fault: str,
) -> None:
    (tmp_path / "sandbox").mkdir()
    sandbox = AdapterSandbox(load_row(site), site, tmp_path / "sandbox")
    settings = {**sandbox.start(), "PROOF_SECONDS": "2"}
    order = Order(str(projects[site]), str(tmp_path), site, settings, NOW.isoformat())
    try:
        if fault:
            sandbox.fault(fault, times=1, **FAULTS[fault])
        status = _run(victim, Order(**{**asdict(order), "point": point, "target": target}))
        assert target != "process" or status == signal.SIGKILL or (point == "proved" and fault)
        _agree(sandbox, tmp_path, site)
        # What died before the fault could strike leaves the fault to the next run, and that to the one after it.
        struck = sandbox.site.faults.options(fault) is None if fault else True
        for number in range(1 if struck else 2):
            later = NOW + LATER * (number + 1)
            assert _run(victim, Order(**{**asdict(order), "now": later.isoformat()})) == 0
            # The replica's clock is the machine's; what it says of the time has to go with ours.
            for work in sandbox.site.books.works.values():
                work.time = max(work.time, later)
            _agree(sandbox, tmp_path, site)
        _settled(sandbox, tmp_path, site)
    finally:
        sandbox.stop()


def _agree(sandbox: AdapterSandbox, folder: Path, account: str) -> None:
    """Never two works for one intent, and never published without a work."""
    works = sandbox.site.books.works
    assert all(landed.count == 1 for landed in sandbox.landed()), sandbox.landed()
    with Ledger.open(folder / "state" / "ledger.sqlite") as ledger:
        bound = ledger.bindings(account)
        assert {b.remote_id for b in bound.values()} <= set(works)
        open_still = ledger.unsettled(account)
        assert len(works) <= len(bound) + len(open_still), (works, bound, open_still)


def _settled(sandbox: AdapterSandbox, folder: Path, account: str) -> None:
    """The work is there, once, and bound; nothing is open, and nobody has to be asked."""
    works = sandbox.site.books.works
    with Ledger.open(folder / "state" / "ledger.sqlite") as ledger:
        bound = ledger.bindings(account)
        assert ledger.unsettled(account) == []
    assert [b.remote_id for b in bound.values()] == list(works)
    assert len(works) == 1
