"""Declarations, further fields and tasks of one account: what the channel is told, and that nothing unsays it.

An override may fill a field in other words where the row leaves the words open. It never clears or contradicts
a declaration, and it never writes over a column that carries one. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from publisher.compose.desk import Desk
from publisher.compose.facts import column_values, fill
from publisher.listing import Declaration, Level
from publisher.manifest.provenance import DIGITAL_SOURCE_TYPE
from publisher.row import Dialect
from publisher.rules import ActionKind, RuleAction
from publisher.textfit import clean

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
_TEXTS = ("title", "description")
_SHELVES = ("category", "categories", "category1", "category2", "category3")


def fields_of(desk: Desk) -> dict[str, str | None]:
    """Further fields by the channel's own name: from facts, from rules, then from the manifest's override."""
    fields: dict[str, str | None] = dict(column_values(desk.item, desk.dialect, desk.facts))
    declared: dict[str, RuleAction] = {}
    for action in desk.asked(ActionKind.SET_FIELD):
        if action.field in _TEXTS:
            continue
        filled = desk.filled(action)
        value = clean(filled, ascii_only=True) if desk.ascii_only else filled
        fields[action.field] = value
        if action.declares and filled:
            declared[action.field] = action
            if not _says_something(value):
                _unwritable(desk, action.field, filled)
    given = desk.override.fields
    if given:
        _override(desk, fields, declared)
    return fields


def _override(desk: Desk, fields: dict[str, str | None], declared: dict[str, RuleAction]) -> None:
    known = {name.casefold(): name for name in fields}
    guarded = _guarded(desk)
    for given, value in (desk.override.fields or {}).items():
        name = known.get(given.casefold(), given)
        action = declared.get(name)
        if (text := guarded.get(given.casefold())) is not None:
            said = f"the column {given} carries a declaration about the image, so it was not written over"
            remedy = f"remove channels.{desk.account}.fields.{given}, and write the {text} itself"
            desk.say(Level.WARNING, "declaration-kept", said, remedy, before=value or "", after="")
            continue
        if action is not None and not _agrees(desk, action, value):
            said = f"the field {name} declares something about the image, so it was not "
            said += "changed" if value and _says_something(value) else "cleared"
            remedy = f"remove channels.{desk.account}.fields.{given}"
            kept = fields[name] or ""
            desk.say(Level.WARNING, "declaration-kept", said, remedy, before=value, after=kept)
            continue
        if action is not None and value != fields[name]:
            said = f"the field {name} declares something about the image, in your own words"
            desk.say(Level.NOTICE, "declaration-reworded", said, "", fields[name], value)
        fields[name] = value


def _agrees(desk: Desk, action: RuleAction, value: str | None) -> bool:
    """Whether ``value`` may stand for the declaration: any words for a fact, the row's own word otherwise."""
    plain = clean(value or "", ascii_only=desk.ascii_only)
    if not _says_something(plain):
        return False
    return "{" in action.value or plain.casefold() == action.value.casefold()


def _says_something(value: str) -> bool:
    return any(c.isalnum() for c in value)


def _unwritable(desk: Desk, field: str, value: str) -> None:
    said = f"{desk.row.title} takes plain ASCII in {field}, and nothing is left there of {value}"
    remedy = f"write it in plain letters under channels.{desk.account}.fields.{field}"
    desk.say(Level.ERROR, "declaration-unwritable", said, remedy, before=value, after="")


def _guarded(desk: Desk) -> dict[str, str]:
    """Header in small letters → the text that it carries, for columns with a declaration in them.

    A column that is nothing but the declaration is not among them: that one may be reworded.
    """
    carried = {
        field
        for actions in desk.actions.values()
        for action in actions
        if action.declares and (action.kind is not ActionKind.SET_FIELD or action.field in _TEXTS)
        for field in _columns(action)
    }
    if desk.dialect is None or not carried:
        return {}
    return {c.header.casefold(): c.field for c in desk.dialect.columns if c.field in carried}


def _columns(action: RuleAction) -> tuple[str, ...]:
    """The fields of a CSV that carry the action; none for what does not travel in one."""
    match action.kind:
        case ActionKind.ADD_KEYWORD:
            return ("keywords",)
        case ActionKind.SET_CATEGORY:
            return _SHELVES
        case ActionKind.APPEND_SENTENCE:
            return (action.field or "description",)
        case ActionKind.SET_FIELD:
            return (action.field,)
        case _:
            return ()


def judge_columns(desk: Desk) -> None:
    """Whether the account's dialect has a column for each declaration that another dialect has one for."""
    if desk.row.csv is None or desk.dialect is None or len(desk.row.csv.dialects) < 2:
        return
    for action in (a for kind in desk.actions.values() for a in kind if a.declares):
        if _holds(desk.dialect, action):
            continue
        others = [n for n, d in sorted(desk.row.csv.dialects.items()) if _holds(d, action)]
        if others:
            said = f"the CSV dialect of {desk.account} has no column for {action.declares}"
            remedy = f"choose csv_dialect = {' or '.join(repr(n) for n in others)}"
            desk.say(Level.ERROR, "declaration-has-no-column", said, remedy)


def _holds(dialect: Dialect, action: RuleAction) -> bool:
    wanted = {name.casefold() for name in _columns(action)}
    return any(
        c.field.casefold() in wanted or c.header.casefold() in wanted for c in dialect.columns
    )


def tasks_of(desk: Desk) -> tuple[str, ...]:
    """What a person does there for this item, each once."""
    kinds = (ActionKind.HUMAN_TASK, ActionKind.ATTACH_RELEASE, ActionKind.CONVERT_FILE)
    return tuple(dict.fromkeys(desk.filled(a) for kind in kinds for a in desk.asked(kind)))


def declarations_of(
    desk: Desk, actions: Iterable[RuleAction], fields: dict[str, str | None]
) -> tuple[Declaration, ...]:
    """What the channel is told, and how: by actions of rules, and inside the file by the IPTC term."""
    return tuple(dict.fromkeys(_told(desk, actions, fields)))


def _told(
    desk: Desk, actions: Iterable[RuleAction], fields: dict[str, str | None]
) -> Iterator[Declaration]:
    for action in actions:
        if not action.declares:
            continue
        where = _MECHANISM[action.kind]
        value, _missing = fill(action.value, desk.facts)
        if action.kind is ActionKind.SET_FIELD:
            where = f"{where} {action.field}"
            if action.field not in _TEXTS:
                value = fields.get(action.field) or ""
        if value:  # a fact that is missing is not told; that was said elsewhere
            yield Declaration(action.declares, where, value)
    for kind in sorted(desk.item.provenance_classes, key=lambda c: c.value):
        if term := DIGITAL_SOURCE_TYPE.get(kind):
            yield Declaration(kind.value, "embedded", term)
