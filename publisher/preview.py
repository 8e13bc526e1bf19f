"""The preview: a static site that shows a seller what each account would get, before anything is sent.

No scripts, no outside resources, only relative files. It is made from the plan alone, talks to no channel,
and replaces a folder only when that folder is empty or an earlier preview.
"""

from __future__ import annotations

import datetime as dt
import re
import secrets
import shutil
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from publisher.cards import MEANINGS, card, causes, notice
from publisher.errors import ConfigError
from publisher.guards import Trip
from publisher.listing import Finding
from publisher.plan import SIGNS, AccountPlan, Plan, PlanItem, Word
from publisher.preview_shots import Place, Shot, copy_shots
from publisher.render import render_text
from publisher.row import Row

MARKER = ".publisher-preview"
"""An empty file in every preview folder, which says that the folder may be replaced."""

SECTIONS: Mapping[Word, tuple[str, bool]] = {
    Word.CREATE: ("To be created", False),
    Word.PREPARE: ("To be prepared for your hand", False),
    Word.ADOPT: ("Already there, to be adopted", False),
    Word.UPDATE: ("To be updated", False),
    Word.WITHDRAW: ("To be withdrawn", False),
    Word.UNKNOWN: ("Outcome unknown, to be looked up first", False),
    Word.WAITING: ("Waiting", False),
    Word.UNCHANGED: ("Unchanged", True),
    Word.HELD: ("Held", True),
    Word.DENIED: ("Not allowed there", True),
}
"""The order and the heading of an account page's sections, and whether they are folded."""


@dataclass(frozen=True)
class _Site:
    """What every page of one preview shares."""

    plan: Plan
    rows: Mapping[str, Row]
    images: Mapping[str, str]
    anchors: Mapping[str, str]
    pages: Mapping[str, str]
    common: Mapping[str, Any]
    project: Path | None
    shots: Mapping[Place, Sequence[Mapping[str, str]]]


