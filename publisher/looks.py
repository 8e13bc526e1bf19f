"""What the pictures of a plan look like, beside everything that was ever published: measured, then remembered.

Nothing is measured unless an account of the project counts variants of a motif. It reads the ledger; only
``remembered`` is meant for writing, by a push.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from publisher.ledger.records import Binding, Pair, Picture
from publisher.ledger.store import Ledger
from publisher.manifest.item import ItemKind, Master
from publisher.media.limits import LIKENESS_VERSION
from publisher.plan import Plan, Word
from publisher.similarity import Likeness
from publisher.workspace import Workspace

_MEASURED = f"{LIKENESS_VERSION}:"
"""How the hashes in the ledger were measured, before their digits."""


@dataclass(frozen=True)
class Looks:
    """``alike`` are pairs of pictures (SHA-256 of masters); ``former`` is, by account, what is there of items
    that this plan does not hold, each with its picture, "" when that is not known."""

    alike: tuple[tuple[str, str], ...] = ()
    former: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def looks(ws: Workspace, ledger: Ledger, bindings: Mapping[Pair, Binding]) -> Looks:
    """The looks of the workspace's pictures and of those that were published before."""
    counting = {a.name for a in ws.accounts if a.row.similarity is not None}
    if not counting:
        return Looks()
    from publisher.media.motif_index import MotifIndex

    published = ledger.pictures()
    # Hashes that were measured in another way cannot be compared.
    packed = {
        p.sha256: Likeness.unpacked(bytes.fromhex(p.hashes.removeprefix(_MEASURED)))
        for p in published.values()
        if p.hashes.startswith(_MEASURED)
    }
    index = MotifIndex(ws.state / "cache", workers=ws.settings.workers)
    here = {item.id for item in ws.items}
    former: dict[str, dict[str, str]] = {}
    for account, item in bindings:
        if account in counting and item and item not in here:
            known = published.get(item)
            former.setdefault(account, {})[item] = known.sha256 if known is not None else ""
    return Looks(tuple(index.alike(_masters(ws), packed)), former)


def remembered(plan: Plan, ws: Workspace) -> list[Picture]:
    """What the items look like that a push of the plan is about to publish, for the ledger."""
    counting = {a.name for a in ws.accounts if a.row.similarity is not None}
    going = {p.item for p in plan.active() if p.account in counting and p.word is not Word.WITHDRAW}
    if not going:
        return []
    from publisher.media.motif_index import MotifIndex

    shas = {i.id: i.masters[0].sha256 for i in ws.items if i.id in going and i.masters}
    known = MotifIndex(ws.state / "cache").likenesses(set(shas.values()))
    return [
        Picture(item, sha, _MEASURED + known[sha].packed().hex())
        for item, sha in shas.items()
        if sha in known
    ]


def _masters(ws: Workspace) -> list[Master]:
    return [i.masters[0] for i in ws.items if i.kind is ItemKind.ASSET and i.masters]
