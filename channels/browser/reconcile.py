"""Reads what a site lists of an account: pages, a feed or a read endpoint. Complete, or it raises.

A list whose count does not agree with the total that the site states is no answer, and a page that asks to sign
in is not an empty list. Nothing here writes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from channels.browser.fields import normal, same_text
from channels.browser.look import ASK, holds, selectors, view
from channels.browser.profile import filled_in
from channels.browser.prove import capture_from, picked
from channels.browser.schema import Reconcile
from channels.browser.signs import Capture
from channels.browser.stage import Moved, deadline
from channels.browser.watch import Watcher
from publisher.errors import AuthFailed, PublisherError, SiteChanged, Transient

if TYPE_CHECKING:
    import datetime as dt

    from playwright.sync_api import Response

READS = """(all, captures) => all.map((row) => captures.map((c) => {
  if (!c) return null;
  const e = c.css ? row.querySelector(c.css) : row;
  if (!e) return '';
  return c.attribute ? (e.getAttribute(c.attribute) || '') : (e.innerText || '');
}))"""


@dataclass(frozen=True, slots=True)
class Row:
    """One work as the site lists it. ``time`` is aware, when the site states one."""

    id: str
    title: str
    image: str = ""
    state: str = ""
    time: dt.datetime | None = None

    @property
    def number(self) -> int | None:
        """The id as a number, where it is one."""
        return int(self.id) if self.id.isdigit() else None


def rows(watcher: Watcher, *, until: int | None = None) -> Iterator[Sequence[Row]]:
    """Pages of works, the first page first. Raises AuthFailed, SiteChanged or Transient when incomplete.

    With ``until`` a list of rising ids, newest first, may end at the page that reaches that id.
    """
    spec = watcher.stage.profile.reconcile
    if spec is None:
        raise SiteChanged("the profile names no list of works")
    seen: dict[str, None] = {}
    total: int | None = None
    for number in range(spec.first, spec.first + spec.pages):
        page, stated, last = _page(watcher, spec, number)
        if stated is not None and total is not None and stated != total:
            # What slides over the edge of a page meanwhile is on none of them.
            raise Transient(
                f"{watcher.stage.profile.identity.site}: the list changed between its pages"
            )
        total = stated if stated is not None else total
        fresh = [r for r in page if r.id not in seen]
        seen |= dict.fromkeys(r.id for r in fresh)
        yield fresh
        numbers = [n for r in page if (n := r.number) is not None]
        if until is not None and spec.order == "newest" and numbers and min(numbers) <= until:
            return
        if last or not page:
            _complete(watcher, spec, len(seen), total)
            return
    raise SiteChanged(
        f"{watcher.stage.profile.identity.site}: the list has no end after {spec.pages} pages",
        remedy="correct `next` or `pages` of reconcile in the profile",
    )


def _complete(watcher: Watcher, spec: Reconcile, count: int, total: int | None) -> None:
    site = watcher.stage.profile.identity.site
    if spec.total is not None and total is None and (count or not spec.empty):
        raise SiteChanged(f"{site}: the list does not say how many works there are")
    if total is not None and total != count:
        # Works may come and go while somebody turns the pages; asked again, it should agree.
        raise Transient(f"{site}: the list shows {count} works and says that there are {total}")
    if not count and spec.empty and total != 0:
        seen = view(watcher.stage.page, selectors(spec.empty))
        if not any(holds(s, seen) for s in spec.empty):
            raise SiteChanged(
                f"{site}: the list is empty, and the page does not say that it is",
                remedy="see that somebody is signed in, then correct reconcile in the profile",
            )


def listed(watcher: Watcher, wanted: Callable[[Row], bool]) -> str:
    """The id of the one entry of a read endpoint that is ``wanted``; empty as long as nothing is certain.

    The page asks for it as its own scripts do, so that it stays where it is.
    """
    from playwright.sync_api import Error

    stage, spec = watcher.stage, watcher.stage.profile.reconcile
    assert spec is not None
    found: list[Row] = []
    for number in range(spec.first, spec.first + spec.pages):
        url = filled_in(spec.url, {**stage.values, "page": str(number)}, "url")
        try:
            status, _, text = stage.page.evaluate(ASK, url)
            page, total = _json(watcher, spec, text if status == 200 else "")
        except (Error, PublisherError):
            return ""
        found += page
        if spec.per_page is None or len(page) < spec.per_page:
            whole = total is None or total == len(found)
            fits = [r.id for r in found if wanted(r)] if whole else []
            return fits[0] if len(fits) == 1 else ""
    return ""


def newest(watcher: Watcher) -> int | None:
    """The highest id of the first page; 0 for an empty list, None where ids say nothing of age."""
    spec = watcher.stage.profile.reconcile
    if spec is None or spec.ids != "rising":
        return None
    page, _, _ = _page(watcher, spec, spec.first)
    return max((n for r in page if (n := r.number) is not None), default=0)


def _page(watcher: Watcher, spec: Reconcile, number: int) -> tuple[list[Row], int | None, bool]:
    """The works of one page, the total that it states, and whether it is the last."""
    from playwright.sync_api import Error

    left = interrupted = 0
    while left < 4 and interrupted < 8:
        try:
            return _read(watcher, spec, number)
        except Moved:
            left += 1
        except Error as error:
            # The page that stood there went elsewhere by itself, just now.
            if "interrupted by another navigation" not in error.message:
                raise
            interrupted += 1
        watcher.stage.pause(0.2)
    raise Transient(f"{watcher.stage.profile.identity.site}: the list was left again and again")


def _read(watcher: Watcher, spec: Reconcile, number: int) -> tuple[list[Row], int | None, bool]:
    stage = watcher.stage
    url = filled_in(spec.url, {**stage.values, "page": str(number)}, "url")
    stage.token = ""
    response = stage.page.goto(url, wait_until="domcontentloaded", timeout=60_000)
    if spec.kind == "pages":
        return _web_page(watcher, spec)
    if response is None or response.status in (401, 403):
        raise AuthFailed(
            f"{stage.profile.identity.site}: the list is closed to whom it does not know",
            remedy=f"run publisher login {watcher.account}",
        )
    if response.status != 200:
        raise Transient(f"{stage.profile.identity.site}: the list answered {response.status}")
    text = _body(response)
    found, total = _feed(spec, text) if spec.kind == "feed" else _json(watcher, spec, text)
    short = spec.per_page is None or len(found) < spec.per_page
    return found, total, short


def _body(response: Response) -> str:
    return response.body().decode("utf-8", "replace")


def _web_page(watcher: Watcher, spec: Reconcile) -> tuple[list[Row], int | None, bool]:
    stage = watcher.stage
    over = deadline(10.0)
    while True:
        watcher()
        handle = stage.page.locator(spec.row)
        if handle.count():
            break
        seen = view(stage.page, selectors(spec.empty))
        if over() or any(holds(s, seen) for s in spec.empty):
            break
        stage.pause()
    captures = (spec.id, spec.title, spec.image, spec.state, spec.time)
    asked = [c and {"css": c.css, "attribute": c.attribute} for c in captures]
    texts: list[list[str | None]] = handle.evaluate_all(READS, asked)
    found = [
        _row([picked(c, t) if c and t else "" for c, t in zip(captures, r, strict=True)])
        for r in texts
    ]
    if any(not r.id for r in found):
        raise SiteChanged(
            f"{stage.profile.identity.site}: a work in the list has no id",
            remedy="correct reconcile.id in the profile",
        )
    total = _number(capture_from(stage.page, stage.page.url, spec.total)) if spec.total else None
    more = bool(spec.next) and stage.page.locator(spec.next).count() > 0
    return found, total, not more


def _feed(spec: Reconcile, text: str) -> tuple[list[Row], int | None]:
    if re.search(r"<!(DOCTYPE|ENTITY)", text, re.IGNORECASE):
        raise SiteChanged("the feed holds declarations that no feed needs; it is not read")
    try:
        root = ElementTree.fromstring(text)  # noqa: S314  (declarations are refused above)
    except ElementTree.ParseError as error:
        raise SiteChanged(f"the feed is not XML: {error}") from error
    found = []
    for item in root.iter("item"):
        parts = {c.tag.rpartition("}")[2]: (c.text or "").strip() for c in item}
        captures = (spec.id, spec.title, spec.image, spec.state, spec.time)
        values = [picked(c, parts.get(c.css or "", "")) if c else "" for c in captures]
        found.append(_row(values))
    total = next((e.text for e in root.iter() if e.tag.rpartition("}")[2] == "totalResults"), None)
    return found, _number(total or "") if spec.total is not None else None


def _json(watcher: Watcher, spec: Reconcile, text: str) -> tuple[list[Row], int | None]:
    site = watcher.stage.profile.identity.site
    try:
        document = json.loads(text)
    except ValueError as error:
        raise SiteChanged(f"{site}: the list is not JSON") from error
    entries = _reach(document, spec.row)
    if not isinstance(entries, list):
        raise AuthFailed(
            f"{site}: the list holds no works, only an answer of another kind",
            remedy=f"run publisher login {watcher.account}",
        )

    def value(entry: Any, capture: Capture | None) -> str:
        found = _reach(entry, capture.css or "") if capture is not None else None
        return picked(capture, str(found)) if capture is not None and found is not None else ""

    captures = (spec.id, spec.title, spec.image, spec.state, spec.time)
    found = [_row([value(e, c) for c in captures]) for e in entries]
    total = _reach(document, spec.total.css or "") if spec.total is not None else None
    return found, _number(str(total)) if total is not None else None


def _reach(document: Any, path: str) -> Any:
    for part in path.split(".") if path else ():
        document = document.get(part) if isinstance(document, dict) else None
    return document


def _number(text: str) -> int | None:
    digits = re.sub(r"[^0-9]", "", text)
    return int(digits) if digits else None


def _row(values: Sequence[str]) -> Row:
    identity, title, image, state, time = values
    return Row(identity, title, image, state, _moment(time))


def _moment(text: str) -> dt.datetime | None:
    import datetime as dt

    if not text:
        return None
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        try:
            found = parsedate_to_datetime(text)
        except ValueError:
            return None
    return found if found.tzinfo is not None else found.replace(tzinfo=dt.UTC)


def matches(row: Row, title: str, image: str, match: str) -> bool:
    """Whether a listed work can be the one with this title or file name."""
    if match == "image":
        return bool(row.image) and normal(row.image) == normal(image)
    return same_text(row.title, title)
