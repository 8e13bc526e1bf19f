"""Many writes in a few bulk operations: one run for products, one for prices alone, and what has to follow.

Every write ends in its own answer. One whose product is made but not yet on its sales channels is not answered
before that is done. A write without an answer is one of which nobody can tell.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from channels.shopify import bulk, documents, inputs
from channels.shopify.answers import not_there, of_errors, refusal
from publisher.channel import Write, Wrote
from publisher.errors import PublisherError
from publisher.listing import Listing, Receipt, Remote, Status
from publisher.row import Verb

if TYPE_CHECKING:
    from channels.shopify.ready import Place
    from channels.shopify.session import ShopifySession
    from channels.shopify.shown import Shown

_READ_ALL = 50
"""From so many products on whose lists must be known, the whole shop is read at once."""


@dataclass
class _Job:
    """One write on its way: the variables of its run, and what is known of it so far."""

    write: Write
    document: str
    variables: Mapping[str, Any]
    meta: frozenset[str] = frozenset()
    pictures: bool = True
    shown: bool | None = None
    """Whether an update puts the product on its sales channels (True) or takes it off (False)."""
    identity: str = ""
    receipt: Receipt | None = None
    left: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    """What has to follow: documents with their variables."""


def write_many(session: ShopifySession, writes: Sequence[Write]) -> Iterator[Wrote]:
    """Carry the writes out. Yields each answer as soon as it is certain; see ``Session.write_many``."""
    session.ready.writable()
    jobs, refused = _jobs(session, writes)
    yield from refused
    announced = False
    for document in (documents.SET_PRODUCT, documents.SET_PRICES):
        own = [j for j in jobs if j.document == document]
        if own:
            yield from _carried_out(session, document, own, first=not announced)
            announced = True
    yield from _followed(session, [j for j in jobs if j.left and j.receipt is not None], announced)


def _jobs(session: ShopifySession, writes: Sequence[Write]) -> tuple[list[_Job], list[Wrote]]:
    there = _known(session, writes)
    news = [w.key for w in writes if w.verb is Verb.CREATE]
    places = session.ready.places_of(news)
    jobs, refused = [], []
    for write in writes:
        try:
            jobs.append(_job(session, write, places.get(write.key), there))
        except PublisherError as error:
            refused.append(Wrote(write.key, error=error))
    return jobs, refused


def _job(
    session: ShopifySession, write: Write, place: Place | None, there: Mapping[str, Shown]
) -> _Job:
    if write.verb is Verb.WITHDRAW or write.listing is None:
        assert write.remote is not None
        taken_off = inputs.command({"id": write.remote.id}, {"status": "ARCHIVED"})
        return _Job(write, documents.SET_PRODUCT, taken_off, identity=write.remote.id)
    session.ready.priced_in(write.listing)
    if write.verb is Verb.CREATE:
        identifier, product = session.new_product(write.listing, write.staged, place)
        return _Job(write, documents.SET_PRODUCT, inputs.command(identifier, product))
    assert write.remote is not None
    parts = inputs.parts_of(write.changes)
    identity = write.remote.id
    if parts.prices_only:
        known = session.ready.variants_of(write.remote) or _names(there.get(identity))
        wanted = inputs.repriced(write.changes, known)
        variables = {"productId": identity, "variants": wanted}
        return _Job(write, documents.SET_PRICES, variables, identity=identity)
    product = session.changed_product(write.listing, write.staged, parts, there.get(identity))
    # The identifier alone changes nothing: what follows still has a product to follow.
    return _Job(
        write,
        documents.SET_PRODUCT,
        inputs.command({"id": identity}, product),
        meta=parts.meta,
        pictures=parts.pictures,
        shown=bool(write.listing.fields.get("published")) if parts.published else None,
        identity=identity,
    )


def _names(there: Shown | None) -> dict[str, str]:
    return {v.name: v.id for v in there.variants if v.name} if there is not None else {}


def _known(session: ShopifySession, writes: Sequence[Write]) -> Mapping[str, Shown]:
    """The products whose lists must be known before they are written."""
    needed: dict[str, Remote] = {}
    for write in writes:
        if write.verb is not Verb.UPDATE or write.remote is None:
            continue
        parts = inputs.parts_of(write.changes)
        names = {c.field.partition(".")[2] for c in write.changes}
        priced = parts.prices_only and names <= set(session.ready.variants_of(write.remote))
        if not priced and (parts.lists or parts.prices_only):
            needed[write.remote.id] = write.remote
    if len(needed) <= _READ_ALL:
        found = {i: session.looks.of(r) for i, r in needed.items()}
        return {i: shown for i, shown in found.items() if shown is not None}
    pages = session.looks.pages(bulk=True)
    return {p.id: p for page in pages for p in page if p.id in needed}


def _carried_out(
    session: ShopifySession, document: str, jobs: Sequence[_Job], *, first: bool
) -> Iterator[Wrote]:
    results = bulk.run(session.shop, document, [j.variables for j in jobs], first=first)
    for number, line in results:
        job = jobs[number]
        try:
            _took(session, job, line)
        except PublisherError as error:
            yield Wrote(job.write.key, error=error)
            continue
        if not job.left:
            yield Wrote(job.write.key, receipt=job.receipt)


def _took(session: ShopifySession, job: _Job, line: Mapping[str, Any]) -> None:
    """Read one result line. Raises what it means; fills the job's receipt and what has to follow."""
    if errors := line.get("errors"):
        raise of_errors(errors, None, write=True, now=session.context.now())
    data = line.get("data") or {}
    write = job.write
    if job.document == documents.SET_PRICES:
        assert write.listing is not None and write.remote is not None
        answer = data["productVariantsBulkUpdate"]
        wanted = job.variables["variants"]
        job.receipt = session.repriced(write.remote, write.listing, wanted, answer)
        return
    answer = data["productSet"]
    if write.listing is None:
        _gone(job, answer)
        return
    product = job.variables["input"]
    node = session.accepted(write.listing, product, answer)
    job.identity = str(node["id"])
    staged = write.staged if job.pictures else ()
    job.receipt = session.receipt(write.listing, node, product, staged)
    job.left = _follows(session, job, write.listing, node)