def write_preview(
    folder: Path,
    plan: Plan,
    *,
    rows: Mapping[str, Row],
    thumbnails: Mapping[str, Path],
    release_title: str,
    generated: dt.datetime,
    accounts: Collection[str] | None = None,
    trips: Sequence[Trip] | None = None,
    project: Path | None = None,
    shots: Mapping[Place, Sequence[Shot]] = MappingProxyType({}),
) -> Path:
    """Write ``index.html`` and a page per account into ``folder``; return the path of the index.

    ``rows`` is by account, ``thumbnails`` (JPEG files) by item id; an item without one gets a plain tile.
    ``shots`` are further pictures by item and account. ``accounts`` limits what is shown, None is all.
    ``trips`` are the guards that tripped; None means that they were not asked. Stale files go: the folder is
    replaced as a whole, after everything was rendered.
    Raises ConfigError when ``folder`` holds something that is not a preview, or a template is broken.
    """
    target = folder.resolve()
    _refuse_foreign(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.parent / f".{target.name}-{secrets.token_hex(4)}"
    fresh.mkdir()
    try:
        (fresh / MARKER).touch()
        images = _copy_images(fresh, _items(plan), thumbnails)
        shown = [a for a in plan.accounts if accounts is None or a.account in accounts]
        site = _site(plan, shown, rows, images, release_title, generated, project)
        site = replace(site, shots=copy_shots(fresh, shots))
        index = _index(site, shown, trips)
        (fresh / "index.html").write_text(
            render_text("preview-index.html.j2", index, project=project), encoding="utf-8"
        )
        for account in shown:
            page = render_text(
                "preview-account.html.j2", _account(site, shown, account), project=project
            )
            (fresh / site.pages[account.account]).write_text(page, encoding="utf-8")
        _swap(fresh, target)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    return folder / "index.html"


def _refuse_foreign(target: Path) -> None:
    if not target.exists():
        return
    if not target.is_dir() or (any(target.iterdir()) and not (target / MARKER).is_file()):
        raise ConfigError(
            f"The folder {target.name} holds something that is not a preview.",
            remedy="Name a folder that is new or empty; a preview replaces its folder as a whole.",
        )


def _swap(fresh: Path, target: Path) -> None:
    """Put the new folder in the place of the old one; what stood there comes back if that fails."""
    old = fresh.with_name(f"{fresh.name}-old")
    if target.exists():
        target.rename(old)
    try:
        fresh.rename(target)
    except OSError:
        if old.exists():
            old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _items(plan: Plan) -> list[str]:
    return list(dict.fromkeys(i.item for i in plan.items))


def _safe_names(names: Iterable[str], taken: Collection[str] = ()) -> dict[str, str]:
    """A name for each that is safe in a path, an address and an anchor, and different from all others."""
    found: dict[str, str] = {}
    used = set(taken)
    for name in names:
        base = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-")[:80] or "x"
        safe, number = base, 2
        while safe.lower() in used:
            safe, number = f"{base}-{number}", number + 1
        used.add(safe.lower())
        found[name] = safe
    return found


def _copy_images(
    folder: Path, items: Sequence[str], thumbnails: Mapping[str, Path]
) -> dict[str, str]:
    """Copy the thumbnails beside the pages; return the relative address by item id."""
    names = _safe_names(i for i in items if i in thumbnails)
    (folder / "images").mkdir()
    found = {}
    for item, name in names.items():
        address = f"images/{name}.jpg"
        try:
            shutil.copyfile(thumbnails[item], folder / address)
        except FileNotFoundError:
            continue
        found[item] = address
    return found


def _site(
    plan: Plan,
    shown: Sequence[AccountPlan],
    rows: Mapping[str, Row],
    images: Mapping[str, str],
    release_title: str,
    generated: dt.datetime,
    project: Path | None,
) -> _Site:
    pages = _safe_names((a.account for a in shown), taken=("index", "images"))
    common = {
        "release": plan.release,
        "release_title": release_title or plan.release,
        "generated": f"{generated.day} {generated:%B %Y, %H:%M %Z}".strip(" ,"),
        "digest": plan.digest,
    }
    return _Site(
        plan=plan,
        rows=rows,
        images=images,
        anchors={i: f"item-{name}" for i, name in _safe_names(_items(plan)).items()},
        pages={account: f"{name}.html" for account, name in pages.items()},
        common=common,
        project=project,
        shots={},
    )


def _counts(counts: Mapping[str, int]) -> list[dict[str, Any]]:
    return [{"word": w, "sign": SIGNS[Word(w)], "count": n} for w, n in counts.items()]


def _tile(site: _Site, account: AccountPlan) -> dict[str, Any]:
    return {
        "account": account.account,
        "title": account.title,
        "mode": account.mode,
        "confidence": account.confidence.value,
        "forecast": account.forecast,
        "page": site.pages[account.account],
        "counts": _counts(site.plan.counts(account.account)),
    }


def _index(
    site: _Site, shown: Sequence[AccountPlan], trips: Sequence[Trip] | None
) -> dict[str, Any]:
    names = [a.account for a in shown]
    pairs = [p for p in site.plan.items if p.account in site.pages]
    words = Counter(p.word for p in pairs)
    findings = [f for f in site.plan.findings if not f.account or f.account in site.pages]
    return {
        **site.common,
        "pairs": len(pairs),
        "nothing_to_do": site.plan.nothing_to_do,
        "counts": _counts({w.value: words[w] for w in Word if words[w]}),
        "legend": [
            {"word": w.value, "sign": SIGNS[w], "meaning": MEANINGS[w]} for w in Word if words[w]
        ],
        "accounts": [_tile(site, a) for a in shown],
        "guards": None
        if trips is None
        else [{"guard": t.guard.value, "account": t.account, "text": t.text} for t in trips],
        "findings": [notice(f) for f in findings],
        "matrix": _matrix(site, names, pairs),
    }


def _matrix(site: _Site, names: Sequence[str], pairs: Sequence[PlanItem]) -> list[dict[str, Any]]:
    words = {(p.item, p.account): p.word for p in pairs}
    lines = []
    for item in dict.fromkeys(p.item for p in pairs):
        cells = []
        for name in names:
            word = words.get((item, name))
            address = f"{site.pages[name]}#{site.anchors[item]}"
            cells.append(
                {"word": word.value, "sign": SIGNS[word], "link": address} if word else None
            )
        lines.append(
            {
                "item": item,
                "title": _title_of(site, item, names),
                "image": site.images.get(item, ""),
                "cells": cells,
            }
        )
    return lines


def _title_of(site: _Site, item: str, names: Sequence[str]) -> str:
    for name in names:
        listing = site.plan.listings.get((item, name))
        title = listing.fields.get("title") if listing is not None else None
        if isinstance(title, str) and title:
            return title
    return ""


def _account(site: _Site, shown: Sequence[AccountPlan], account: AccountPlan) -> dict[str, Any]:
    name = account.account
    row = site.rows.get(name)
    pairs = [p for p in site.plan.items if p.account == name]
    batch = [s for s in site.plan.submissions if s.account == name]
    waived: dict[str, list[Finding]] = {}
    for finding in site.plan.findings:
        if finding.code == "waived" and finding.account == name:
            waived.setdefault(finding.item, []).append(finding)
    return {
        **site.common,
        **_tile(site, account),
        "channel_page": row.page if row is not None else "",
        "fixed_declarations": list(row.declarations) if row is not None else [],
        "batch": sum(len(s.items) for s in batch),
        "accounts": [{"account": a.account, "page": site.pages[a.account]} for a in shown],
        "sections": [
            _section(site, word, row, [p for p in pairs if p.word is word], waived)
            for word in SECTIONS
            if any(p.word is word for p in pairs)
        ],
    }


def _section(
    site: _Site,
    word: Word,
    row: Row | None,
    pairs: Sequence[PlanItem],
    waived: Mapping[str, Sequence[Finding]],
) -> dict[str, Any]:
    heading, folded = SECTIONS[word]
    return {
        "word": word.value,
        "sign": SIGNS[word],
        "heading": heading,
        "folded": folded,
        "count": len(pairs),
        "causes": causes(pairs) if folded else [],
        "cards": [
            {
                **card(
                    pair,
                    site.plan.listings.get((pair.item, pair.account)),
                    row,
                    waived.get(pair.item, ()),
                ),
                "image": site.images.get(pair.item, ""),
                "anchor": site.anchors[pair.item],
                "shots": [
                    *site.shots.get((pair.item, pair.account), ()),
                    *site.shots.get((pair.item, ""), ()),
                ],
                "siblings": [
                    {"item": s, "image": site.images.get(s, ""), "anchor": site.anchors.get(s, "")}
                    for s in pair.siblings
                ],
            }
            for pair in pairs
        ],
    }
