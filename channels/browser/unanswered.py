"""Notes what a page sent that broke off, or that the server failed at: what the page then says of it is its guess.

A page whose request got no answer shows a sentence as if the site had said no. It may have taken everything in. So
a refusal counts only where nothing went wrong on the way. A page for people in place of an answer to a script
is no word about the file either. It only listens.
"""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from playwright.sync_api import BrowserContext, Request, Response

_KINDS = ("xhr", "fetch", "document")
"""What forms and their scripts send. A page's statistics go out by other ways."""
_SCRIPTS = ("xhr", "fetch")
_WITHDRAWN = re.compile("ERR_(ABORTED|BLOCKED)")
"""The page, or the person's own blocker, did not want it sent."""
_UNSENT = re.compile("ERR_(NAME_NOT_RESOLVED|CONNECTION_REFUSED|ADDRESS)")
"""A stranger that cannot be reached may be kept away on purpose; a site's own server is not."""


class Unanswered:
    """A context manager: between its ends ``reason`` tells the first thing that went wrong, empty before.

    ``hosts`` are the site's own; servers of the same domains belong to it.
    """

    def __init__(self, context: BrowserContext, hosts: Iterable[str]) -> None:
        self._context = context
        self._domains = {_domain(h) for h in hosts}
        self.reason = ""
        self.challenged = False
        """Whether a script was answered with a page that wants to see a person (403, HTML)."""

    def __enter__(self) -> Self:
        self._context.on("requestfailed", self._failed)
        self._context.on("response", self._answered)
        return self

    def __exit__(self, *_: object) -> None:
        # A browser that is gone has nobody left to listen to.
        with contextlib.suppress(Exception):
            self._context.remove_listener("requestfailed", self._failed)
            self._context.remove_listener("response", self._answered)

    def _failed(self, request: Request) -> None:
        why = request.failure or ""
        ours = _domain(urlsplit(request.url).netloc) in self._domains
        if not _sends(request) or _WITHDRAWN.search(why) or (_UNSENT.search(why) and not ours):
            return
        self.reason = self.reason or f"the line broke ({why.removeprefix('net::')})"

    def _answered(self, response: Response) -> None:
        if not _sends(response.request):
            return
        if response.status >= 500:
            self.reason = self.reason or f"the server failed ({response.status})"
        elif response.status == 403 and response.request.resource_type in _SCRIPTS:
            html = response.headers.get("content-type", "").startswith("text/html")
            self.challenged = self.challenged or html


def _sends(request: Request) -> bool:
    return request.method not in ("GET", "HEAD") and request.resource_type in _KINDS


def _domain(host: str) -> str:
    name = re.sub(r":\d+$", "", host)
    return name if re.fullmatch(r"[\d.]+", name) else ".".join(name.split(".")[-2:])
