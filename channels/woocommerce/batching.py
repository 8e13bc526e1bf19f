"""Many writes in few requests: up to a hundred products in one call, with an answer for each.

What needs steps of its own (variations, a SKU that is taken) goes one by one after the batch. A batch whose
answer got lost is unknown as a whole; nothing of it is sent a second time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from channels.woocommerce.asking import is_varied, withdrawal
from channels.woocommerce.client import Shop
from channels.woocommerce.looking import PRODUCTS
from channels.woocommerce.prices import check_echo, is_price
from channels.woocommerce.readback import status_of
from channels.woocommerce.refusals import NO_PRODUCT, TOO_LARGE, error_code, refusal
from channels.woocommerce.writing import Writing
from publisher.channel import Context, Write, Wrote
from publisher.errors import Conflict, OutcomeUnknown, PublisherError, Rejected, Scope, Transient
from publisher.listing import Receipt, Remote, Status
from publisher.row import Verb

Product = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Part:
    """One write as an entry of a batch: of its ``create`` list, or of its ``update`` list."""

    write: Write
    kind: str
    body: Product


class Batching:
    """Carries out the writes of one batch."""

    def __init__(self, shop: Shop, writing: Writing, context: Context) -> None:
        self._shop = shop
        self._writing = writing
        self._context = context

    def run(self, writes: Sequence[Write]) -> Iterator[Wrote]:
        """One answer per write. What concerns them all, or passes, is raised: before the batch it goes
        out nothing has landed, and after it what has no answer is looked up.
        """
        parts: list[_Part] = []
        single: list[Write] = []
        settled = list(self._sorted(writes, parts, single))
        if parts:
            self._context.sending()
            yield from self._sent(parts)
        yield from settled
        for write in single:
            yield self._tried(write.key, partial(self._one, write))

    def _tried(self, key: str, action: Callable[[], Receipt]) -> Wrote:
        """The answer to one write. Raises what is not about this one item, and what passes."""
        try:
            return Wrote(key, action())
        except PublisherError as error:
            if error.scope is not Scope.ITEM or isinstance(error, Transient):
                raise
            return Wrote(key, error=error)

    # Before the batch

    def _sorted(
        self, writes: Sequence[Write], parts: list[_Part], single: list[Write]
    ) -> Iterator[Wrote]:
        """Fill ``parts`` and ``single``; what is settled without a request is answered at once."""
        creates = [w.key for w in writes if w.verb is Verb.CREATE]
        bound = [w.remote.id for w in writes if w.remote is not None and not _is_pricing(w)]
        by_sku = self._writing.catalogue.by_sku(creates, trash=False)
        by_id = self._writing.catalogue.by_id(bound)
        for write in writes:
            number = write.remote.id if write.remote is not None else ""
            there = by_sku.get(write.key) if write.verb is Verb.CREATE else by_id.get(number)
            try:
                found = self._part(write, there)
            except PublisherError as error:
                if error.scope is not Scope.ITEM or isinstance(error, Transient):
                    raise
                yield Wrote(write.key, error=error)
                continue
            if isinstance(found, _Part):
                parts.append(found)
            elif isinstance(found, Receipt):
                yield Wrote(write.key, found)
            else:
                single.append(write)

    def _part(self, write: Write, there: Product | None) -> _Part | Receipt | None:
        """An entry of the batch; a receipt where there is nothing to do; None for what goes alone."""
        if write.verb is Verb.WITHDRAW:
            if there is None or status_of(there)[0] is Status.GONE:
                return Receipt(
                    Remote(write.remote.id if write.remote else "", write.key, Status.GONE)
                )
            return _Part(write, "update", {"id": there["id"], **withdrawal()})
        listing = write.listing
        if listing is None:
            raise Rejected(f"{write.key}: there is no listing to write")
        if write.verb is Verb.CREATE:
            if there is not None:
                return None
            return _Part(write, "create", self._writing.asking.new_product(listing, write.staged))
        fields = {**listing.fields, **{c.field: c.new for c in write.changes}}
        if is_varied(fields) or write.remote is None:
            return None
        if _is_pricing(write):
            body = {"id": int(write.remote.id), **self._writing.asking.prices(fields)}
            return _Part(write, "update", body)
        if there is None or status_of(there)[0] in (Status.GONE, Status.PARTIAL):
            return None
        names = {c.field for c in write.changes}
        asked = self._writing.asking.change(there, listing, fields, names, write.staged)
        return _Part(write, "update", {"id": there["id"], **asked})

    def _one(self, write: Write) -> Receipt:
        if write.verb is Verb.WITHDRAW or write.listing is None:
            return self._writing.withdraw(write.remote or Remote("", write.key))
        if write.verb is Verb.CREATE:
            return self._writing.create(write.listing, write.staged, write.key)
        remote = write.remote or Remote("", write.key)
        return self._writing.update(remote, write.listing, write.changes, write.staged)

    # The batch

    def _sent(self, parts: Sequence[_Part]) -> Iterator[Wrote]:
        """Send the entries, in halves where the shop finds them too many."""
        batch: dict[str, list[Product]] = {}
        for part in parts:
            batch.setdefault(part.kind, []).append(part.body)
        answer = self._shop.write("POST", f"{PRODUCTS}/batch", batch)
        if answer.status == TOO_LARGE and len(parts) > 1:
            middle = len(parts) // 2
            yield from self._sent(parts[:middle])
            yield from self._sent(parts[middle:])
        elif not answer.good:
            error = refusal("the batch", answer.data, answer.status)
            yield from (Wrote(p.write.key, error=error) for p in parts)
        else:
            yield from self._read(parts, answer.data)

    def _read(self, parts: Sequence[_Part], told: Any) -> Iterator[Wrote]:
        for kind in ("create", "update"):
            asked = [p for p in parts if p.kind == kind]
            entries = told.get(kind, []) if isinstance(told, dict) else []
            for place, part in enumerate(asked):
                entry = entries[place] if place < len(entries) else None
                yield self._answer(part, entry)

    def _answer(self, part: _Part, entry: Any) -> Wrote:
        """The answer to one entry; the shop keeps their order."""
        if not isinstance(entry, dict):
            left_out = OutcomeUnknown(f"{part.write.key}: the shop's answer leaves it out")
            return Wrote(part.write.key, error=left_out)
        return self._tried(part.write.key, partial(self._receipt, part, entry))

    def _receipt(self, part: _Part, entry: Mapping[str, Any]) -> Receipt:
        write, listing = part.write, part.write.listing
        refused = entry.get("error")
        if write.verb is Verb.WITHDRAW or listing is None:
            if refused and error_code(refused) != NO_PRODUCT:
                raise refusal(write.key, refused)
            return Receipt(Remote(str(part.body["id"]), write.key, Status.GONE))
        if refused and write.verb is Verb.CREATE:
            return self._writing.in_the_way(refused, listing, write.staged)
        if refused:
            if error_code(refused) == NO_PRODUCT:
                raise Conflict(f"{write.key}: the product is gone there")
            raise refusal(write.key, refused)
        product = dict(entry)
        if write.verb is Verb.CREATE:
            return self._writing.created(product, part.body, listing, write.staged)
        check_echo(write.key, part.body, product)
        return self._writing.receipt(product, listing, write.staged)


def _is_pricing(write: Write) -> bool:
    return (
        write.verb is Verb.UPDATE
        and bool(write.changes)
        and all(is_price(c.field) for c in write.changes)
    )
