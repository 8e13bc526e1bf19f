"""The words that one account gets for an item: override before manifest, fitted to the row, fully declared.

Whatever is cut, dropped or replaced is a Finding with before and after; what cannot be repaired is an error
with a remedy. Pure: it reads no file and no clock, and it decides nothing that policy has not decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from publisher.compose.facts import column_values, facts_of, fill, metadata_of
from publisher.compose.shelves import categories_of
from publisher.listing import Copy, Declaration, Finding, Level
from publisher.manifest.item import Item
from publisher.manifest.provenance import DIGITAL_SOURCE_TYPE
from publisher.policy import Verdict
from publisher.row import Dialect, KeywordLimit, Row, TextLimit
from publisher.rules import ActionKind, RuleAction
from publisher.textfit import Note, append_sentences, clean, fit_keywords, fit_text

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


@dataclass
class _Desk:
    """The work in hand: what is given, what the rules ask for, and what was found on the way."""

    item: Item
    row: Row
    account: str
    dialect: Dialect | None
    actions: Mapping[ActionKind, tuple[RuleAction, ...]]
    facts: Mapping[str, str]
    findings: list[Finding] = field(default_factory=list)

    @property
    def ascii_only(self) -> bool:
        """Whether the account's CSV takes plain ASCII alone."""
        return self.dialect is not None and self.dialect.ascii_only

    def say(
        self,
        level: Level,
        code: str,
        text: str,
        remedy: str = "",
        before: str | None = None,
        after: str | None = None,
    ) -> None:
        """Keep a finding at the item's place in the manifest."""
        self.findings.append(
            Finding(
                level=level,
                text=text,
                remedy=remedy,
                file=self.item.file,
                line=self.item.line,
                item=self.item.id,
                account=self.account,
                code=code,
                before=before,
                after=after,
            )
        )

    def warn(self, notes: Iterable[Note], remedy: str) -> None:
        """Keep notes of a fitting as warnings; a left out repeat is a notice, for nothing is lost."""
        for note in notes:
            level = Level.NOTICE if note.code == "keywords-repeated" else Level.WARNING
            self.say(level, note.code, note.text, remedy, note.before, note.after)

    def asked(self, kind: ActionKind) -> tuple[RuleAction, ...]:
        """The actions of one kind, in the order of the row."""
        return self.actions.get(kind, ())

    def filled(self, action: RuleAction) -> str:
        """The action's value with the manifest's facts in its braces; what is missing is said."""
        value, missing = fill(action.value, self.facts)
        for name in missing:
            where = action.field or action.kind.value
            level = Level.ERROR if action.field in ("title", "description") else Level.WARNING
            if name == "prompt":  # prompts are private: leaving one out is a choice
                level = Level.NOTICE
            self.say(
                level,
                "fact-missing",
                f"{self.row.title} asks for {name} in {where}, and the manifest does not state it",
                f"state it in the manifest: {_HOME.get(name, name)}",
            )
        return value


_HOME = {
    "system": "provenance.system",
    "version": "provenance.version",
    "model": "provenance.system and provenance.version",
    "prompt": "provenance.prompt",
    "prompt_writer": "provenance.prompt_writer",
    "city": "editorial.city",
    "country": "editorial.country",
    "date": "editorial.date",
    "long_date": "editorial.date",
    "releases": "releases",
}


