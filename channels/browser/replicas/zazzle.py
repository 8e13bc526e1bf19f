"""A replica of Zazzle: image library, design tool and the form that posts for sale, the store's feed, and links.

The counter of the library is the only sign of an upload; its grid shows the newest first, page by page. The feed shows
public products with a lag. The endpoint that makes a buyer's product from a link answers its errors inside a page with
the status 200.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from email.utils import format_datetime
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

from channels.browser.replicas.ledger import Picture, Work
from channels.browser.replicas.site import Site, escaped, page
from channels.browser.replicas.wire import Asked, Reply, as_json, redirect

DEPARTMENTS = ("Wall Art & Decor", "Posters", "Office")
SHOWN = 12
"""Images on one page of the library's grid."""
ALT = 50
"""Characters of a file's name that a grid shows."""
STORE = "winterglass"
CATEGORIES = {
    "Glass": ("Dunes", "Waves"),
    "Winter": ("Dunes", "Frost", "Ice"),
    "Art": ("Abstract", "Nature"),
}
"""The store's own categories: only those of the second level hold products."""
OLD = "page_postForSaleForm_elements_"
PARTS = {
    "title": f"{OLD}productTitle-input",
    "description": f"{OLD}productDescription-input",
    "categories": f"{OLD}cnProductLine-selectCategory",
    "taglist": f"{OLD}tagging_list",
    "tags": f"{OLD}tagging_input-input",
    "tagadd": f"{OLD}tagging_add",
    "generallabel": f"{OLD}maturity_value_option1-inputImage",
    "general": f"{OLD}maturity_value_option1",
    "adultlabel": f"{OLD}maturity_value_option3-inputImage",
    "adult": f"{OLD}maturity_value_option3",
    "termslabel": f"{OLD}acceptTerms_valueDisplay-inputImage",
    "terms": f"{OLD}acceptTerms_value",
    "post": "page_postForSaleForm_submit",
    "path": f"{OLD}cnProductLine-folderPath",
    "parents": "page_categoryBrowserDialog_categories",
    "children": "page_categoryBrowserDialog_subcategories",
}
"""The controls of the form and the ids that they had in its older layout."""
CLASSES = {
    "title": "PostForSalePage_titleInput",
    "description": "PostForSalePage_descriptionInput",
    "department": "SuggestedDepartmentSelector",
    "tags": "TagInputList",
    "maturity": "PostForSalePage_maturityList",
    "agreement": "PostForSalePage_agreement",
    "row": "PostForSalePage_submitButtonRow",
    "path": "StoreCategoryPicker-path",
    "parents": "TreePicker-categories",
    "children": "TreePicker-subcategories",
}
"""The classes of the newer layout."""


