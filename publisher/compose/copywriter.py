"""The words that one account gets for an item: override before manifest, fitted to the row, fully declared.

Whatever is cut, dropped or replaced is a Finding with before and after; what cannot be repaired is an error
with a remedy. Pure: it reads no file and no clock, and it decides nothing that policy has not decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from publisher.compose.declaring import declarations_of, fields_of, judge_columns, tasks_of
from publisher.compose.desk import Desk
from publisher.compose.facts import facts_of, metadata_of
from publisher.compose.shelves import categories_of
from publisher.compose.wording import judge_distinct, keywords_of, text_of
from publisher.listing import Copy, Level
from publisher.manifest.item import Item
from publisher.policy import Verdict
from publisher.row import Dialect, Row
from publisher.rules import ActionKind, RuleAction


def compose(
    item: Item, row: Row, account: str, verdict: Verdict, options: Mapping[str, Any]
) -> Copy:
    """The copy of ``item`` for ``account``. Deterministic; never raises for what a manifest may hold.

    ``options`` are the account's: ``csv_dialect`` names a dialect of the row, and ``embed_prompt`` (true)
    puts the prompt and its writer into the file, which is off because prompts are private.
    """
    desk = Desk(
        item=item,
        row=row,
        account=account,
        override=item.override(account),
        dialect=_dialect(row, options),
        actions=_by_kind(verdict.actions),
        facts=facts_of(item),
    )
    title = text_of(desk, "title", row.limits.title)
    description = text_of(desk, "description", row.limits.description)
    judge_distinct(desk, title, description)
    keywords = keywords_of(desk, row.limits.keywords)
    forced = tuple(a.value for a in desk.asked(ActionKind.SET_CATEGORY))
    categories, remarks = categories_of(item, row, account, forced)
    for remark in remarks:
        # Taking the first of several is what an order of fitness is for; the rest is worth a look.
        mild = remark.code in ("categories-dropped", "category-default")
        level = Level.NOTICE if mild else Level.WARNING
        desk.say(level, remark.code, remark.text, remark.remedy)
    fields = fields_of(desk)
    judge_columns(desk)
    metadata = metadata_of(
        item,
        desk.facts,
        title=title.text,
        description=description.text,
        keywords=keywords,
        embed_prompt=options.get("embed_prompt") is True,
        camera=row.file.camera,
        extra_xmp=tuple((a.field, desk.filled(a)) for a in desk.asked(ActionKind.WRITE_XMP)),
    )
    return Copy(
        account=account,
        title=title.text,
        description=description.text,
        keywords=keywords,
        categories=categories,
        fields=fields,
        declarations=declarations_of(desk, verdict.actions, fields),
        tasks=tasks_of(desk),
        metadata=metadata,
        findings=tuple(dict.fromkeys(desk.findings)),
    )


def _dialect(row: Row, options: Mapping[str, Any]) -> Dialect | None:
    if row.csv is None:
        return None
    name = options.get("csv_dialect")
    chosen = row.csv.dialects.get(name) if isinstance(name, str) else None
    return chosen or row.csv.dialects[row.csv.dialect]


def _by_kind(actions: Iterable[RuleAction]) -> dict[ActionKind, tuple[RuleAction, ...]]:
    sorted_out: dict[ActionKind, tuple[RuleAction, ...]] = {}
    for action in actions:
        sorted_out[action.kind] = (*sorted_out.get(action.kind, ()), action)
    return sorted_out
