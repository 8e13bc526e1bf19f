"""Many writes in a few bulk operations: one run per kind of command, whatever number of products takes part.

Each write is a short list of commands, carried out in the order of ``_ORDER``; it is answered when the last one
is through. A write that a run gave no line for is one of which nobody can tell: it gets no further command and
no answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from channels.shopify import bulk, documents, inputs
from channels.shopify.answers import not_there, of_errors, refusal
from channels.shopify.ready import Place
from publisher.channel import Write, Wrote
from publisher.errors import PublisherError, Rejected
from publisher.listing import Listing, Receipt, Remote, Status
from publisher.row import Verb

if TYPE_CHECKING:
    from channels.shopify.session import ShopifySession
    from channels.shopify.shown import Shown

_READ_ALL = 10
"""From so many products that must be known on, the whole shop is read at once."""

_ORDER = {
    documents.SET_METAFIELDS: "metafieldsSet",
    documents.DELETE_METAFIELDS: "metafieldsDelete",
    documents.SET_MANY: "productSet",
    documents.SET_PRICES: "productVariantsBulkUpdate",
    documents.PUBLISH: "publishablePublish",
    documents.UNPUBLISH: "publishableUnpublish",
}
"""Commands in order, with what their answers are called."""

_ADAPTED = {documents.SET_MANY: documents.set_many}

Command = tuple[str, Mapping[str, Any]]


@dataclass
class _Job:
    """One write on its way."""

    write: Write
    commands: list[Command]
    pictures: bool = True
    """Whether the product's pictures are those of the write."""
    receipt: Receipt | None = None
    lost: bool = False

    def next(self, document: str) -> Mapping[str, Any] | None:
        """The variables of the next command, when it is this one."""
        if self.lost or not self.commands or self.commands[0][0] != document:
            return None
        return self.commands[0][1]


@dataclass
class _Known:
    """Products whose lists must be known before they are written, by their id there."""

    there: dict[str, Shown] = field(default_factory=dict)


def write_many(session: ShopifySession, writes: Sequence[Write]) -> Iterator[Wrote]:
    """Carry the writes out. Yields each answer as soon as it is certain; see ``Session.write_many``."""
    session.ready.writable()
    known = _look(session, writes)
    jobs, refused = [], []
    for write in writes:
        try:
            jobs.append(_job(session, write, known))
        except Rejected as error:
            refused.append(Wrote(write.key, error=error))
    yield from refused
    first = True
    for document in _ORDER:
        own = [(job, job.next(document)) for job in jobs]
        going = [(job, variables) for job, variables in own if variables is not None]
        if going:
            yield from _carried_out(session, document, going, first=first)
            first = False


def _carried_out(
    session: ShopifySession,
    document: str,
    going: Sequence[tuple[_Job, Mapping[str, Any]]],
    *,
    first: bool,
) -> Iterator[Wrote]:
    open_still = dict(enumerate(job for job, _ in going))
    lines = [variables for _, variables in going]
    # A bulk mutation has no variable for the sales channels: they stand in its text.
    text = _ADAPTED.get(document, lambda _channels: document)(session.ready.publications)
    for number, line in bulk.run(session.shop, text, lines, first=first):
        job = open_still.pop(number, None)
        if job is None:
            continue
        try:
            _took(session, job, line)
        except PublisherError as error:
            job.lost = True
            yield Wrote(job.write.key, error=error)
            continue
        if not job.commands:
            yield Wrote(job.write.key, receipt=job.receipt)
    for job in open_still.values():
        job.lost = True


def _took(session: ShopifySession, job: _Job, line: Mapping[str, Any]) -> None:
    """Read one result line. Raises what it means, else the job is one command further."""
    if errors := line.get("errors"):
        raise of_errors(errors, None, write=True, now=session.context.now())
    document, variables = job.commands[0]
    answer = (line.get("data") or {})[_ORDER[document]]
    write, listing = job.write, job.write.listing
    more: list[Command] = []
    if listing is None:
        if error := not_there(write.key, answer["userErrors"]):
            raise error
    elif document == documents.SET_MANY:
        node = session.products.accepted(listing, variables["input"], answer)
        job.receipt = session.products.receipt(
            listing, node, variables["input"], write.staged if job.pictures else ()
        )
        if write.verb is Verb.CREATE:
            more = _publish(str(node["id"]), session.products.missing(listing, node), shown=True)
    elif document == documents.SET_PRICES:
        assert write.remote is not None
        wanted = variables["variants"]
        job.receipt = session.products.repriced(write.remote, listing, wanted, answer)
    elif error := refusal(listing.item, answer["userErrors"]):
        raise error
    job.commands = [*job.commands[1:], *more]


