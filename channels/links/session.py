"""The effects of a link account: a folder per item in its outbox, with its picture and its links, moved in as one.

No browser and no request: whether a link works shows when somebody follows it.
"""

from __future__ import annotations

import html
import json
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from channels.links.addresses import (
    Design,
    Seller,
    buffet_link,
    create_link,
    preview_link,
    template_problem,
)
from channels.transport.pack import CARD, build_pack, make_pack, read_pack
from publisher.channel import Context, Session
from publisher.errors import ConfigError, Rejected
from publisher.listing import (
    Change,
    File,
    Health,
    Listing,
    Receipt,
    Remote,
    Staged,
    Status,
)


class LinkSession(Session):
    """One account's links. Needs no login."""

    announces_sending: ClassVar[bool] = True

    def check(self) -> Health:
        """Whether the ids, the declared hosts and the templates can be right."""
        seller, templates = self._seller(), self._templates()
        problems = seller.problems()
        problems += [p for t in templates.values() if (p := template_problem(t))]
        if not templates and not self._buffet():
            problems.append('templates names products, as in templates = { mug = "168..." }')
        if problems:
            account = self.context.account
            raise ConfigError(
                f"{account}: {'; '.join(problems)}",
                remedy=f"correct [accounts.{account}] in publisher.toml",
                problems=tuple(f"accounts.{account}: {p}" for p in problems),
            )
        return Health(self.context.account, (f"links for {', '.join(templates) or 'a category'}",))

    def find(self, key: str, files: Sequence[File] = ()) -> Remote | None:
        """The folder of an item."""
        fields = read_pack(self.context, key)
        return Remote(key, key, Status.PREPARED, fields=fields) if fields is not None else None

    def list(self) -> Iterator[Sequence[Remote]]:
        """Every item that has links."""
        cards = sorted(self.context.outbox.glob(f"*/{CARD}"))
        yield [Remote(c.parent.name, c.parent.name, Status.PREPARED) for c in cards]

    def status(self, remote: Remote) -> Status:
        """Prepared while the folder is there."""
        return Status.PREPARED if self.find(remote.key) is not None else Status.GONE

    def create(self, listing: Listing, staged: Sequence[Staged], key: str) -> Receipt:
        """Write picture and links of an item. Raises Rejected with everything that Zazzle would refuse."""
        return self._told(listing, make_pack(*self._pack(listing, staged, key)))

    def update(
        self, remote: Remote, listing: Listing, changes: Sequence[Change], staged: Sequence[Staged]
    ) -> Receipt:
        """Write all of it anew."""
        return self._told(listing, build_pack(*self._pack(listing, staged, listing.key)))

    def withdraw(self, remote: Remote) -> Receipt:
        """Remove the folder. Links that were put somewhere go on working, so a person is asked to take them off."""
        self.context.sending()
        shutil.rmtree(self.context.outbox / remote.key, ignore_errors=True)
        task = f"take the links of {remote.key} off where you put them"
        return Receipt(Remote(remote.id, remote.key, Status.GONE), tasks=(task,))

    def _pack(
        self, listing: Listing, staged: Sequence[Staged], key: str
    ) -> tuple[Context, Listing, Sequence[Staged], str, str, Mapping[str, str]]:
        design = self._design(listing, key)
        links = self._links(listing, design)
        further = {
            "links.html": _page(str(listing.fields.get("title") or listing.item), links),
            "links.json": json.dumps(links, ensure_ascii=False, indent=1),
        }
        return self.context, listing, staged, key, key, further

    def _told(self, listing: Listing, receipt: Receipt) -> Receipt:
        folder = self.context.outbox / receipt.remote.key
        tasks = [f"put the links of {folder / 'links.html'} where buyers find them"]
        if not listing.fields.get("image_url"):
            tasks.insert(0, f"put the picture of {folder} at {self._address(listing)}")
        return replace(receipt, tasks=(*tasks, *listing.tasks))

    def _links(self, listing: Listing, design: Design) -> Sequence[dict[str, str]]:
        seller, chosen = self._seller(), listing.fields.get("products")
        templates = self._templates()
        wanted = templates if not isinstance(chosen, tuple) else _chosen(templates, chosen)
        found = [
            {
                "product": name,
                "link": create_link(seller, template, design),
                "preview": preview_link(seller, template, design),
            }
            for name, template in wanted.items()
        ]
        if (buffet := self._buffet()) is not None:
            link = buffet_link(seller, *buffet, design)
            found.append({"product": "all products", "link": link, "preview": ""})
        return found

    def _design(self, listing: Listing, key: str) -> Design:
        fields = listing.fields
        texts = {
            n.removeprefix("csv.text."): str(v)
            for n, v in fields.items()
            if n.startswith("csv.text.") and v
        }
        code = re.sub(r"[^A-Za-z0-9_]", "_", key)[:100]
        picture = str(fields.get("image_url") or self._address(listing))
        name = str(self.context.options.get("object", "image1"))
        design = Design(picture, code, name, texts)
        problems = design.problems(self._seller().hosts)
        if problems:
            raise Rejected(
                f"{listing.item}: {'; '.join(problems)}",
                remedy='state pictures = "https://...{file}" for the account, or fields: {image_url: https://...} '
                f"under channels.{listing.account}",
            )
        return design

    def _seller(self) -> Seller:
        options = self.context.options
        hosts = options.get("hosts", ())
        return Seller(
            str(options.get("account_id", "")),
            str(options.get("associate_id", "")),
            tuple(str(h).lower() for h in hosts) if isinstance(hosts, (list, tuple)) else (),
        )

    def _templates(self) -> dict[str, str]:
        given: Any = self.context.options.get("templates", {})
        return {str(k): str(v) for k, v in given.items()} if isinstance(given, dict) else {}

    def _buffet(self) -> tuple[str, str] | None:
        store, category = (str(self.context.options.get(n, "")) for n in ("store", "category"))
        return (store, category) if store and category else None

    def _address(self, listing: Listing) -> str:
        """Where the seller hosts the picture: the account's pattern with the file's name."""
        pattern = str(self.context.options.get("pictures", ""))
        return pattern.replace("{file}", str(listing.fields.get("filename") or ""))


def _chosen(templates: dict[str, str], products: Sequence[str]) -> dict[str, str]:
    unknown = [p for p in products if p not in templates]
    if unknown:
        raise Rejected(
            f"there is no template for {', '.join(unknown)}",
            remedy=f"name one under templates; there are {', '.join(templates) or 'none'}",
        )
    return {p: templates[p] for p in products}


def _page(title: str, links: Sequence[dict[str, str]]) -> str:
    rows = "".join(
        f'<li><a href="{html.escape(x["link"])}">{html.escape(title)} on {html.escape(x["product"])}</a></li>\n'
        for x in links
    )
    head = f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
    return f"{head}</head>\n<body><ul>\n{rows}</ul></body></html>\n"