def _gone(job: _Job, answer: Mapping[str, Any]) -> None:
    write = job.write
    if error := not_there(write.key, answer["userErrors"]):
        raise error
    job.receipt = Receipt(Remote(job.identity, write.key, Status.GONE))


def _follows(
    session: ShopifySession, job: _Job, listing: Listing, node: Mapping[str, Any]
) -> list[tuple[str, Mapping[str, Any]]]:
    found: list[tuple[str, Mapping[str, Any]]] = []
    if job.meta:
        tags = inputs.metafields(listing, job.write.staged, job.meta)
        if tags:
            owned = [{**m, "ownerId": job.identity} for m in tags]
            found.append((documents.SET_METAFIELDS, {"metafields": owned}))
        if dropped := inputs.cleared(listing, job.identity, job.meta):
            found.append((documents.DELETE_METAFIELDS, {"metafields": dropped}))
    if job.write.verb is Verb.CREATE:
        channels, document = session.missing(listing, node), documents.PUBLISH
    elif job.shown is not None:
        channels = tuple(session.ready.publications)
        document = documents.PUBLISH if job.shown else documents.UNPUBLISH
    else:
        channels, document = (), ""
    if channels:
        places = [{"publicationId": p} for p in channels]
        found.append((document, {"id": job.identity, "input": places}))
    return found


_ANSWERS = {
    documents.SET_METAFIELDS: "metafieldsSet",
    documents.DELETE_METAFIELDS: "metafieldsDelete",
    documents.PUBLISH: "publishablePublish",
    documents.UNPUBLISH: "publishableUnpublish",
}


def _followed(session: ShopifySession, jobs: Sequence[_Job], announced: bool) -> Iterator[Wrote]:
    """Carry out what has to follow, one run per kind, and answer the writes that it completes."""
    for document, name in _ANSWERS.items():
        own = [(j, v) for j in jobs for d, v in j.left if d == document]
        if not own:
            continue
        lines = [variables for _, variables in own]
        for number, line in bulk.run(session.shop, document, lines, first=not announced):
            job = own[number][0]
            try:
                _done(session, job, name, line)
            except PublisherError as error:
                yield Wrote(job.write.key, error=error)
                job.left = []
                continue
            job.left = [(d, v) for d, v in job.left if d != document]
            if not job.left:
                yield Wrote(job.write.key, receipt=job.receipt)


def _done(session: ShopifySession, job: _Job, name: str, line: Mapping[str, Any]) -> None:
    if errors := line.get("errors"):
        raise of_errors(errors, None, write=True, now=session.context.now())
    if error := refusal(job.write.key, (line.get("data") or {})[name]["userErrors"]):
        raise error
