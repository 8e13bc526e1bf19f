"""What all replicas have in common: what may stand in the way of a page, and what becomes of a submit.

Who is signed in is in ``visitors``; the faults and their options are in ``faults``.
"""

from __future__ import annotations

import html
import json
import secrets
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any, ClassVar

from channels.browser.replicas.faults import ReplicaFaults
from channels.browser.replicas.ledger import Picture, ReplicaBooks, Work
from channels.browser.replicas.visitors import Visitors, drawn
from channels.browser.replicas.wire import Asked, Reply, as_json, redirect


def page(name: str) -> str:
    """The text of one of the pages of this package."""
    return (resources.files("channels.browser.replicas") / "pages" / name).read_text("utf-8")


def escaped(text: str) -> str:
    """Text as it stands in a page."""
    return html.escape(text)


class Site(ABC):
    """One site. ``answer`` is called from several threads."""

    hosts: ClassVar[tuple[str, ...]]
    home: ClassVar[str] = "/"
    login: ClassVar[str]
    second_factor: ClassVar[str] = "/two-factor"
    menu: ClassVar[str]
    """What only somebody sees who is signed in."""
    trouble: ClassVar[str] = '<p role="alert">It could not be saved</p>'
    """The site's place for an error of a form, and what it says."""
    front: ClassVar[str] = "/"
    """A public page; whether it greets a seller says nothing."""
    layouts: ClassVar[tuple[str, ...]] = ("",)
    """The layouts that a site tries on its visitors, by the faults that bring them; the empty one is the ordinary."""
    options: ClassVar[Mapping[str, str]] = {}
    """What an account has to state for this site, such as the number of a batch that exists here."""
    usual: ClassVar[Mapping[str, str]] = {}
    """What an account gets here that states nothing else, such as a product."""
    by: ClassVar[dict[str, dict[str, dict[str, str]]]] = {}
    """Option of an account → its value → what goes with it here, such as a batch of that type."""
    first_id: ClassVar[int] = 1000
    state: ClassVar[str] = "live"
    """The state of a work that was just made."""

    def __init__(self, folder: Path) -> None:
        self.books = ReplicaBooks(folder / "books.jsonl", self.first_id)
        self.faults = ReplicaFaults()
        self.visitors = Visitors()
        self._guard = threading.Lock()

    # Who is there

    def answer(self, asked: Asked) -> Reply:
        """The answer to one request, with whatever is switched on."""
        known = self.visitors.known(asked)
        if self.moment(known) == "list":
            self._by_hand()
        reply = self._at_the_door(known)
        if reply is None:
            reply = self.reply(known)
        return self.visitors.crumbs(asked, known, reply)

    def layout(self, asked: Asked) -> str:
        """The layout that this visit is shown."""
        if (tried := self.faults.options("ab_layout")) is not None:
            return drawn(self.layouts, tried, asked)
        return next((x for x in self.layouts if x and self.faults.options(x) is not None), "")

    def greeting(self, asked: Asked) -> str:
        """What a public page shows above: the menu, or the way to sign in. One that looks signed in has the menu."""
        if not self.visitors.is_out(asked) or self.faults.options("looks_signed_in") is not None:
            return self.menu
        return f'<a data-testid="ds-header-login-action" href="{self.login}">Log in</a>'

    def _by_hand(self) -> None:
        """What the seller does at the site, without us, just before the list is looked at."""
        newest = next(iter(self.books.shown()), None)
        if newest is None:
            return
        if self.faults.strike("edited_title") is not None:
            self.books.change(newest.id, title=f"Renamed by hand {newest.id}")
        if self.faults.strike("deleted") is not None:
            self.books.change(newest.id, state="gone")

    @abstractmethod
    def reply(self, asked: Asked) -> Reply:
        """The site's own answer to somebody who is let in."""

    def moment(self, asked: Asked) -> str:
        """``before``, ``during`` or ``after`` the submit; ``upload`` and ``list`` for what they are."""
        if asked.method == "POST":
            return "upload" if "upload" in asked.path else "during"
        return "before"

    def private(self, asked: Asked) -> bool:
        """Whether the page is for somebody who is signed in."""
        return asked.path != self.login

    def _at_the_door(self, asked: Asked) -> Reply | None:
        if asked.path == "/favicon.ico":
            return Reply(kind="image/x-icon")
        moment = self.moment(asked)
        if (down := self.faults.at("maintenance", moment)) is not None:
            return Reply(_PLAIN.format("Maintenance", "We are back soon"), down.get("status", 200))
        if asked.method == "GET" and (passing := self._challenge(asked, moment)) is not None:
            return passing
        if self.faults.at("signed_out", moment) is not None:
            self.visitors.put_out()
        if self.faults.at("displaced", moment) is not None:
            self.visitors.displace()
        if asked.path == self.login:
            return self._sign_in(asked)
        if self.visitors.is_out(asked) and self.private(asked):
            return self.stranger(asked)
        return self._account(asked, moment)

    def _account(self, asked: Asked, moment: str) -> Reply | None:
        if asked.path == self.second_factor:
            return Reply(_PLAIN.format("Two factors", "Enter the code we sent you"))
        if asked.method == "GET" and self.faults.at("two_factor", moment) is not None:
            return redirect(self.second_factor)
        if self.faults.at("suspended", moment) is not None:
            return Reply(_PLAIN.format("Account", "Your account has been suspended"))
        if self.faults.at("closed", moment) is not None:
            return Reply(_PLAIN.format("Account", "You no longer have access"))
        if asked.method == "GET" and (late := self.faults.at("limit_429", moment)) is not None:
            after = (("Retry-After", str(late["after"])),) if "after" in late else ()
            return Reply(_PLAIN.format("Slow down", "Too many requests"), 429, headers=after)
        return None

    def stranger(self, asked: Asked) -> Reply:
        """For somebody who is not signed in: a read of a script gets 401, a page leads to the sign-in."""
        if "/api/" in asked.path or (asked.method == "POST" and "upload" in asked.path):
            return as_json({"error": "TokenRequired"}, 401)
        alike = self.faults.options("looks_signed_in")
        return redirect(self.front if alike is not None and alike.get("leads") else self.login)

    def _sign_in(self, asked: Asked) -> Reply:
        if asked.method == "POST":
            if self.faults.options("captcha") is not None and not asked.form.get(
                "g-recaptcha-response"
            ):
                return Reply(_PLAIN.format("Sign in", "Show that you are human"), 403)
            crumb = self.visitors.sign_in(remembered=self.faults.options("remembered") is not None)
            return replace(redirect(self.home), headers=(("Location", self.home), crumb))
        shown: dict[str, Any] = {n: {} for n in ("captcha",) if self.faults.options(n) is not None}
        if self.visitors.displaced:
            shown["displaced"] = {}
        text = page("login.html").replace("LOGIN", self.login)
        return Reply(text.replace("SETTINGS", json.dumps(shown)))

    def _challenge(self, asked: Asked, moment: str) -> Reply | None:
        if "/api/" in asked.path:
            return None
        given = self.faults.at("challenge", moment)
        if given is None:
            return None
        settings = {
            "seconds": given.get("seconds", 1),
            "home": self.home if given.get("home") else "",
        }
        return Reply(page("challenge.html").replace("SETTINGS", json.dumps(settings)))

    def told(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """What a work says, under a listing's names: ``keywords``, and ``declares`` with what it declares."""
        return {"keywords": tuple(fields.get("keywords") or ()), "declares": ()}

    def own_name(self, name: str, _sha256: str) -> str:
        """The seller's name of a picture that the site has under this one."""
        return name

    # What comes in

    def took_file(self, asked: Asked, name: str) -> Reply:
        """The upload of a file by a script of a page."""
        if self.faults.strike("challenge_xhr") is not None:
            return Reply(_PLAIN.format("Just a moment...", "Just a moment..."), 403)
        if self.faults.strike("upload_silent") is not None:
            return as_json({"upload": ""})
        if (no := self.faults.strike("upload_refused")) is not None:
            if no.get("burns"):
                self.books.burn(name)
            return as_json({"error": no.get("text", "The file is too small")}, 422)
        data = asked.body
        if self.faults.strike("upload_truncated") is not None:
            data = data[: len(data) // 2]
        return self.file_arrived(asked, self.books.upload(name, data, self.place(asked)))

    def place(self, asked: Asked) -> str:
        """What an upload lies in until it is submitted; most sites have no such thing."""
        return ""

    def file_arrived(self, asked: Asked, picture: Picture) -> Reply:
        """The answer to a file that arrived."""
        slow = self.faults.options("upload_slow")
        delay = float(slow.get("seconds", 2)) if slow is not None else 0.0
        return replace(as_json({"upload": picture.token, "size": picture.size}), delay=delay)

    def submitted(
        self,
        title: str,
        token: str,
        form: str,
        fields: Mapping[str, Any],
        success: Callable[[Work], Reply],
        blank: str,
    ) -> Reply:
        """A submit, through every fault that may strike it. ``blank`` is the page of an empty form."""
        self.books.submit(title)
        picture = self.books.pictures.get(token)
        if self.faults.strike("stale_token") is not None:
            return Reply(_PLAIN.format("Error", "The form is too old"), 422)
        if picture is None:
            return self.unsaved("Your work must have at least one image")
        if self.faults.strike("submit_ignored") is not None:
            return redirect(blank)
        if self.faults.strike("refused_500") is not None:
            return self.broken()
        with self._guard:
            before = self.books.made_from(form)
            if before is not None and self.faults.options("double_submit") is None:
                return success(before)
        slow = self.faults.strike("slow_submit")
        if slow is not None:
            threading.Timer(
                float(slow.get("seconds", 3)), self._make, (title, picture, form, fields)
            ).start()
            return Reply(lost=True, delay=float(slow.get("hold", 0.5)))
        work = self._make(title, picture, form, fields)
        return self._answered(work, success)

    def _make(self, title: str, picture: Picture, form: str, fields: Mapping[str, Any]) -> Work:
        late = self.faults.options("delayed")
        lag = float(late.get("seconds", 2)) if late is not None else self.lag()
        known = str(fields.get("draft") or "")
        return self.books.create(title, picture, form, fields, known, state=self.state, lag=lag)

    def lag(self) -> float:
        """Seconds until a new work is in the site's lists."""
        return 0.0

    def _answered(self, work: Work, success: Callable[[Work], Reply]) -> Reply:
        if self.faults.strike("lost_response") is not None:
            return Reply(lost=True)
        if self.faults.strike("created_500") is not None:
            return self.broken()
        odd = self.faults.strike("odd_success")
        if odd is not None:
            return redirect(self.home) if odd.get("page") else Reply(page("odd.html"))
        return success(work)

    def unsaved(self, text: str) -> Reply:
        """The form was not taken, in the site's words."""
        return Reply(f'<title>Error</title>{self.menu}<div role="alert">{escaped(text)}</div>', 422)

    def broken(self) -> Reply:
        """The site's own page for an error of its own."""
        return Reply("<title>Error</title><h1>Something went wrong</h1>", 500)

    def missing(self) -> Reply:
        """The site's own page for what is not there."""
        return Reply("<title>Not found</title><h1>This page does not exist</h1>", 404)

    # Pages

    def form(self, name: str, layout: str, **parts: str) -> Reply:
        """A page with a form in its layout, with the faults that are the page's own business."""
        number = secrets.token_hex(8)
        shown = {n: o for n, o in self.faults.shown().items() if n not in self.layouts}
        shown |= {layout: {}} if layout else {}
        text = page(name).replace("/*COMMON*/", page("common.js"))
        text = text.replace("MENU", self.menu).replace("FORM", number)
        for key, value in parts.items():
            text = text.replace(key, value)
        for old, new in (shown.get("renamed", {}).get("map") or {}).items():
            text = text.replace(old, new)
        for key, data in (("SETTINGS", shown), ("TROUBLE", self.trouble)):
            text = text.replace(key, json.dumps(data).replace("<", "\\u003c"))
        return Reply(text)


_PLAIN = "<!doctype html><title>{0}</title><h1>{1}</h1>"
