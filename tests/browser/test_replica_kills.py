"""The kill matrix: our process, the browser and its driver die at every state of the journal, under every fault.

Whatever dies, the replica's own books never hold two works for one intent, the ledger never says published of a
work that is not there, and the next run finds what the killed one left.
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
from publisher.ledger.records import IntentState
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
QUICK = {
    ("process", "submitting", ""),
    ("process", "submitted", "lost_response"),
    ("browser", "submitted", ""),
    ("driver", "proved", ""),
}
NOW = dt.datetime(2026, 11, 26, 9, tzinfo=dt.UTC)
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
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_project(tmp_path_factory.mktemp("project"), "redbubble", works=1)


def _run(victim: subprocess.Popen[str], order: Order) -> int:
    assert victim.stdin is not None and victim.stdout is not None
    victim.stdin.write(json.dumps(asdict(order)) + "\n")
    victim.stdin.flush()
    return int(victim.stdout.readline())


def _cases() -> list[Any]:
    every = itertools.product(TARGETS, POINTS, FAULTS)
    return [
        pytest.param(
            *case,
            id="-".join(c or "calm" for c in case),
            marks=() if case in QUICK else pytest.mark.rare,
        )
        for case in every
    ]


@pytest.mark.parametrize(("target", "point", "fault"), _cases())
def test_a_kill(
    victim: subprocess.Popen[str],
    project: Path,
    tmp_path: Path,
    target: str,
    point: str,
    fault: str,
) -> None:
    (tmp_path / "sandbox").mkdir()
    sandbox = AdapterSandbox(load_row("redbubble"), "redbubble", tmp_path / "sandbox")
    settings = {**sandbox.start(), "PROOF_SECONDS": "2"}
    order = Order(str(project), str(tmp_path), "redbubble", settings, NOW.isoformat())
    try:
        if fault:
            sandbox.fault(fault, times=1, **FAULTS[fault])
        status = _run(victim, Order(**{**asdict(order), "point": point, "target": target}))
        assert target != "process" or status == signal.SIGKILL or (point == "proved" and fault)
        _agree(sandbox, tmp_path)
        later = (NOW + dt.timedelta(days=1)).isoformat()
        assert _run(victim, Order(**{**asdict(order), "now": later})) == 0
        _agree(sandbox, tmp_path)
        _settled(sandbox, tmp_path)
    finally:
        sandbox.stop()


def _agree(sandbox: AdapterSandbox, folder: Path) -> None:
    """Never two works for one intent, and never published without a work."""
    works = sandbox.site.books.works
    assert all(landed.count == 1 for landed in sandbox.landed()), sandbox.landed()
    with Ledger.open(folder / "state" / "ledger.sqlite") as ledger:
        bound = ledger.bindings("redbubble")
        assert {b.remote_id for b in bound.values()} <= set(works)
        unknown = [i for i in ledger.unsettled("redbubble") if i.state is IntentState.UNKNOWN]
        assert len(works) <= len(bound) + len(ledger.unsettled("redbubble")), (
            works,
            bound,
            unknown,
        )


def _settled(sandbox: AdapterSandbox, folder: Path) -> None:
    """A work that is there is bound; what is not there waits for a person, or went through by itself."""
    works = sandbox.site.books.works
    with Ledger.open(folder / "state" / "ledger.sqlite") as ledger:
        bound = ledger.bindings("redbubble")
        open_intents = ledger.unsettled("redbubble")
    assert {b.remote_id for b in bound.values()} == set(works)
    assert len(bound) + len(open_intents) == 1