def compose(
    item: Item, row: Row, account: str, verdict: Verdict, options: Mapping[str, Any]
) -> Copy:
    """The copy of ``item`` for ``account``. Deterministic; never raises for what a manifest may hold.

    ``options`` are the account's: ``csv_dialect`` names a dialect of the row, and ``embed_prompt`` (true)
    puts the prompt and its writer into the file, which is off because prompts are private.
    """
    desk = _Desk(
        item=item,
        row=row,
        account=account,
        dialect=_dialect(row, options),
        actions=_by_kind(verdict.actions),
        facts=facts_of(item),
    )
    title = _text(desk, "title", row.limits.title)
    description = _text(desk, "description", row.limits.description)
    keywords = _keywords(desk, row.limits.keywords)
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
        title=title,
        description=description,
        keywords=keywords,
        embed_prompt=options.get("embed_prompt") is True,
        extra_xmp=tuple((a.field, desk.filled(a)) for a in desk.asked(ActionKind.WRITE_XMP)),
    )
    return Copy(
        account=account,
        title=title,
        description=description,
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


def _text(desk: _Desk, name: str, limit: TextLimit) -> str:
    """Title or description: override before manifest, in the form that a rule asks for, within the limit."""
    override = desk.item.override(desk.account)
    own = desk.item.title if name == "title" else desk.item.description
    given = getattr(override, name) if name in override.model_fields_set else own
    text = given or ""
    for action in desk.asked(ActionKind.SET_FIELD):
        if action.field == name:
            text, _missing = fill(desk.filled(action), {name: text}, keep=True)
    remedy = f"write a shorter {name} under channels.{desk.account}.{name}"
    fitted = fit_text(
        text, limit, name=name, sentences=name == "description", ascii_only=desk.ascii_only
    )
    sentences = [
        clean(desk.filled(a), forbid=limit.forbid, ascii_only=desk.ascii_only or limit.ascii_only)
        for a in desk.asked(ActionKind.APPEND_SENTENCE)
        if (a.field or "description") == name
    ]
    desk.warn(fitted.notes, remedy)
    ended = append_sentences(fitted.text, sentences, limit.max)
    if ended is None:
        said = f"the {name} has no room for what must stand at its end: {' '.join(sentences)}"
        desk.say(
            Level.ERROR, "sentence-does-not-fit", said, "correct the limit or the rule in the row"
        )
        ended = fitted
    elif ended is not fitted:
        desk.warn(ended.notes, remedy)
    _judge_length(desk, name, limit, ended.text)
    return ended.text


def _judge_length(desk: _Desk, name: str, limit: TextLimit, text: str) -> None:
    where = f"{name} of the item, or channels.{desk.account}.{name}"
    if not text and limit.required:
        desk.say(
            Level.ERROR,
            f"{name}-missing",
            f"{desk.row.title} needs a {name}, and the manifest has none",
            f"write the {where}",
        )
    elif text and len(text) < limit.min:
        desk.say(
            Level.ERROR,
            f"{name}-too-short",
            f"the {name} has {len(text)} characters, {desk.row.title} wants at least {limit.min}",
            f"write a longer {where}",
            before=text,
        )


def _keywords(desk: _Desk, limit: KeywordLimit) -> tuple[str, ...]:
    override = desk.item.override(desk.account)
    given = override.keywords if "keywords" in override.model_fields_set else desk.item.keywords
    asked = dict.fromkeys(desk.filled(a) for a in desk.asked(ActionKind.ADD_KEYWORD))
    fitted = fit_keywords(
        given or (), limit, required=tuple(k for k in asked if k), ascii_only=desk.ascii_only
    )
    where = f"keywords of the item, or channels.{desk.account}.keywords"
    desk.warn(fitted.notes, f"put the most important words first in the {where}")
    if len(fitted.words) < limit.min:
        desk.say(
            Level.ERROR,
            "keywords-too-few",
            f"{len(fitted.words)} keywords, {desk.row.title} wants at least {limit.min}",
            f"add words to the {where}",
            before=", ".join(fitted.words),
        )
    return fitted.words


def _fields(desk: _Desk) -> dict[str, str | None]:
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
    for given, value in (desk.item.override(desk.account).fields or {}).items():
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


def _tasks(desk: _Desk) -> tuple[str, ...]:
    kinds = (ActionKind.HUMAN_TASK, ActionKind.ATTACH_RELEASE, ActionKind.CONVERT_FILE)
    return tuple(dict.fromkeys(desk.filled(a) for kind in kinds for a in desk.asked(kind)))


def _declarations(desk: _Desk, actions: Iterable[RuleAction]) -> tuple[Declaration, ...]:
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
