"""A replica of Society6's studio: a curated shop that reviews what is submitted and lets nobody change it.

Its old studio, with ``qa-id`` attributes, stands under the other host; an account that still has it is led there. A
work begins there as a draft, which keeps its number when it is published.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, ClassVar

from channels.browser.replicas.site import Site, escaped
from channels.browser.replicas.wire import Asked, Reply, as_json, redirect

DRAFTS = 500_000
"""The old studio's numbers are that much higher than the new one's."""


class Society6(Site):
    """The replica. A work is submitted, then approved or declined; ``review`` says which."""

    hosts: ClassVar[tuple[str, ...]] = ("studio.society6.com", "society6.com")
    home: ClassVar[str] = "/upload"
    login: ClassVar[str] = "/login"
    menu: ClassVar[str] = '<nav id="mn-logout">Log out</nav>'
    layouts: ClassVar[tuple[str, ...]] = ("", "old_studio")
    first_id: ClassVar[int] = 31_000_001
    state: ClassVar[str] = "submitted"

    def review(self, identity: str, *, approved: bool) -> None:
        """The decision of the curators."""
        self.books.change(identity, state="approved" if approved else "declined")

    def reply(self, asked: Asked) -> Reply:
        """The pages by their addresses."""
        if asked.path == "/api/upload":
            return self.took_file(asked, asked.query.get("name", ""))
        if asked.path == "/upload" and asked.method == "POST":
            return self._posted(asked)
        if asked.path.startswith("/artist-studio"):
            return self._old(asked)
        if asked.path == "/upload" and self.layout(asked) == "old_studio":
            return redirect("https://society6.com/artist-studio")
        if asked.path == "/upload":
            left = self.faults.options("leftovers") is not None
            rest = "<p>glass_old.jpg <button>Delete</button></p>" if left else ""
            return self.form("society6_upload.html", self.layout(asked), LEFTOVERS=rest)
        if found := re.fullmatch(r"/artwork/(\d+)/(products|edit)", asked.path):
            return self._work(found[1], found[2])
        return self.missing()

    def _old(self, asked: Asked) -> Reply:
        if asked.path == "/artist-studio/upload":
            return self.took_file(asked, asked.query.get("name", ""))
        if asked.path == "/artist-studio/artwork" and asked.method == "POST":
            given = asked.document
            number = str(self.first_id + DRAFTS + len(self.books.words))
            self.books.save(number, given)
            return as_json({"id": number})
        if asked.path == "/artist-studio":
            drafts = [n for n in self.books.words if n not in self.books.works]
            rows = "".join(
                f'<li>{escaped(str(self.books.words[n].get("title")))} <span class="status_s1">draft</span></li>'
                for n in drafts
            )
            return self.form("society6_studio.html", "", DRAFTS=rows)
        if found := re.fullmatch(r"/artist-studio/artwork/(\d+)(/publish)?", asked.path):
            number, publish = found.groups()
            if number in self.books.words:
                return self._publish(number, asked) if publish else self._artwork(number)
        return self.missing()

    def _artwork(self, number: str) -> Reply:
        status = "published" if number in self.books.works else "draft"
        title = escaped(str(self.books.words[number].get("title")))
        return self.form("society6_artwork.html", "", TITLE=title, STATUS=status, NUMBER=number)

    def _publish(self, number: str, asked: Asked) -> Reply:
        draft = self.books.words[number]
        given: dict[str, Any] = json.loads(asked.form.get("payload") or "{}")
        title = str(draft.get("title") or "")
        if not given.get("terms") or not draft.get("agreed") or not draft.get("mature"):
            self.books.submit(title)
            return self.unsaved("The terms, the copyright and the mature choice are needed")
        fields = {"tags": given.get("tags"), "category": given.get("category")}
        return self.submitted(
            title,
            str(draft.get("upload", "")),
            number,
            {**fields, "mature": draft["mature"], "draft": number},
            lambda work: redirect(f"/artist-studio/artwork/{work.id}"),
            f"/artist-studio/artwork/{number}",
        )

    def told(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Nothing more: there is no box for AI, and the form takes fewer and shorter tags than a listing has."""
        return {}

    def _work(self, identity: str, view: str) -> Reply:
        work = self.books.works.get(identity)
        if work is None:
            return self.missing()
        if view == "edit":
            return Reply("<h1>This artwork cannot be changed</h1>", 403)
        return Reply(
            f'<!doctype html><meta charset="utf-8"><title>Products</title>{self.menu}<h1>Select products</h1>'
            f"<p>{escaped(work.title)}: {work.state}</p>"
        )

    def _posted(self, asked: Asked) -> Reply:
        given: dict[str, Any] = json.loads(asked.form.get("payload") or "{}")
        title = str(given.get("title") or "")
        if not title or not given.get("agreed") or not given.get("mature"):
            self.books.submit(title)
            return self.unsaved("Title, agreement and the mature choice are needed")
        named = ("description", "tags", "subjects", "medium", "mature")
        return self.submitted(
            title,
            str(given.get("upload", "")),
            asked.form.get("form", ""),
            {k: given[k] for k in named if k in given},
            lambda work: redirect(f"/artwork/{work.id}/products"),
            "/upload",
        )
