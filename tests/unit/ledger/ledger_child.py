"""A process that writes into a ledger until it is killed, and says what it was told is done.

Every line on stdout is an acknowledgement: what it names must be in the ledger afterwards.
"""

from __future__ import annotations

import datetime as dt
import random
import sys

from publisher.ledger import IntentState, Ledger, SentFile
from publisher.listing import Remote, Status
from publisher.row import Verb

NOW = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)


def say(*words: object) -> None:
    print(*words, flush=True)


def work(place: str, seed: int) -> None:
    """Write for ever: settle what is open, then create, update or withdraw some item."""
    dice = random.Random(seed)
    with Ledger.open(place) as ledger, ledger.lock("stock", NOW):
        say("locked")
        run = ledger.begin_run("push", f"d{seed}", NOW)
        for left in ledger.unsettled("stock"):
            found = Remote("r", left.key) if left.state is IntentState.SENT else None
            ledger.settle(left.id, found=found, at=NOW, by="find")
            say("settled", left.id)
        for turn in range(1_000_000):
            item = f"i{dice.randrange(6)}"
            verb = dice.choice([Verb.CREATE, Verb.UPDATE, Verb.WITHDRAW])
            intent = ledger.open_intent(
                run=run,
                account="stock",
                item=item,
                verb=verb,
                key=item,
                fields={"title": f"{seed}-{turn}", "keywords": ("a", str(turn))},
                files=[SentFile(f"{item}.jpg", f"{turn:064x}", turn)],
                tags=(),
                release="winter",
                at=NOW,
            )
            say("intent", intent.id)
            ledger.sending(intent.id, NOW)
            say("sent", intent.id)
            if dice.random() < 0.1:
                ledger.fail(intent.id, "refused", NOW)
                say("failed", intent.id)
                continue
            remote = Remote("r", item, Status.LIVE)
            ledger.confirm(intent.id, remote=remote, tasks=("look",), prepared=False, at=NOW)
            say("confirmed", intent.id)


if __name__ == "__main__":
    work(sys.argv[1], int(sys.argv[2]))
