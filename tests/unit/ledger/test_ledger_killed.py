"""A writer is killed with SIGKILL at random moments, again and again; the ledger stays whole each time."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from publisher.ledger import EventKind, IntentState, Ledger, fold

CHILD = Path(__file__).with_name("ledger_child.py")
OPEN = {IntentState.INTENT, IntentState.SENT, IntentState.UNKNOWN}
ENDS = {
    EventKind.INTENT: IntentState.INTENT,
    EventKind.SENT: IntentState.SENT,
    EventKind.FAILURE: IntentState.FAILED,
    EventKind.RECEIPT: IntentState.CONFIRMED,
}
REACHED = {
    "intent": set(IntentState),
    "sent": set(IntentState) - {IntentState.INTENT},
    "failed": {IntentState.FAILED},
    "confirmed": {IntentState.CONFIRMED},
    "settled": {IntentState.CONFIRMED, IntentState.FAILED},
}


def run_and_kill(place: Path, seed: int, dice: random.Random) -> list[list[str]]:
    """Start a writer, kill it after some acknowledgements and a bit; returns what it acknowledged."""
    child = subprocess.Popen(
        [sys.executable, str(CHILD), str(place), str(seed)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert child.stdout is not None
    lines = []
    for _ in range(dice.randrange(1, 60)):
        lines.append(child.stdout.readline())
    time.sleep(dice.random() * 0.01)  # not synchronisation: the random moment of the kill
    child.kill()
    lines += child.stdout.readlines()
    child.wait()
    # The last line may have been cut by the kill.
    return [line.split() for line in lines if line.endswith("\n")]


def check(place: Path, said: list[list[str]]) -> None:
    with sqlite3.connect(place) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    with Ledger.open(place) as ledger:
        events = ledger.events()
        assert ledger.bindings() == fold(events)
        open_pairs = Counter((i.account, i.item) for i in ledger.unsettled())
        assert max(open_pairs.values(), default=1) == 1
        states: dict[int, IntentState] = {}
        for event in events:
            if event.intent is not None:
                states[event.intent] = ENDS.get(event.kind) or (
                    IntentState.FAILED
                    if event.data.get("binding", "no") == "no"
                    else IntentState.CONFIRMED
                )
        for number, state in states.items():
            intent = ledger.intent(number)
            assert intent is not None
            assert intent.state is state
        assert {i.id for i in ledger.unsettled()} == {n for n, s in states.items() if s in OPEN}
        for word, number_said in (words for words in said if len(words) == 2):
            assert states[int(number_said)] in REACHED[word], (word, number_said)


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.rare)])
def test_killing_the_writer_at_any_moment_is_safe(place: Path, seed: int) -> None:
    dice = random.Random(seed)
    rounds = int(os.environ.get("LEDGER_KILLS", "4"))
    done = 0
    for turn in range(rounds):
        said = run_and_kill(place, seed * 1000 + turn, dice)
        # The next writer had the account at once: the kill freed the lock.
        assert said[0] == ["locked"]
        done += len(said)
        check(place, said)
    assert done > rounds
