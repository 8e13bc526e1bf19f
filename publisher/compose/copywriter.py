"""The words that one account gets for an item: override before manifest, fitted to the row, fully declared.

Whatever is cut, dropped or replaced is a Finding with before and after; what cannot be repaired is an error
with a remedy. Pure: it reads no file and no clock, and it decides nothing that policy has not decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from publisher.compose.desk import Desk
from publisher.compose.facts import column_values, facts_of, fill, metadata_of
from publisher.compose.shelves import categories_of
from publisher.compose.wording import judge_distinct, keywords_of, text_of
from publisher.listing import Copy, Declaration, Level
from publisher.manifest.item import Item
from publisher.manifest.provenance import DIGITAL_SOURCE_TYPE
from publisher.policy import Verdict
from publisher.row import Dialect, Row
from publisher.rules import ActionKind, RuleAction

_MECHANISM = {
    ActionKind.SET_FIELD: "field",
    ActionKind.ADD_KEYWORD: "keyword",
    ActionKind.SET_CATEGORY: "category",
    ActionKind.APPEND_SENTENCE: "sentence",
    ActionKind.HUMAN_TASK: "person",
    ActionKind.WRITE_XMP: "xmp",
    ActionKind.ATTACH_RELEASE: "release",
    ActionKind.CONVERT_FILE: "file",
}


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
        level = Level.NOTICE if remark.code == "categories-dropped" else Level.WARNING
        desk.say(level, remark.code, remark.text, remark.remedy)
    fields = _fields(desk)
    metadata = metadata_of(
        item,
        desk.facts,
        title=title.text,
        description=description.text,
        keywords=keywords,
        embed_prompt=options.get("embed_prompt") is True,
        extra_xmp=tuple((a.field, desk.filled(a)) for a in desk.asked(ActionKind.WRITE_XMP)),
    )
    return Copy(
        account=account,
        title=title.text,
        description=description.text,
        keywords=keywords,
        categories=categories,
        fields=fields,
        declarations=_declarations(desk, verdict.actions),
        tasks=_tasks(desk),
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


def _fields(desk: Desk) -> dict[str, str | None]:
    """Further fields by the channel's own name: from facts, from rules, then from the manifest's override."""
    fields: dict[str, str | None] = dict(column_values(desk.item, desk.dialect, desk.facts))
    declared: dict[str, str] = {}
    for action in desk.asked(ActionKind.SET_FIELD):
        if action.field in ("title", "description"):
            continue
        fields[action.field] = filled = desk.filled(action)
        if action.declares and filled:
            declared[action.field] = filled
    known = {name.casefold(): name for name in fields}
    for given, value in (desk.override.fields or {}).items():
        name = known.get(given.casefold(), given)
        if not value and name in declared:
            desk.say(
                Level.WARNING,
                "declaration-kept",
                f"the field {name} declares something about the image, so it was not cleared",
                f"remove channels.{desk.account}.fields.{given}",
                before=value,
                after=declared[name],
            )
            continue
        fields[name] = value
    return fields


def _tasks(desk: Desk) -> tuple[str, ...]:
    kinds = (ActionKind.HUMAN_TASK, ActionKind.ATTACH_RELEASE, ActionKind.CONVERT_FILE)
    return tuple(dict.fromkeys(desk.filled(a) for kind in kinds for a in desk.asked(kind)))


def _declarations(desk: Desk, actions: Iterable[RuleAction]) -> tuple[Declaration, ...]:
    """What the channel is told, and how: by actions of rules, and inside the file by the IPTC term."""
    told = []
    for action in actions:
        if action.declares:
            where = _MECHANISM[action.kind]
            if action.kind is ActionKind.SET_FIELD:
                where = f"{where} {action.field}"
            value, _missing = fill(action.value, desk.facts)
            if not value:
                continue  # the fact is missing, so nothing is told; that was said above
            told.append(Declaration(action.declares, where, value))
    for kind in sorted(desk.item.provenance_classes, key=lambda c: c.value):
        if term := DIGITAL_SOURCE_TYPE.get(kind):
            told.append(Declaration(kind.value, "embedded", term))
    return tuple(dict.fromkeys(told))
