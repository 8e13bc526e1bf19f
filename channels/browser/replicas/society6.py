"""A replica of Society6's studio: a curated shop that reviews what is submitted and lets nobody change it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, ClassVar

from channels.browser.replicas.site import Site, escaped
from channels.browser.replicas.wire import Asked, Reply, redirect


class Society6(Site):
    """The replica. A work is submitted, then approved or declined; ``review`` says which."""

    hosts: ClassVar[tuple[str, ...]] = ("studio.society6.com", "society6.com")
    home: ClassVar[str] = "/upload"
    login: ClassVar[str] = "/login"
    menu: ClassVar[str] = '<nav id="mn-logout">Log out</nav>'
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
        if asked.path == "/upload":
            left = self.faults.options("leftovers") is not None
            rest = "<p>glass_old.jpg <button>Delete</button></p>" if left else ""
            return self.form("society6_upload.html", self.layout(asked), LEFTOVERS=rest)
        if found := re.fullmatch(r"/artwork/(\d+)/(products|edit)", asked.path):
            return self._work(found[1], found[2])
        return self.missing()

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