def _job(session: ShopifySession, write: Write, known: _Known) -> _Job:
    listing, remote = write.listing, write.remote
    if write.verb is Verb.WITHDRAW or listing is None:
        assert remote is not None
        taken_off = _command({"id": remote.id}, {"status": "ARCHIVED"})
        gone = Receipt(Remote(remote.id, write.key, Status.GONE))
        return _Job(write, [(documents.SET_MANY, taken_off)], receipt=gone)
    session.ready.priced_in(listing)
    if write.verb is Verb.CREATE:
        return _Job(write, _creation(session, write, listing, known))
    assert remote is not None
    parts = inputs.parts_of(write.changes)
    there = known.there.get(remote.id)
    receipt = Receipt(Remote(remote.id, listing.key), tasks=listing.tasks)
    if parts.prices_only:
        ids = session.ready.variants_of(remote) or _names(there)
        wanted = inputs.repriced(write.changes, ids)
        variables = {"productId": remote.id, "variants": wanted}
        return _Job(write, [(documents.SET_PRICES, variables)], receipt=receipt)
    commands = _tags(remote.id, write, listing, parts.meta) if parts.meta else []
    product = session.products.changed_product(listing, write.staged, parts, there)
    if product:
        commands.append((documents.SET_MANY, _command({"id": remote.id}, product)))
    if parts.published:
        shown = bool(listing.fields.get("published"))
        commands += _publish(remote.id, session.ready.publications, shown=shown)
    return _Job(write, commands, pictures=parts.pictures, receipt=receipt)


def _command(identifier: Mapping[str, Any], product: Mapping[str, Any]) -> dict[str, Any]:
    found = inputs.command(identifier, product)
    del found["media"]
    return found


def _creation(
    session: ShopifySession, write: Write, listing: Listing, known: _Known
) -> list[Command]:
    place = session.products.place_for(listing, write.staged)
    if place is None:
        product = session.products.new_product(listing, write.staged)
        variables = _command(inputs.identifier(listing.key), product)
        return [(documents.SET_MANY, variables)]
    there = known.there.get(place.id)
    if there is None:
        there = session.looks.there(Remote(place.id, listing.key), listing.item)
    product = session.products.old_product(listing, write.staged, there)
    tags = _tags(place.id, write, listing, None)
    return [*tags, (documents.SET_MANY, _command({"id": place.id}, product))]


def _tags(
    identity: str, write: Write, listing: Listing, names: frozenset[str] | None
) -> list[Command]:
    found: list[Command] = []
    if tags := inputs.metafields(listing, write.staged, names):
        owned = [{**m, "ownerId": identity} for m in tags]
        found.append((documents.SET_METAFIELDS, {"metafields": owned}))
    if names and (dropped := inputs.cleared(listing, identity, names)):
        found.append((documents.DELETE_METAFIELDS, {"metafields": dropped}))
    return found


def _publish(identity: str, channels: Sequence[str], *, shown: bool) -> list[Command]:
    if not channels:
        return []
    places = [{"publicationId": p} for p in channels]
    document = documents.PUBLISH if shown else documents.UNPUBLISH
    return [(document, {"id": identity, "input": places})]


def _names(there: Shown | None) -> dict[str, str]:
    return {v.name: v.id for v in there.variants if v.name} if there is not None else {}


def _look(session: ShopifySession, writes: Sequence[Write]) -> _Known:
    """Look at what must be known: one at a time, or, from some number on, all of the shop at once."""
    changed = {w.remote.id: w.remote for w in writes if w.remote and _needs_a_look(session, w)}
    news = {w.key for w in writes if w.verb is Verb.CREATE}
    if len(news) <= _READ_ALL or session.ready.knows_all_keys():
        places = {key: session.ready.place_of(key) for key in news}
        old = {p.id: Remote(p.id, key) for key, p in places.items() if p is not None}
        if len(changed) + len(old) <= _READ_ALL:
            found = {i: session.looks.of(r) for i, r in (changed | old).items()}
            return _Known({i: shown for i, shown in found.items() if shown is not None})
    there = {
        p.id: p
        for page in session.looks.pages(bulk=True)
        for p in page
        if p.id in changed or (p.ours and p.key in news)
    }
    taken = {p.key: Place(p.id, p.status) for p in there.values() if p.ours}
    session.ready.learn({key: taken.get(key) for key in news})
    return _Known(there)


def _needs_a_look(session: ShopifySession, write: Write) -> bool:
    if write.verb is not Verb.UPDATE or write.remote is None:
        return False
    parts = inputs.parts_of(write.changes)
    if parts.prices_only:
        names = {c.field.partition(".")[2] for c in write.changes}
        return not names <= set(session.ready.variants_of(write.remote))
    return parts.lists
