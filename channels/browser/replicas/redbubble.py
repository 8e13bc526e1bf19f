"""A replica of Redbubble's seller pages: the form for a new work and for the copy of one, and the list of works."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from channels.browser.replicas.ledger import Work
from channels.browser.replicas.site import Site, escaped
from channels.browser.replicas.wire import Asked, Reply, redirect

PRODUCTS = (
    "clothing", "large_clothing", "cap", "panel_dress", "sticker", "phone", "tablet", "mouse_pad",
    "throw_pillow", "print", "gallery_board", "mounted_print", "acrylic_block", "clock", "mug",
    "duvet", "tapestry", "scarf", "apron", "spiral_notebook", "hardcover_journal", "pin_button",
)  # fmt: skip
"""The site's keys of what it prints on; some that are known elsewhere are missing, as products come and go."""
PAGE = 10
"""Works on one page of the list."""


class Redbubble(Site):
    """The replica. Works are live at once, and their ids rise."""

    hosts: ClassVar[tuple[str, ...]] = ("www.redbubble.com", "redbubble.com")
    home: ClassVar[str] = "/explore/for-you/"
    login: ClassVar[str] = "/auth/login"
    second_factor: ClassVar[str] = "/auth/mfa"
    trouble: ClassVar[str] = (
        '<div class="alert-error" role="alert">Your work could not be saved</div>'
    )
    menu: ClassVar[str] = '<div aria-label="User account menu">Studio</div>'
    layouts: ClassVar[tuple[str, ...]] = ("", "old_tags", "other_tags")
    first_id: ClassVar[int] = 160_000_001

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.cards = PRODUCTS

    def moment(self, asked: Asked) -> str:
        """The page behind the submit and the list are moments of their own."""
        if asked.path.startswith("/studio/promote"):
            return "after"
        if asked.path == "/portfolio/manage_works":
            return "list"
        return super().moment(asked)

    def private(self, asked: Asked) -> bool:
        """Everything of the seller's; the shop window is public."""
        return asked.path.startswith(("/portfolio", "/studio"))

    def reply(self, asked: Asked) -> Reply:
        """The pages by their addresses."""
        if asked.method == "POST":
            return self._posted(asked)
        if asked.path == "/portfolio/images/new":
            return self._form(asked, "Add new work", "select-image-single", None)
        if found := re.fullmatch(r"/portfolio/images/(\d+)[^/]*/duplicate", asked.path):
            work = self.books.works.get(found[1])
            return self._form(asked, "Copy of a work", "select-image-base", work)
        if asked.path == "/portfolio/manage_works":
            return self._list(int(asked.query.get("page") or 1))
        if found := re.fullmatch(r"/studio/promote/(\d+)", asked.path):
            return self._promote(found[1])
        if asked.path == "/portfolio/images/limit":
            return self._limit()
        if asked.path in ("/", "/studio/dashboard") or asked.path.startswith("/explore"):
            above = self.greeting(asked)
            return Reply(f"<!doctype html><title>Home</title>{above}<h1>For you</h1>")
        return self.missing()

    def _form(self, asked: Asked, title: str, file_id: str, source: Work | None) -> Reply:
        if self.faults.strike("limit_before") is not None:
            return self._limit()
        inherited = {"products": list(source.fields.get("products", [])) if source else []}
        return self.form(
            "redbubble_form.html",
            self.layout(asked),
            TITLE=title,
            FILE_ID=file_id,
            PREFILLED=escaped(f"Copy of {source.title}") if source is not None else "",
            CARDS=json.dumps(self.cards),
            INHERITED=json.dumps(inherited),
        )

    def _limit(self) -> Reply:
        text = '<div class="exceeded-upload-limit">You have uploaded a lot today. Come back tomorrow.</div>'
        return Reply(f"<!doctype html><title>Add new work</title>{self.menu}<h1>Add</h1>{text}")

    def _posted(self, asked: Asked) -> Reply:
        if asked.path == "/portfolio/images/upload":
            return self.took_file(asked, asked.query.get("name", ""))
        if asked.path != "/portfolio/images":
            return self.missing()
        given: dict[str, Any] = json.loads(asked.form.get("payload") or "{}")
        refused = self._refusal(given)
        if refused:
            self.books.submit(str(given.get("title", "")))
            return self.unsaved(refused)
        return self.submitted(
            str(given["title"]),
            str(given.get("upload", "")),
            asked.form.get("form", ""),
            _fields(given),
            lambda work: redirect(
                f"/studio/promote/{work.id}?ref=uploader-to-promote&visit_status=first-time"
            ),
            "/portfolio/images/new",
        )

    def told(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """The form has a box for AI images and a choice for mature ones."""
        declares = ["ai-generated"] if fields.get("ai") else []
        declares += ["mature"] if fields.get("mature") == "mature" else []
        return {**super().told(fields), "declares": tuple(declares)}

    def _refusal(self, given: dict[str, Any]) -> str:
        if not given.get("title"):
            return "Your work could not be saved: it needs a title"
        if given.get("mature") not in ("safe", "mature"):
            return "Your work could not be saved: say whether it is mature"
        return "" if given.get("rights") else "Your work could not be saved: declare your rights"

    def _promote(self, identity: str) -> Reply:
        work = self.books.works.get(identity)
        if work is None:
            return self.missing()
        link = f'<a data-cy="edit-work-url" href="/portfolio/images/{identity}/edit">Edit</a>'
        words = f"<h1>Share your work</h1><p>{escaped(work.title)}</p>{link}"
        return Reply(
            f'<!doctype html><meta charset="utf-8"><title>Promote</title>{self.menu}{words}'
        )

    def _list(self, number: int) -> Reply:
        if self.faults.options("empty_401") is not None:
            return Reply(f"<!doctype html><title>Works</title>{self.menu}<ul></ul>")
        works = self.books.shown()
        total = len(works) + (1 if self.faults.options("wrong_total") is not None else 0)
        first = (number - 1) * PAGE
        if number > 1 and self.faults.strike("moving_list") is not None:
            first += 1
        rows = "".join(map(self._row, works[first : first + PAGE]))
        more = "" if first + PAGE < len(works) else " disabled"
        following = f'<li class="next_page{more}"><a href="?page={number + 1}">Next</a></li>'
        empty = "" if works else '<p class="no-works">You have no works yet</p>'
        return Reply(
            f'<!doctype html><meta charset="utf-8"><title>Manage works</title>{self.menu}'
            f'<h1>Works</h1><p class="works-count">{total:,} works</p>{empty}'
            f'<div class="works-list">{rows}</div><ul>{following}</ul>'
        )

    def _row(self, work: Work) -> str:
        title = escaped(work.title)
        link = f"/portfolio/images/{work.id}-work"
        return (
            f'<div data-work-id="{work.id}"><span class="work-title">{title}</span>'
            f'<ul class="gear"><a href="{link}/duplicate">Copy</a> <a href="{link}/edit">Edit</a></ul></div>'
        )

    def unsaved(self, text: str) -> Reply:
        """The form again, with the words of the site above it."""
        return Reply(
            f"<!doctype html><title>Add new work</title>{self.menu}"
            f'<div class="alert-error" role="alert">{escaped(text)}</div>',
            422,
        )

    def broken(self) -> Reply:
        """The site's 500."""
        return Reply(
            "<!doctype html><title>Computer says 'no'</title><h1>Computer says 'no'</h1>", 500
        )

    def missing(self) -> Reply:
        """The site's 404."""
        return Reply("<!doctype html><title>404</title><h1>Houston, we have a problem</h1>", 404)


def _fields(given: dict[str, Any]) -> dict[str, Any]:
    tags = given.get("tags")
    words = [t.strip() for t in str(tags).split(",")] if tags is not None else None
    chips = [*given.get("main_tag", ()), *given.get("supporting_tags", ())]
    media = sorted(k for k, v in given.items() if k.startswith("media_") and v)
    named = ("description", "products", "mature", "visible", "ai", "rights", "default_product")
    more = {k: given[k] for k in (*named, "background", "scale") if k in given}
    return {"keywords": words if words is not None else chips, "media": media, **more}
