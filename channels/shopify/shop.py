"""One shop as a session sees it: questions and commands with the token, the points and the meaning of answers.

A command is sent once. Points are waited for before something is sent, on the run's own clock; what the shop
throttles all the same is told to the caller, who decides when it is tried again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from threading import Lock
from typing import TYPE_CHECKING, Any

from channels.shopify import cost
from channels.shopify.answers import body_of, data_of, unclear
from channels.shopify.client import Client, Lost, Reply, Unreached, load, open_client
from channels.shopify.settings import ShopifySettings
from channels.shopify.tokens import Tokens, source_of
from publisher.channel import Context
from publisher.errors import AuthFailed, PublisherError, Throttled, Transient

if TYPE_CHECKING:
    from channels.shopify.storage import Storage

LONGEST_PAUSE = 60.0
"""Seconds; who has to wait longer for points is told so instead."""

PATIENCE = 12
"""How often the second half of a write, or a page of a list, is tried while the shop throttles it."""


@dataclass(frozen=True, slots=True)
class Target:
    """A place that the shop offers for one upload, until a while after ``since``."""

    url: str
    resource: str
    parameters: tuple[tuple[str, str], ...]
    media_type: str
    since: dt.datetime


@dataclass
class Common:
    """What all sessions of one account share while the program runs. Everything in it is thread-safe."""

    tokens: Tokens
    budget: cost.Budget = field(default_factory=cost.Budget)
    surplus: dict[str, float] = field(default_factory=dict)
    """Points by which a document was dearer than our own sum."""
    staged: dict[str, str] = field(default_factory=dict)
    """SHA-256 → where bytes lie that no product shows yet."""
    targets: list[Target] = field(default_factory=list)
    """Places for uploads that were asked for ahead."""
    categories: dict[str, str] = field(default_factory=dict)
    """Path in Shopify's taxonomy → id."""
    publications: dict[str, str] | None = None
    """Name → id of every sales channel of the shop, once asked."""
    lock: Lock = field(default_factory=Lock)


def common(context: Context) -> Common:
    """A new one, with the token source of the account's settings."""
    return Common(source_of(context.settings, context.account))


class Shop:
    """One line to a shop. Not shared between threads."""

    def __init__(self, context: Context, shared: Common) -> None:
        self.context = context
        self.shared = shared
        self.settings: ShopifySettings = context.settings
        self._client: Client | None = None
        self._storage: Storage | None = None

    @property
    def client(self) -> Client:
        """The client, opened on first use."""
        if self._client is None:
            self._client = open_client(self.settings)
        return self._client

    @property
    def storage(self) -> Storage:
        """The shop's storage, opened on first use."""
        if self._storage is None:
            module = load("channels.shopify.storage")
            self._storage = module.Storage(self.settings)
        assert self._storage is not None
        return self._storage

    def close(self) -> None:
        """Let the lines go."""
        client, self._client = self._client, None
        storage, self._storage = self._storage, None
        if client is not None:
            client.close()
        if storage is not None:
            storage.close()

    def ask(self, document: str, variables: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """A question. Raises Transient, Throttled or what else stands in the way."""
        return self._call(document, variables or {}, float(cost.READ), write=False)

    def ask_patiently(
        self, document: str, variables: Mapping[str, Any] | None = None
    ) -> Mapping[str, Any]:
        """The same, waiting while the shop throttles: for one page of many, or one look of a row."""
        return self._patiently(lambda: self.ask(document, variables))

    def tell(
        self,
        document: str,
        variables: Mapping[str, Any],
        points: Decimal = cost.SIMPLE,
        *,
        first: bool = True,
        final: bool = True,
    ) -> Mapping[str, Any]:
        """A command: sent once. ``first`` marks the point of no return of the write that it belongs to.

        What is not ``final`` changes nothing that anybody sees, so that a lost answer is a mere nuisance. A
        command that follows the first one waits while the shop throttles it. Raises OutcomeUnknown when
        nobody can tell whether it was carried out.
        """

        def once() -> Mapping[str, Any]:
            announce = self.context.sending if first and final else None
            return self._call(document, variables, float(points), write=final, announce=announce)

        return once() if first and final else self._patiently(once)

    def _patiently(self, action: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
        for _ in range(PATIENCE):
            try:
                return action()
            except Throttled as error:
                self.context.wait(min(LONGEST_PAUSE, max(0.1, error.after)))
        return action()

    def _call(
        self,
        document: str,
        variables: Mapping[str, Any],
        points: float,
        *,
        write: bool,
        announce: Callable[[], None] | None = None,
    ) -> Mapping[str, Any]:
        points += self.shared.surplus.get(document, 0.0)
        self._pace(points)
        self.shared.budget.begin(points)
        try:
            reply = self._exchange(document, variables, write=write, announce=announce)
            body = body_of(reply)
            self._learn(document, body, points)
        finally:
            self.shared.budget.end(points)
        return data_of(reply, body, write=write, now=self.context.now())

    def _pace(self, points: float) -> None:
        budget, now = self.shared.budget, self.context.now()
        pause = budget.pause(points, now)
        if pause > LONGEST_PAUSE:
            raise Throttled("the shop's points are used up for now", after=pause)
        if pause > 0:
            self.context.wait(pause)

    def _exchange(
        self,
        document: str,
        variables: Mapping[str, Any],
        *,
        write: bool,
        announce: Callable[[], None] | None,
    ) -> Reply:
        for again in (False, True):
            token = self.shared.tokens.token(self.client, self.context.now())
            if announce is not None:
                announce()
                announce = None
            try:
                reply = self.client.post(document, variables, token)
            except Unreached as error:
                raise self._unreached(error) from None
            except Lost as error:
                raise unclear(
                    "the line to the shop broke", write=write, detail=str(error)
                ) from None
            # A refused token is certain to have done nothing, so a new one may try.
            if reply.status != 401 or again or not self.shared.tokens.refused(token):
                return reply
        return reply

    def _unreached(self, error: Unreached) -> PublisherError:
        address = self.settings.address()
        if error.untrusted:
            prefix = self.context.account.upper().replace("-", "_")
            return AuthFailed(
                f"{address}: its certificate is not trusted",
                remedy=f"set {prefix}_TLS_CA_FILE to the authority's certificate",
                detail=str(error),
            )
        return Transient(f"{address} cannot be reached", detail=str(error))

    def _learn(self, document: str, body: Mapping[str, Any], points: float) -> None:
        extensions = body.get("extensions")
        told = extensions.get("cost") if isinstance(extensions, Mapping) else None
        if not isinstance(told, Mapping):
            return
        status = told.get("throttleStatus")
        if isinstance(status, Mapping):
            self.shared.budget.learn(status, self.context.now())
        asked = told.get("requestedQueryCost")
        if isinstance(asked, (int, float)) and asked > points:
            # An answer costs something as well, which only the shop can tell.
            more = self.shared.surplus.get(document, 0.0) + float(asked) - points
            self.shared.surplus[document] = more
