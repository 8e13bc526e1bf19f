"""The sections of a row that are no list of rules, held against the facts: file, releases, approval, steps.

Each gives outcomes like a rule does, with the section's evidence. Pure, and it never raises.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator

from publisher.listing import Because
from publisher.policy.facts import Facts, Truth, check, plain
from publisher.policy.seat import GRACE_DAYS, Prepared, days_over
from publisher.policy.verdict import RuleOutcome, VerdictWord
from publisher.row import AfterUpload, Mode, Row
from publisher.rules import ActionKind, Evidence, RuleAction

IRREVERSIBLE = "irreversible"
"""The rule id of what cannot be taken back; a waiver may name it."""


def section_outcomes(ready: Prepared, account: str, facts: Facts) -> Iterator[RuleOutcome]:
    """What the sections of the row say about one member."""
    yield from _file(ready.row, facts)
    yield from _releases(ready.row, facts)
    yield from _approval(ready.row, account, facts)
    yield from _steps(ready, facts)


def _link(rule: str, text: str, evidence: Evidence | None, *facts: str) -> Because:
    if evidence is None:
        return Because(rule, text, facts=facts)
    seen = evidence.seen.isoformat()
    return Because(rule, text, evidence.source, evidence.grade.value, seen, facts)


def _file(row: Row, facts: Facts) -> Iterator[RuleOutcome]:
    """What the master must be. Pixels and bytes are the inspection's: they concern the rendition."""
    rules = row.file

    def held(name: str, text: str, *used: str, missing: tuple[str, ...] = ()) -> RuleOutcome:
        because = _link(f"file.{name}", f"{row.title}: {text}", rules.evidence, *used)
        return RuleOutcome(VerdictWord.HOLD, because, missing=missing)

    if facts.aspect is not None:
        seen = f"file.aspect={facts.aspect:g}"
        if rules.aspect_min is not None and facts.aspect < rules.aspect_min:
            yield held("aspect", f"width by height is at least {rules.aspect_min:g}", seen)
        if rules.aspect_max is not None and facts.aspect > rules.aspect_max:
            yield held("aspect", f"width by height is at most {rules.aspect_max:g}", seen)
    if facts.alpha is True and rules.alpha == "refused":
        yield held("alpha", "the picture must not be transparent", "file.alpha=true")
    if facts.alpha is False and rules.alpha == "required":
        yield held("alpha", "the picture must have a transparent ground", "file.alpha=false")
    if facts.extension is False and rules.extension_matches:
        yield held("extension", "the file's name must tell its true format", "file.extension=false")
    if rules.exif_required and facts.aspect is not None:
        lacking = [n for n in rules.exif_required if n not in (facts.exif or ())]
        if facts.exif is None or lacking:
            names = " and ".join(lacking)
            used = f"file.exif={plain(facts.exif)}"
            missing = tuple(f"file.exif.{name}" for name in lacking)
            yield held("exif", f"the file's EXIF must tell {names}", used, missing=missing)


def _releases(row: Row, facts: Facts) -> Iterator[RuleOutcome]:
    rules = row.releases
    if rules is None or rules.mode == "none" or not facts.releases:
        return
    used = f"releases={plain(facts.releases)}"
    if rules.mode == "flag":
        text = f"{row.title} takes no release files: it wants to know that they exist"
        value = "Mark there that releases exist: {releases}"
        action = RuleAction(kind=ActionKind.HUMAN_TASK, value=value)
        because = _link("releases", text, rules.evidence, used)
        yield RuleOutcome(VerdictWord.ALLOW_WITH_ACTIONS, because, (action,))
        return
    for kind, name, file in facts.releases:
        stem = file.rpartition("/")[2].rpartition(".")[0]
        if not file and not rules.folder:
            continue  # a person attaches it in the portal, by its name
        if not file:
            text = f"{row.title} wants the file of the {kind} release {name}, and none is named"
            because = _link("releases", text, rules.evidence, used)
            yield RuleOutcome(VerdictWord.HOLD, because, missing=("releases.file",))
        elif rules.pattern and not re.fullmatch(rules.pattern, stem):
            text = (
                f"{row.title} takes no release file called {stem!r}: it must match {rules.pattern}"
            )
            yield RuleOutcome(VerdictWord.HOLD, _link("releases", text, rules.evidence, used))
    where = f" (into {rules.folder})" if rules.folder else ""
    action = RuleAction(
        kind=ActionKind.ATTACH_RELEASE, value="Attach the releases" + where + ": {releases}"
    )
    because = _link("releases", f"{row.title} wants release files", rules.evidence, used)
    yield RuleOutcome(VerdictWord.ALLOW_WITH_ACTIONS, because, (action,))


def _approval(row: Row, account: str, facts: Facts) -> Iterator[RuleOutcome]:
    final = row.irreversible
    if final is None:
        return
    held = check(final.when, facts)
    if held.truth is Truth.FALSE:
        return
    used = (*held.used, f"approve={plain(facts.approved)}")
    if account in facts.approved:
        because = _link(IRREVERSIBLE, f"{final.reason}; approved", final.evidence, *used)
        yield RuleOutcome(VerdictWord.ALLOW, because)
        return
    if row.mode in (Mode.HANDOFF, Mode.ASSISTED):
        # Nothing is final until a person does it there: whoever does it approves it.
        value = f"Look at it once more before you send it off: {final.reason}"
        action = RuleAction(kind=ActionKind.HUMAN_TASK, value=value)
        because = _link(IRREVERSIBLE, final.reason, final.evidence, *used)
        yield RuleOutcome(VerdictWord.ALLOW_WITH_ACTIONS, because, (action,))
        return
    text = f"{final.reason}; approve it with 'approve: [{account}]' in the manifest"
    because = _link(IRREVERSIBLE, text, final.evidence, *used)
    yield RuleOutcome(VerdictWord.HOLD, because)


def _steps(ready: Prepared, facts: Facts) -> Iterator[RuleOutcome]:
    for step in ready.row.after:
        if step.per == "batch" or not step.in_force(ready.day):
            continue  # a batch's steps are no condition of an item; see batch_steps
        held = check(step.when, facts)
        if held.truth is Truth.FALSE:
            continue
        seen = step.seen.isoformat()
        because = Because(step.id, step.text, step.source, step.grade.value, seen, held.used)
        if held.truth is Truth.UNKNOWN or days_over(step, ready.day) > GRACE_DAYS:
            yield RuleOutcome(VerdictWord.HOLD, because, missing=held.missing)
            continue
        action = RuleAction(kind=ActionKind.HUMAN_TASK, value=step.text, declares=step.declares)
        yield RuleOutcome(VerdictWord.ALLOW_WITH_ACTIONS, because, (action,))


def batch_steps(row: Row, day: dt.date, batch: Iterable[Facts] = ()) -> tuple[AfterUpload, ...]:
    """What a person does once after a batch of these members was uploaded, as of ``day``.

    A step with a condition is there when any member of the batch may fulfil it.
    """
    members = tuple(batch)
    return tuple(
        step
        for step in row.after
        if step.per == "batch"
        and step.in_force(day)
        and (not members or any(check(step.when, m).truth is not Truth.FALSE for m in members))
    )
