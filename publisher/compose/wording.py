"""Title, description and keywords of one account: its own text before that of the item, fitted.

A text of the account's own always wins. Where it breaks a limit that is an error, and what is shown is only
what would be left of it. What the rules put into a text is never cut. Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from publisher.compose.desk import Desk
from publisher.listing import Level
from publisher.rules import ActionKind
from publisher.textfit import Frame, fit_keywords, fit_text, foreign_signs
from publisher.textfit.text import BARE
from publisher.texts import KeywordLimit, TextLimit

Name = Literal["title", "description"]
_WORDS = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Worded:
    """A fitted text, and the text that it was made of."""

    text: str
    source: str


def text_of(desk: Desk, name: Name, limit: TextLimit) -> Worded:
    """Title or description, in the form that the rules ask for, within the limit."""
    source, own = _source(desk, name)
    frame, instead = _frame(desk, name)
    if instead:
        source, own = "", False
    fitted = fit_text(
        source,
        limit,
        name=name,
        sentences=name == "description",
        ascii_only=desk.ascii_only,
        frame=frame,
        own=own,
    )
    if fitted.notes:
        remedy = f"write {'it' if own else 'a text'} that fits under channels.{desk.account}.{name}"
        desk.tell(fitted.notes, remedy, own=own)
    _judge(desk, name, limit, fitted.text)
    return Worded(fitted.text, source)


def _source(desk: Desk, name: Name) -> tuple[str, bool]:
    """The text to fit, and whether it was written for this account alone."""
    if name in desk.override.model_fields_set:
        given = desk.override.title if name == "title" else desk.override.description
        return given or "", True
    return (desk.item.title if name == "title" else desk.item.description) or "", False


def _frame(desk: Desk, name: Name) -> tuple[Frame, str]:
    """What the rules put round the text, a caption before it and declarations behind it; and what instead of it."""
    lead = tail = instead = ""
    for action in desk.asked(ActionKind.SET_FIELD):
        if action.field == name and (value := desk.whole(action)) is not None:
            before, braces, after = value.partition(f"{{{name}}}")
            if braces:
                lead, tail = before + lead, tail + after
            else:
                lead, tail, instead = "", "", value
    sentences = " ".join(
        filled
        for action in desk.asked(ActionKind.APPEND_SENTENCE)
        if (action.field or "description") == name and (filled := desk.filled(action))
    )
    sentences = f"{instead} {sentences}".strip()
    return Frame(lead, tail, sentences) if lead or tail or sentences else BARE, instead


def _judge(desk: Desk, name: Name, limit: TextLimit, text: str) -> None:
    where = f"{name} of the item, or channels.{desk.account}.{name}"
    title = desk.row.title
    if not text and limit.required:
        said = f"{title} needs a {name}, and the manifest has none"
        desk.say(Level.ERROR, f"{name}-missing", said, f"write the {where}")
    elif text and len(text) < limit.min:
        said = f"the {name} has {len(text)} characters, {title} wants at least {limit.min}"
        desk.say(Level.ERROR, f"{name}-too-short", said, f"write a longer {where}", before=text)
    if limit.english_only and (signs := foreign_signs(text)):
        said = f"{title} wants English, and the {name} does not read so: {', '.join(signs)}"
        desk.say(Level.WARNING, "not-english", said, f"write the {where} in English", before=text)


def judge_distinct(desk: Desk, title: Worded, description: Worded) -> None:
    """Whether the description says more than the title, where the row wants it to."""
    wanted = desk.row.text
    if wanted is None or not wanted.distinct or not description.source:
        return
    if set(_WORDS.findall(description.source.casefold())) <= set(
        _WORDS.findall(title.source.casefold())
    ):
        said = f"{desk.row.title} wants a description that says more than the title"
        remedy = f"write the description of the item, or channels.{desk.account}.description"
        desk.say(Level.WARNING, "texts-alike", said, remedy, before=description.source)


def keywords_of(desk: Desk, limit: KeywordLimit) -> tuple[str, ...]:
    """The keywords, with those that the rules ask for, in the channel's order."""
    own = "keywords" in desk.override.model_fields_set
    given = (desk.override.keywords if own else desk.item.keywords) or ()
    asked = desk.asked(ActionKind.ADD_KEYWORD)
    fitted = fit_keywords(
        given,
        limit,
        required=[k for a in asked if (k := desk.filled(a))] if asked else (),
        ascii_only=desk.ascii_only,
        joiner=desk.dialect.joiner if desk.dialect is not None else ",",
        own=own,
    )
    where = f"keywords of the item, or channels.{desk.account}.keywords"
    if fitted.notes:
        first = "shorten" if own else "put the most important words first in"
        desk.tell(fitted.notes, f"{first} the {where}", own=own)
    title = desk.row.title
    if len(fitted.words) < limit.min:
        said = f"{len(fitted.words)} keywords, {title} wants at least {limit.min}"
        before = ", ".join(fitted.words)
        desk.say(Level.ERROR, "keywords-too-few", said, f"add words to the {where}", before=before)
    if limit.english_only and (signs := foreign_signs(" ".join(fitted.words))):
        said = f"{title} wants English, and the keywords do not read so: {', '.join(signs)}"
        desk.say(Level.WARNING, "not-english", said, f"write the {where} in English")
    return fitted.words
