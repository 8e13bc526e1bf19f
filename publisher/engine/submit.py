"""The batch step of an account: everything that is there but not yet in a confirmed batch.

One intent per batch; the batch is named by the digest of its content, so that the same batch is the same
file and never two.
"""

from __future__ import annotations

from publisher.engine.batch import batch_digest, sorted_batch
from publisher.engine.desk import Desk, Worker
from publisher.errors import OutcomeUnknown, PublisherError
from publisher.listing import Listing, Remote
from publisher.observe import Account
from publisher.row import Verb


def submit(desk: Desk, account: Account, worker: Worker) -> tuple[str, ...]:
    """Send the batch in when there is one; returns what a person still has to do for it."""
    if Verb.SUBMIT not in account.row.can:
        return ()
    waiting = desk.ledger.unsubmitted(account.name)
    pending = sorted_batch([b for b in waiting if account.prepares or not b.prepared])
    if not pending or desk.stop.is_set():
        return ()
    digest = batch_digest(pending)
    items = tuple(b.item for b in pending)
    intent = desk.ledger.open_intent(
        run=desk.run,
        account=account.name,
        item="",
        verb=Verb.SUBMIT,
        key=digest,
        fields={"items": items, "digest": digest},
        files=(),
        tags=(),
        release=desk.plan.release,
        at=desk.door.clock.now(),
    )
    worker.hold(intent)
    batch = [
        (
            Listing(b.item, account.name, b.key, dict(b.fields), tasks=b.tasks),
            Remote(b.remote_id, b.key, b.status, b.url),
        )
        for b in pending
    ]
    try:
        receipt = worker.open().submit(batch, digest)
    except OutcomeUnknown as error:
        desk.ledger.unknown(intent.id, error.sentence, desk.door.clock.now())
        raise
    except PublisherError as error:
        desk.ledger.fail(intent.id, error.sentence, desk.door.clock.now())
        raise
    except Exception as error:
        desk.ledger.unknown(intent.id, type(error).__name__, desk.door.clock.now())
        raise
    finally:
        worker.hold()
    desk.ledger.confirm_submit(
        intent.id,
        items=items,
        digest=digest,
        tasks=receipt.tasks,
        at=desk.door.clock.now(),
    )
    return receipt.tasks
