"""A replica of a stock portal: typed batches with a silent cap, inert inputs, and read endpoints for its scripts.

A page of its grid has ten cards however many there are; only the endpoints are complete. Signed out they answer 401
with a document that a careless reader takes for an empty batch.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, ClassVar

from channels.browser.replicas.ledger import Picture, Work
from channels.browser.replicas.site import Site, escaped
from channels.browser.replicas.wire import Asked, Reply, as_json

BATCHES = {
    "7001": "creative",
    "7002": "editorial",
    "7003": "creative",
    "7004": "image",
    "7005": "illustration",
}
"""The batches that the seller has made, by number; one of them is closed."""
CLOSED = "7003"
CAP = 100
"""So many files a batch takes; what comes beyond is answered as if it had been taken."""
SHOWN = 10


class Portal(Site):
    """The replica. A submitted file is in review; one that is in another batch already is rejected at once."""

    hosts: ClassVar[tuple[str, ...]] = ("esp.gettyimages.com",)
    home: ClassVar[str] = "/contribute/batches"
    login: ClassVar[str] = "/sign-in"
    second_factor: ClassVar[str] = "/secondary-password"
    trouble: ClassVar[str] = '<p data-cy="submit-error">The file could not be submitted</p>'
    menu: ClassVar[str] = '<div data-cy="account-menu">Account</div>'
    options: ClassVar[dict[str, str]] = {"batch": "7001"}
    by: ClassVar[dict[str, dict[str, dict[str, str]]]] = {
        "type": {kind: {"batch": n} for n, kind in BATCHES.items() if n not in ("7001", CLOSED)}
    }
    first_id: ClassVar[int] = 2_200_000_001
    state: ClassVar[str] = "review"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.cap = CAP

    def private(self, asked: Asked) -> bool:
        """All but the front, which shows the upload link to everybody."""
        return asked.path not in (self.login, self.front)

    def moment(self, asked: Asked) -> str:
        """Saving words is still before the submit; the read endpoint is a list."""
        if asked.path.startswith("/api/save"):
            return "before"
        return "list" if asked.path.startswith("/api/submission") else super().moment(asked)

    def reply(self, asked: Asked) -> Reply:
        """The pages and endpoints by their addresses."""
        if found := re.fullmatch(r"/api/upload/(\d+)", asked.path):
            return self._upload(asked, found[1])
        if found := re.fullmatch(r"/api/save/(\w+)", asked.path):
            self.books.save(found[1], asked.document)
            return as_json({})
        if found := re.fullmatch(r"/contribute/submit/(\d+)", asked.path):
            return self._submit(asked, found[1])
        if found := re.fullmatch(
            r"/api/submission/v1/submission_batches/(\d+)/contributions", asked.path
        ):
            return self._contributions(found[1], asked)
        if asked.path == "/api/submission/v1/submission_batches":
            items = [
                {"id": n, "type": kind, "count": self._count(n)} for n, kind in BATCHES.items()
            ]
            return as_json({"items": items, "total": len(items)})
        if asked.path == "/contribute/batches":
            links = "".join(f'<li><a href="/contribute/batches/{n}">{n}</a></li>' for n in BATCHES)
            return Reply(
                f'<!doctype html><title>Batches</title>{self.menu}<ul data-cy="batch-list">{links}</ul>'
            )
        if asked.path == self.front:
            link = '<a href="/contribute/batches">Contributor/Upload</a>'
            return Reply(f"<!doctype html><title>Welcome</title>{self.greeting(asked)}{link}")
        if found := re.fullmatch(r"/contribute/batches/(\d+)", asked.path):
            return self._batch(found[1], asked) if found[1] in BATCHES else self.missing()
        return self.missing()

    def _batch(self, number: str, asked: Asked) -> Reply:
        if number == CLOSED or self.faults.strike("limit_before") is not None:
            return Reply(
                f'<!doctype html><title>Batch</title>{self.menu}<p data-cy="batch-closed">This batch is closed</p>'
            )
        open_now, done = self._cards(number)
        cards = [*done, *open_now]
        if self.faults.options("virtual_grid") is None:
            # What was worked on last comes first.
            cards = [*reversed(open_now), *reversed(done)]
        items = [
            {"name": p.name, "status": state, "id": identity, "token": p.token}
            for p, state, identity in cards
        ]
        return self.form(
            "portal_batch.html",
            self.layout(asked),
            BATCH=number,
            TYPE=BATCHES[number],
            COUNT=str(self._count(number)),
            ITEMS=json.dumps(items).replace("<", "\\u003c"),
        )

    def _cards(
        self, number: str
    ) -> tuple[list[tuple[Picture, str, str]], list[tuple[Picture, str, str]]]:
        works = self._works(number)
        done = [(w.picture, w.state, w.id) for w in works]
        used = {w.picture.token for w in works}
        # A file of the same name takes the place of one that waits.
        inside = {p.name: p for p in self.books.pictures.values() if p.where == number}
        waiting = [p for p in inside.values() if p.token not in used]
        return [(p, "pending", "") for p in waiting], done

    def _works(self, number: str) -> list[Work]:
        return [w for w in self.books.works.values() if w.fields.get("batch") == number]

    def _count(self, number: str) -> int:
        open_now, done = self._cards(number)
        return len(open_now) + len(done)

    def _upload(self, asked: Asked, number: str) -> Reply:
        if self._count(number) >= self.cap:
            # The cap is silent: the answer looks like every other.
            return as_json({"upload": "beyond"})
        return self.took_file(asked, asked.query.get("name", ""))

    def place(self, asked: Asked) -> str:
        """The file is in the batch, not submitted yet."""
        return asked.path.rpartition("/")[2]

    def _submit(self, asked: Asked, number: str) -> Reply:
        given = asked.document
        token = str(given.get("upload", ""))
        words = self.books.words.get(token, {})
        if not words.get("description"):
            return Reply(f'{self.menu}<p data-cy="submit-error">A description is missing</p>', 422)
        fields = {k: words.get(k) for k in ("description", "keywords", "title")}
        return self.submitted(
            str(words.get("title") or ""),
            token,
            f"{token}-{given.get('form', '')}" if self.faults.options("double_submit") else token,
            {**fields, "batch": number, "type": BATCHES[number]},
            lambda work: as_json({"id": work.id}),
            f"/contribute/batches/{number}",
        )

    def _make(self, title: str, picture: Picture, form: str, fields: Any) -> Work:
        work = super()._make(title, picture, form, fields)
        others = [w for w in self.books.works.values() if w.id != work.id]
        if any(
            w.picture.sha256 == picture.sha256 and w.fields.get("batch") != fields["batch"]
            for w in others
        ):
            self.books.change(work.id, state="rejected")
        return work

    def _contributions(self, number: str, asked: Asked) -> Reply:
        if self.faults.options("empty_401") is not None:
            return as_json({"error": "TokenRequired", "items": None}, 401)
        size = min(int(asked.query.get("page_size") or SHOWN), 200)
        first = (int(asked.query.get("page") or 1) - 1) * size
        shown = [w for w in self.books.shown() if w.fields.get("batch") == number]
        items = [
            {
                "id": w.id,
                "title": w.title,
                "file_name": w.picture.name,
                "status": w.state,
                "submittable": False,
            }
            for w in shown
        ]
        open_now, _ = self._cards(number)
        items += [
            {"id": p.token, "title": "", "file_name": p.name, "status": state, "submittable": True}
            for p, state, _ in open_now
        ]
        total = len(items) + (1 if self.faults.options("wrong_total") is not None else 0)
        return as_json({"items": items[first : first + size], "total": total})

    def broken(self) -> Reply:
        """The portal's 500."""
        return Reply(f"{self.menu}<h1>Something went wrong</h1>", 500)

    def unsaved(self, text: str) -> Reply:
        """A refusal, as the scripts of the page show it."""
        return Reply(f'{self.menu}<p data-cy="submit-error">{escaped(text)}</p>', 422)
