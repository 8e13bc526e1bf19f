"""A Shopify shop on loopback: the Admin API over HTTP, executed from the real types where they are cached.

Its books tell what was made and how often, what every request cost and what was asked. It stands in for a shop in
rehearsals and tests, and is never reachable from another machine.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import orjson

from channels.shopify.sandbox_store.faults import NAMES
from channels.shopify.schema import graphql_core
from publisher.channel import Landed, Sandbox
from publisher.row import Row

if TYPE_CHECKING:
    from channels.shopify.sandbox_store.books import Asked
    from channels.shopify.sandbox_store.server import ShopServer


class AdapterSandbox(Sandbox):
    """One shop. ``terms`` change its plan and limits, before or after the start.

    ``login`` says what ``start`` hands out: ``client`` (id and secret of the shop's own app) or ``token``.
    """

    faults: ClassVar[tuple[str, ...]] = NAMES

    def __init__(self, row: Row, account: str, folder: Path) -> None:
        super().__init__(row, account, folder)
        graphql_core()
        from channels.shopify.sandbox_store.faults import Faults
        from channels.shopify.sandbox_store.terms import Terms

        self.terms = Terms()
        self.login = "client"
        self.shop_name = "sandbox-shop"
        self._faults = Faults()
        self._server: ShopServer | None = None

    def start(self) -> Mapping[str, str]:
        """Listen on 127.0.0.1, on a free port. A folder that had a shop before has it again."""
        from channels.shopify.sandbox_store.server import ShopServer
        from channels.shopify.sandbox_store.shop import Shop

        beside = self.folder.parent / f"{self.folder.name}.sandbox"
        shop = Shop(self.shop_name, beside, self.terms, self._faults)
        self._server = ShopServer(shop)
        address = self._server.start()
        settings = {"SHOP": self.shop_name, "BASE_URL": address}
        names = ("token",) if self.login == "token" else ("client_id", "client_secret")
        return settings | {n.upper(): shop.books.fact(n) or "" for n in names}

    def stop(self) -> None:
        """Stop listening."""
        server, self._server = self._server, None
        if server is not None:
            server.stop()

    def landed(self) -> Sequence[Landed]:
        """Every file by the name that was asked for and every product as ``products/KEY.json``, with how often.

        The beginning of its own SHA-256 at the end of a file's name is left out, for the name that was sent.
        A product's key is the value of a unique metafield, else its handle.
        """
        if self._server is None:
            return []
        return [*self._files(), *self._products()]

    def _files(self) -> list[Landed]:
        assert self._server is not None
        found: Counter[tuple[str, str, int]] = Counter()
        for _, doc in self._server.shop.books.every("File"):
            digest = doc["sha256"] or ""
            found[_plain(doc["wanted"], digest), digest, doc["size"]] += 1
        return [Landed(name, digest, size, n) for (name, digest, size), n in found.items()]

    def _products(self) -> list[Landed]:
        assert self._server is not None
        found: dict[str, list[dict[str, Any]]] = {}
        for _, doc in self._server.shop.books.every("Product"):
            unique = next((m["value"] for m in doc["metafields"] if m.get("unique")), None)
            key = unique or doc["handle"]
            # A second product of one key is a duplicate whatever it is called.
            ours = next((m["value"] for m in doc["metafields"] if m["key"] == "key"), key)
            found.setdefault(unique or ours, []).append(doc)
        rows = []
        for key, docs in sorted(found.items()):
            data = orjson.dumps(docs[0], option=orjson.OPT_SORT_KEYS)
            digest = hashlib.sha256(data).hexdigest()
            rows.append(Landed(f"products/{key}.json", digest, len(data), len(docs), docs[0]))
        return rows

    def fault(self, name: str, **options: Any) -> None:
        """Switch a fault on; see ``Faults`` for the options that all of them take."""
        self._faults.switch_on(name, **options)

    def clear_faults(self) -> None:
        """Switch all faults off; a token that died by one lives again."""
        from channels.shopify.sandbox_store.tokens import revive

        self._faults.clear()
        if self._server is not None:
            revive(self._server.shop)

    def strikes(self, name: str) -> int:
        """How often a fault struck."""
        return self._faults.strikes(name)

    # The books

    def requests(self) -> Sequence[Asked]:
        """Every request that came since the start of the shop or ``forget_requests``, in order."""
        return self._server.shop.books.requests() if self._server is not None else ()

    def forget_requests(self) -> None:
        """Begin to count requests anew."""
        if self._server is not None:
            self._server.shop.books.forget_requests()

    def counts(self) -> Counter[str]:
        """How often each operation was asked for: root fields of GraphQL, ``upload``, ``token`` and ``file``."""
        return Counter(a.name if a.kind == "graphql" else a.kind for a in self.requests())

    def points(self) -> dict[str, float]:
        """Points that were really paid, by operation."""
        paid: dict[str, float] = {}
        for asked in self.requests():
            if asked.kind == "graphql":
                paid[asked.name] = round(paid.get(asked.name, 0.0) + asked.actual, 2)
        return paid

    def secrets(self) -> tuple[str, ...]:
        """Tokens and secrets that must appear in no log, ledger or report."""
        from channels.shopify.sandbox_store.tokens import secrets_of

        return secrets_of(self._server.shop) if self._server is not None else ()

    @property
    def server(self) -> ShopServer:
        """The running shop, for tests that look deeper."""
        assert self._server is not None, "the sandbox is not started"
        return self._server


_SHORTEST_MARK = 8


def _plain(name: str, digest: str) -> str:
    """The name without the beginning of the file's own checksum."""
    stem, dot, ending = name.rpartition(".")
    head, dash, mark = stem.rpartition("-")
    own = dash and len(mark) >= _SHORTEST_MARK and digest.startswith(mark)
    return f"{head}{dot}{ending}" if own else name