class Zazzle(Site):
    """The replica, with one store."""

    hosts: ClassVar[tuple[str, ...]] = ("www.zazzle.com", "feed.zazzle.com", "zazzle.com")
    home: ClassVar[str] = "/my/account"
    login: ClassVar[str] = "/lgn/signin"
    trouble: ClassVar[str] = '<div class="PostForSalePage_error">It could not be posted</div>'
    menu: ClassVar[str] = '<a title="My Account" href="/my/account">Account</a>'
    options: ClassVar[dict[str, str]] = {"store": STORE, "department": DEPARTMENTS[0]}
    usual: ClassVar[dict[str, str]] = {"product": "poster"}
    layouts: ClassVar[tuple[str, ...]] = ("", "old_ids")
    first_id: ClassVar[int] = 256_000_000_000_000_001

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.seconds = 0.0
        self.declared = ("pictures.example",)

    def lag(self) -> float:
        """Of the feed."""
        return self.seconds

    def moment(self, asked: Asked) -> str:
        """The feed is the list; a design is begun before the submit."""
        if asked.path == "/api/designs":
            return "before"
        return "list" if asked.path.endswith("/rss") else super().moment(asked)

    def private(self, asked: Asked) -> bool:
        """The feed and the shop are public."""
        return asked.path.startswith(("/my", "/lgn", "/sell", "/api/images", "/api/designs"))

    def _sign_in(self, asked: Asked) -> Reply:
        if asked.query.get("mlru") == "images" and not self.visitors.is_out(asked):
            return self._library(asked)
        return super()._sign_in(asked)

    def reply(self, asked: Asked) -> Reply:
        """The pages and endpoints by their addresses."""
        if asked.path == "/api/images/upload":
            return self.took_file(asked, asked.query.get("name", ""))
        if asked.path == "/api/images/count":
            return as_json({"count": len(self.books.pictures)})
        if asked.path == "/api/images/list":
            return self._listed(int(asked.query.get("pg") or 1))
        if asked.path == "/api/designs":
            return self._designed(asked.document)
        if asked.path == "/sell/post" and asked.method == "POST":
            return self._posted(asked)
        if asked.path == "/sell/postforsale":
            return self._post(asked)
        if found := re.fullmatch(r"/pd/spp/pt-([a-z_]+)", asked.path):
            return self._blank(found[1], asked)
        if found := re.fullmatch(r"(?:/store)?/([a-z0-9_]+)/rss", asked.path):
            return self._feed(asked)
        if found := re.fullmatch(r"/api/create/at-(\d*)", asked.path):
            return self._linked(found[1], asked)
        if found := re.fullmatch(r"/[a-z0-9_]+-(\d{15,})", asked.path):
            return self._product(found[1])
        if asked.path in ("/", "/my/account"):
            above = self.greeting(asked)
            return Reply(f"<!doctype html><title>Account</title>{above}<h1>Welcome</h1>")
        return self.missing()

    def told(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """AI images are declared by a tag."""
        tags = tuple(fields.get("tags") or ())
        declares = ["ai-generated"] if "generativecontent" in tags else []
        return {"keywords": tags, "declares": tuple(declares)}

    def own_name(self, name: str, sha256: str) -> str:
        """Without the mark of its contents."""
        return name.removeprefix(f"{sha256[:8]}_")

    def file_arrived(self, asked: Asked, picture: Picture) -> Reply:
        """The answer to an upload; where it is crowded, others have come in by then."""
        if (crowd := self.faults.strike("upload_crowded")) is not None:
            others = [f"by_hand_{n}.jpg" for n in range(1, int(crowd.get("count", 30)))]
            for name in (*others, self.own_name(picture.name, picture.sha256)):
                self.books.upload(name, f"another {name}".encode())
        return super().file_arrived(asked, picture)

    def _listed(self, number: int) -> Reply:
        """One page of the library's grid, the newest first."""
        pictures = sorted(self.books.pictures.values(), key=lambda p: -int(p.token[1:]))
        pages = max(1, math.ceil(len(pictures) / SHOWN))
        here = pictures[(number - 1) * SHOWN : number * SHOWN]
        images = [{"token": p.token, "alt": p.name[:ALT]} for p in here]
        return as_json({"images": images, "page": number, "pages": pages})

    def _designed(self, given: Mapping[str, Any]) -> Reply:
        """An image was put onto a product: which one, and from which page of the grid, is noted."""
        token = str(given.get("image"))
        if token not in self.books.pictures:
            return self.missing()
        self.books.save(token, {k: given.get(k) for k in ("product", "page")})
        return as_json({})

    def _library(self, asked: Asked) -> Reply:
        return self._form_with_grid("zazzle_library.html", asked)

    def _form_with_grid(self, name: str, asked: Asked, **parts: str) -> Reply:
        grid = {"/*LIBRARY*/": page("zazzle_grid.js"), "COUNT": str(len(self.books.pictures))}
        return self.form(name, self.layout(asked), **grid, **parts)

    def _blank(self, product: str, asked: Asked) -> Reply:
        if self.faults.strike("limit_before") is not None:
            return Reply(
                f'<!doctype html>{self.menu}<div class="ErrorList">This product is sold out</div>'
            )
        return self._form_with_grid("zazzle_product.html", asked, PRODUCT=product)

    def _post(self, asked: Asked) -> Reply:
        layout = self.layout(asked)
        old = layout == "old_ids"
        parts = {f"A_{name}": "" if old else kind for name, kind in CLASSES.items()}
        for name, identity in PARTS.items():
            parts[f"B_{name}"] = f'data-part="{name}"' + (f' id="{identity}"' if old else "")
        kind = "choice" if old else "RadioButton-inputWrapper"
        choices = [
            f'<span class="{kind} RadioButton-inputWrapper" id="{OLD}department_suggestedDepartments_value{n}">'
            f"{escaped(name)}</span>"
            for n, name in enumerate(DEPARTMENTS)
        ]
        # Longer names first: one is the beginning of another.
        ordered = dict(sorted(parts.items(), key=lambda p: -len(p[0])))
        return self.form(
            "zazzle_post.html",
            layout,
            IMAGE=escaped(asked.query.get("image", "")),
            PRODUCT=escaped(asked.query.get("pt", "")),
            DEPARTMENTS="".join(choices),
            TREE=json.dumps(CATEGORIES),
            **ordered,
        )

    def _posted(self, asked: Asked) -> Reply:
        given: dict[str, Any] = json.loads(asked.form.get("payload") or "{}")
        title = str(given.get("title") or "")
        if not title or not given.get("agreed") or not given.get("department"):
            self.books.submit(title)
            return self.unsaved("A title, a department and the agreement are needed")
        named = ("description", "tags", "department", "category", "maturity", "royalty", "product")
        return self.submitted(
            title,
            str(given.get("image", "")),
            asked.form.get("form", ""),
            {k: given[k] for k in named if k in given},
            lambda work: redirect(f"/frozen_poster-{work.id}"),
            "/my/account",
        )

    def _product(self, identity: str) -> Reply:
        work = self.books.works.get(identity)
        if work is None:
            return self.missing()
        notice = (
            '<div id="page_24HourNoticeDialog"><label><input type="checkbox"> Do not show this again</label>'
            "<p>Your product is public within 24 hours.</p><button>OK</button></div>"
        )
        return Reply(
            f'<!doctype html><meta charset="utf-8"><title>Product</title>{self.menu}'
            f"<h1>{escaped(work.title)}</h1>{notice}"
        )

    def _feed(self, asked: Asked) -> Reply:
        size = min(int(asked.query.get("ps") or 24), 100)
        first = (int(asked.query.get("pg") or 1) - 1) * size
        works = self.books.shown()
        total = len(works) + (1 if self.faults.options("wrong_total") is not None else 0)
        items = "".join(map(_item, works[first : first + size]))
        return Reply(
            '<?xml version="1.0" encoding="utf-8"?>'
            '<rss version="2.0" xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/"><channel>'
            f"<title>{STORE}</title><opensearch:totalResults>{total}</opensearch:totalResults>{items}</channel></rss>",
            kind="application/rss+xml",
        )

    def _linked(self, account: str, asked: Asked) -> Reply:
        problem = link_problem(account, asked.query, self.declared)
        words = f'<p class="error">{escaped(problem)}</p>' if problem else "<p>Your product</p>"
        return Reply(f"<!doctype html><title>Create</title><h1>Create a product</h1>{words}")

    def unsaved(self, text: str) -> Reply:
        """A refusal in the site's words."""
        return Reply(f'{self.menu}<div class="ErrorList">{escaped(text)}</div>', 422)


def link_problem(account: str, query: Any, declared: tuple[str, ...]) -> str:
    """Why a link makes no product, in the words of its page; empty when it makes one."""
    if not re.fullmatch(r"\d{18}", account):
        return "The account id is invalid"
    if query.get("ax") not in ("Linkover", "DesignBlast"):
        return "The action is unknown"
    if query["ax"] == "Linkover" and not re.fullmatch(r"\d{15,}", query.get("pd", "")):
        return "The product id is invalid"
    for code in ("tc", "ic"):
        if not re.fullmatch(r"\w{0,100}", query.get(code, ""), re.ASCII):
            return f"The parameter {code} is invalid"
    if any(name.endswith("_url") for name in query):
        return "Image failed to upload: use _iid"
    pictures = [value for name, value in query.items() if name.endswith("_iid")]
    bad = [p for p in pictures if (urlsplit(p).hostname or "") not in declared]
    return "Image failed to upload" if bad or not pictures else ""


def _item(work: Work) -> str:
    words = " ".join(work.fields.get("tags") or ())
    return (
        f"<item><title>{escaped(work.title)}</title>"
        f"<link>https://www.zazzle.com/frozen_poster-{work.id}</link>"
        f"<pubDate>{format_datetime(work.time)}</pubDate><keywords>{escaped(words)}</keywords></item>"
    )
