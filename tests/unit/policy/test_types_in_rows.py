"""Every kind of rule is used by at least one shipped row, with its evidence."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from policy_samples import CHANNELS, row

from publisher.policy import shipped_law
from publisher.row import Row
from publisher.rules import ActionKind, RuleAction, TermClass, When

ROWS = [row(path.stem) for path in sorted(CHANNELS.glob("*/*.toml"))]


def when(test: Callable[[When], object]) -> Callable[[Row], bool]:
    return lambda r: any(test(rule.when) for rule in r.rule)


def acts(test: Callable[[RuleAction], object]) -> Callable[[Row], bool]:
    return lambda r: any(test(a) for rule in r.rule for a in rule.actions)


def _dated_provenance(r: Row) -> bool:
    return any(x.when.provenance and (x.effective_from or x.effective_until) for x in r.rule)


def _caption(field: str, date: str) -> Callable[[Row], bool]:
    return acts(lambda a: a.kind is ActionKind.SET_FIELD and a.field == field and date in a.value)


USES: dict[str, Callable[[Row], object]] = {
    "1 provenance class with dates": _dated_provenance,
    "2 share of pixels": when(lambda w: w.edit_share_over is not None),
    "2 kind of edit": when(lambda w: w.edits),
    "3 checkbox": acts(lambda a: a.kind is ActionKind.HUMAN_TASK and a.declares),
    "3 keyword": acts(lambda a: a.kind is ActionKind.ADD_KEYWORD and a.declares),
    "3 category": acts(lambda a: a.kind is ActionKind.SET_CATEGORY and a.declares),
    "3 sentence": acts(lambda a: a.kind is ActionKind.APPEND_SENTENCE and a.declares),
    "3 column or field": acts(lambda a: a.kind is ActionKind.SET_FIELD and a.declares),
    "3 embedded XMP": acts(lambda a: a.kind is ActionKind.WRITE_XMP and a.declares),
    "4 forbidden declaration": when(lambda w: w.terms and w.fields == ("title",)),
    "5 flags that depend on each other": when(lambda w: w.people and w.provenance),
    "6 subjects of AI images": when(lambda w: w.provenance and (w.places or w.news_event)),
    "7 editorial": when(lambda w: w.provenance and w.editorial is not None),
    "7 caption of a description": _caption("description", "{long_date}"),
    "7 caption of a title": _caption("title", "{slash_date}"),
    "8 forbidden terms by class": when(lambda w: w.term_classes),
    "9 plan": when(lambda w: w.plan),
    "9 rights": when(lambda w: w.rights),
    "10 bytes, both ends": lambda r: r.file.bytes_min and r.file.bytes_max,
    "10 pixels": lambda r: r.file.megapixels_min and r.file.megapixels_max,
    "10 EXIF": lambda r: r.file.camera and any(g.unless_exif for g in r.gate),
    "10 extension": lambda r: r.file.extension_matches,
    "11 style": when(lambda w: w.style),
    "12 lengths and signs": lambda r: r.limits.title.max and r.limits.title.forbid,
    "12 English, no capitals": lambda r: r.limits.title.english_only and r.limits.title.no_caps,
    "13 categories": lambda r: r.categories.mapping and r.categories.max > 1,
    "14 file name": lambda r: r.limits.filename.evidence,
    "15 releases are flagged": lambda r: r.releases and r.releases.mode == "flag",
    "15 releases are sent": lambda r: r.releases and r.releases.mode == "upload",
    "16 quota in days": lambda r: any(q.window == "rolling" for q in r.quota),
    "16 quota of a month, of calls": lambda r: any(q.counts == "calls" for q in r.quota),
    "16 first batch": lambda r: any(q.window == "first-batch" for q in r.quota),
    "16 batch": lambda r: any(q.window == "batch" for q in r.quota),
    "16 scaled by approval": lambda r: any(q.scale_by == "approval" for q in r.quota),
    "16 scaled by level": lambda r: any(q.scale_by == "level" for q in r.quota),
    "17 gate by number": lambda r: any(g.at_least is not None for g in r.gate),
    "17 gate by yes": lambda r: any(g.at_least is None and g.one_of is None for g in r.gate),
    "17 gate by purpose": lambda r: any(g.one_of for g in r.gate),
    "18 variants per motif": lambda r: r.similarity,
    "19 promise": lambda r: r.exclusivity and r.exclusivity.promises != "none",
    "19 delivery": lambda r: r.exclusivity and r.exclusivity.promises == "delivery",
    "19 aggregator": lambda r: r.exclusivity and r.exclusivity.forwards_to,
    "19 prints excepted": lambda r: r.exclusivity and r.exclusivity.prints_excepted,
    "20 manual only": lambda r: r.automation and r.automation.kind == "manual",
    "20 transfer": lambda r: r.automation and r.automation.kind == "transfer",
    "21 product": when(lambda w: w.product),
    "22 step after the upload": lambda r: r.after,
    "23 cannot be taken back": lambda r: r.irreversible,
    "24 marks that must survive": lambda r: r.metadata and r.metadata.keep,
    "26 expiry": lambda r: any(x.expires for x in r.rule),
}


@pytest.mark.parametrize("use", USES)
def test_a_shipped_row_uses_it(use: str) -> None:
    assert [r.name for r in ROWS if USES[use](r)], f"no row uses type {use}"


def test_a_law_has_dates() -> None:
    days = {str(r.effective_from) for law in shipped_law() for r in law.rule}
    assert days == {"2026-08-02", "2026-12-02"}  # type 25


def test_all_classes_of_terms_that_rules_name_are_used() -> None:
    named = {c for r in ROWS for rule in r.rule for c in rule.when.term_classes or ()}
    assert named == set(TermClass)


def test_every_row_says_how_far_a_program_may_act() -> None:
    named = [r.name for r in ROWS if r.automation is None and r.adapter != "handoff"]
    assert named == []
