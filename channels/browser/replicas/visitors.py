"""Who a visitor of a replica is: signed in or not, displaced by another login, and shown which layout.

The seller is signed in from the start, as somebody who did so before the rehearsal: the first page that a browser
without a cookie asks for gives it one. The fault ``signed_out`` ends that; the sign-in page then takes anybody. Who
signs in puts out whoever was in before.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from channels.browser.replicas.wire import Asked, Reply

COOKIE = "member"
VISIT = "visit"
"""The cookie that says which visit this is; a site that tries two layouts goes by it."""
_ALWAYS = "; Path=/; Secure; HttpOnly"
_YEAR = 31_536_000


class Visitors:
    """The cookies of one site. Not thread-safe by itself; a race here is as harmless as at a real site."""

    def __init__(self) -> None:
        self._out = False
        self._seat = ""
        self._logins = 0
        self._visits = 0

    def known(self, asked: Asked) -> Asked:
        """The request with a visit of its own, where the browser brought none."""
        if VISIT in asked.cookies:
            return asked
        self._visits += 1
        return replace(asked, cookies={**asked.cookies, VISIT: f"v{self._visits}"})

    def crumbs(self, brought: Asked, known: Asked, reply: Reply) -> Reply:
        """The answer with the cookies that the browser lacks."""
        if reply.kind != "text/html":
            return reply
        more = []
        if VISIT not in brought.cookies:
            more.append(("Set-Cookie", f"{VISIT}={known.cookies[VISIT]}{_ALWAYS}"))
        if COOKIE not in brought.cookies and not self._out:
            more.append(("Set-Cookie", f"{COOKIE}=seller{_ALWAYS}"))
        return replace(reply, headers=(*reply.headers, *more)) if more else reply

    def is_out(self, asked: Asked) -> bool:
        """Whether the one who asks is not signed in."""
        return self._out and asked.cookies.get(COOKIE + "2") != self._seat

    def put_out(self) -> None:
        """The session that was there from the start has ended; one that began by signing in goes on."""
        if not self._out:
            self._out, self._seat = True, ""

    @property
    def displaced(self) -> bool:
        """Whether somebody else's session is the one that counts."""
        return self._out and self._seat.startswith("elsewhere")

    def displace(self) -> None:
        """Somebody signs in elsewhere: that session counts now, and no other."""
        self._logins += 1
        self._out, self._seat = True, f"elsewhere-{self._logins}"

    def sign_in(self, *, remembered: bool) -> tuple[str, str]:
        """Let the one who asks in; the cookie that says so, for a year or for as long as the browser lives."""
        self._logins += 1
        if self._out:
            self._seat = f"seller-{self._logins}"
        age = f"; Max-Age={_YEAR}" if remembered else ""
        return "Set-Cookie", f"{COOKIE}2={self._seat or 'seller'}{age}{_ALWAYS}"

    def welcome(self) -> None:
        """The seller is signed in again, as in the beginning."""
        self._out = False


def drawn(layouts: Sequence[str], options: dict[str, Any], asked: Asked) -> str:
    """The layout that a visit is shown: the same one for its whole length, by ``seed`` and the visit."""
    some: list[str] = [x for x in options.get("among", layouts) if x in layouts]
    return random.Random(f"{options.get('seed', 1)} {asked.cookies.get(VISIT)}").choice(some)  # noqa: S311
