"""The work in hand while an item's words are written: what is given, what is asked for, and what was found. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from publisher.compose.facts import fill
from publisher.listing import Finding, Level
from publisher.manifest.item import Item
from publisher.manifest.model import Override
from publisher.row import Dialect, Row
from publisher.rules import ActionKind, RuleAction
from publisher.textfit import Note

_HOME = {
    "system": "provenance.system",
    "version": "provenance.version",
    "model": "provenance.system and provenance.version",
    "prompt": "provenance.prompt",
    "prompt_writer": "provenance.prompt_writer",
    "city": "editorial.city",
    "city_capitals": "editorial.city",
    "country": "editorial.country",
    "country_capitals": "editorial.country",
    "date": "editorial.date",
    "long_date": "editorial.date",
    "slash_date": "editorial.date",
    "releases": "releases",
}

_NOTICES = ("keywords-repeated", "keywords-alike", "keywords-reordered", "keywords-respelled")
"""Changes in which nothing that a buyer could search for is lost."""


@dataclass
class Desk:
    """One item for one account. ``override`` is what the manifest says for that account alone."""

    item: Item
    row: Row
    account: str
    override: Override
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

    def tell(self, notes: Iterable[Note], remedy: str, *, own: bool) -> None:
        """Keep notes of a fitting. ``own``: the text was written for this account, so a broken limit is an error.

        Such a text always wins, and so it is for its writer to shorten it: until then nothing is published.
        """
        for note in notes:
            level = Level.NOTICE if note.code in _NOTICES else Level.WARNING
            if note.hard and (own or note.code.endswith("does-not-fit")):
                level = Level.ERROR
            self.say(level, note.code, note.text, remedy, note.before, note.after)

    def asked(self, kind: ActionKind) -> tuple[RuleAction, ...]:
        """The actions of one kind, in the order of the row."""
        return self.actions.get(kind, ())

    def filled(self, action: RuleAction) -> str:
        """The action's value with the manifest's facts in its braces; what is missing is said."""
        if "{" not in action.value:
            return action.value
        value, missing = fill(action.value, self.facts)
        for name in missing:
            self._miss(action, name)
        return value

    def whole(self, action: RuleAction) -> str | None:
        """As ``filled``, but None when a fact is missing: half a caption is worse than none."""
        value, missing = fill(action.value, self.facts)
        for name in missing:
            self._miss(action, name)
        return None if missing else value

    def _miss(self, action: RuleAction, name: str) -> None:
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
