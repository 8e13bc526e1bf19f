"""Rule types 10 to 18: files, styles, texts, categories, names, releases, quotas, gates, variants."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from policy_samples import GENERATED, HUMAN, TODAY, item, made_row, row
from pydantic import ValidationError

from publisher.admission import gated
from publisher.compose import compose
from publisher.inspection import inspect
from publisher.listing import Listing, Recipe, RenditionRequest
from publisher.manifest.item import Item, Master
from publisher.manifest.model import Waiver
from publisher.naming import safe_name
from publisher.pacing import quota_limit, quota_windows
from publisher.policy import Verdict, VerdictWord, judge, quotas_for
from publisher.row import NameLimit, Pace, Row
from publisher.similarity import Candidate, choose

ALLOW, ACTIONS, HOLD, DENY = VerdictWord
ANYTHING = {"id": "all", "verdict": "allow"}
EVIDENCE = {"source": "test", "grade": "O", "seen": dt.date(2026, 1, 1)}
TOMORROW = TODAY + dt.timedelta(days=1)


def with_master(**changes: Any) -> Item:
    facts = {"size": 9_000_000, "format": "jpeg", "width": 3000, "height": 2000, "exif": ()}
    master = Master(Path("a.jpg"), "a.jpg", "0" * 64, **{**facts, **changes})
    return replace(item(HUMAN), masters=(master,))


def on_file(what: Item, **rules: Any) -> Verdict:
    made = made_row([ANYTHING], file={**rules, "evidence": EVIDENCE})
    return judge(what, made, day=TODAY, account="acc")


@pytest.mark.parametrize(
    ("rules", "fits", "breaks", "rule"),
    [
        ({"aspect_min": 1.0}, {}, {"width": 1000}, "file.aspect"),
        ({"aspect_max": 2.0}, {}, {"width": 9000}, "file.aspect"),
        ({"alpha": "refused"}, {}, {"alpha": True}, "file.alpha"),
        ({"alpha": "required"}, {"alpha": True}, {}, "file.alpha"),
        ({"extension_matches": True}, {}, {"format": "png"}, "file.extension"),
        ({"exif_required": ["Make"]}, {"exif": ("Make",)}, {"exif": ("Model",)}, "file.exif"),
    ],
)
def test_type_10_file_rules(rules: dict, fits: dict, breaks: dict, rule: str) -> None:
    assert on_file(with_master(**fits), **rules).word is ALLOW
    held = on_file(with_master(**breaks), **rules)
    assert (held.word, held.because[0].rule, held.because[0].grade) == (HOLD, rule, "O")
    assert held.because[0].facts[0].startswith(f"{rule}=")
    assert on_file(item(HUMAN), **rules).word is ALLOW  # no master was measured
    assert on_file(with_master(problem="broken", **breaks), **rules).word is ALLOW  # told elsewhere


def test_type_10_unknown_exif_and_bounds_of_bytes_and_pixels() -> None:
    held = on_file(with_master(exif=None), exif_required=["Make", "Model"])
    assert held.missing == ("file.exif.Make", "file.exif.Model")
    small = with_master(width=1000, height=1000)
    recipe = Recipe(megapixels_min=4.0)  # never met by enlarging
    request = RenditionRequest("main", "a.jpg", small.masters[0], recipe, None)  # type: ignore[arg-type]
    (finding,) = inspect(small, Listing(small.id, "acc", "a.jpg", {}, (request,)))
    assert finding.code == "too-small" and "never upsampled" in finding.remedy
    freepik = row("freepik").file
    assert freepik.bytes_min and freepik.bytes_max and freepik.bytes_min < freepik.bytes_max


def test_type_11_style_and_type() -> None:
    adobe, vecteezy = row("adobe-stock"), row("vecteezy")

    def types(style: str | None, day: dt.date = TODAY) -> list[str]:
        verdict = judge(item(GENERATED, style=style), adobe, day=day, account="a")
        return [a.value for a in verdict.actions if "type" in a.value]

    assert types("photo") == ["Set the type to Photos"]
    assert types("3d") == ["Set the type to Illustrations"]
    assert types(None) == []  # a second net only: the portal asks anyway
    assert types("photo", dt.date(2022, 12, 1)) == []
    assert judge(item(HUMAN, style="photo"), vecteezy, day=TODAY, account="v").word is not DENY
    assert judge(item(HUMAN, style="illustration"), vecteezy, day=TODAY, account="v").word is DENY
    unknown = judge(item(HUMAN, style=None), vecteezy, day=TODAY, account="v")
    assert unknown.word is HOLD and "style" in unknown.missing


def composed(what: Item, channel: Row) -> tuple[Any, set[str]]:
    verdict = judge(what, channel, day=TODAY, account="acc")
    copy = compose(what, channel, "acc", verdict, {})
    return copy, {f.code for f in copy.findings}


def test_type_12_text_rules() -> None:
    limits = {
        "title": {"min": 5, "max": 30, "forbid": ",", "no_caps": True, "required": True},
        "description": {"english_only": True},
        "keywords": {"min": 2, "max": 3, "order": "alphabetical"},
    }
    channel = made_row([ANYTHING], limits=limits)
    copy, codes = composed(
        item(HUMAN, title="GLASS, DUNES AND DAWN OVER A VERY WIDE PLAIN"), channel
    )
    assert "," not in copy.title and not copy.title.isupper() and len(copy.title) <= 30
    assert list(copy.keywords) == sorted(copy.keywords) and len(copy.keywords) == 3
    assert codes  # nothing is changed silently
    _, codes = composed(item(HUMAN, title=None), channel)
    assert "title-missing" in codes
    fine, codes = composed(item(HUMAN, title="Dunes", keywords=["a", "b"]), channel)
    assert (fine.title, codes) == ("Dunes", set())


def test_type_13_categories() -> None:
    shelves = {"mapping": {"abstract": "8", "nature": "11"}, "max": 1, "evidence": EVIDENCE}
    channel = made_row([ANYTHING], categories=shelves)
    copy, codes = composed(item(HUMAN, categories=["nature", "abstract"]), channel)
    assert copy.categories == ("11",) and "categories-dropped" in codes
    copy, codes = composed(item(HUMAN, categories=["glaciers"]), channel)
    assert copy.categories == () and "category-unmapped" in codes
    forced = {"id": "ai", "verdict": "allow", "when": {"provenance": ["ai-generated"]}}
    forced["actions"] = [{"kind": "set-category", "value": "212", "declares": "ai"}]
    channel = made_row([ANYTHING, forced], categories=shelves)
    assert composed(item(GENERATED), channel)[0].categories == ("212",)
    assert composed(item(HUMAN), channel)[0].categories == ("8",)
    later = made_row([ANYTHING, {**forced, "effective_from": TOMORROW}], categories=shelves)
    assert composed(item(GENERATED), later)[0].categories == ("8",)


def test_type_14_file_names() -> None:
    limit = row("adobe-stock").limits.filename
    assert safe_name("glass_001", limit, "jpg") == "glass_001.jpg"
    odd = safe_name("glass-001 é", limit, "jpg")
    assert odd != safe_name("glass_001 é", limit, "jpg") and len(odd) <= limit.max == 30
    assert odd.removesuffix(".jpg").replace("_", "").isalnum()
    assert len(safe_name("x" * 90, NameLimit(max=12), "jpg")) <= 12


def test_type_15_releases() -> None:
    def held(mode: str, *releases: dict[str, str], **rest: str) -> Verdict:
        channel = made_row([ANYTHING], releases={"mode": mode, **rest, "evidence": EVIDENCE})
        return judge(item(HUMAN, releases=list(releases)), channel, day=TODAY, account="acc")

    ana = {"kind": "model", "name": "Ana"}
    assert held("none", ana).word is ALLOW
    assert held("flag").word is held("upload").word is ALLOW  # nothing to tell
    flagged = held("flag", ana)
    assert flagged.word is ACTIONS and flagged.actions[0].kind.value == "human-task"
    assert held("upload", ana).actions[0].kind.value == "attach-release"
    folder = held("upload", ana, folder="Release")
    assert (folder.word, folder.missing) == (HOLD, ("releases.file",))
    named = {**ana, "file": "releases/ana-1.pdf"}
    assert held("upload", named, folder="Release").word is ACTIONS
    assert held("upload", named, pattern="[A-Za-z0-9]+").word is HOLD


def test_type_16_quotas() -> None:
    adobe = row("adobe-stock")
    assert [q.id for q in quotas_for(item(GENERATED), adobe, "a")] == ["generative-weekly"]
    assert quotas_for(item(HUMAN), adobe, "a") == ()
    assert quotas_for(item(None), adobe, "a")  # what cannot be told counts
    (scaled,) = [q for q in row("dreamstime").quota if q.scale_by]
    assert quota_limit(scaled, {"approval_ratio": 0.9}) > quota_limit(
        scaled, {"approval_ratio": 0.1}
    )
    assert quota_limit(scaled, {}) == quota_limit(scaled, {"approval_ratio": 0.0})
    (monthly,) = quota_windows(Pace(), row("rarible").quota)
    assert "100 calls a month" in monthly.name
    assert {q.window for q in row("freepik").quota} >= {"first-batch"}
    with pytest.raises(ValidationError, match="go together"):
        made_row([ANYTHING], quota=[{"id": "q", "limit": 3, "scale_by": "level", **EVIDENCE}])


GATES: list[tuple[dict[str, Any], Any, Any]] = [
    ({"option": "qualified"}, True, False),
    ({"option": "published_count", "at_least": 500}, 620, 499),
    ({"option": "purpose", "one_of": ["stock"]}, "stock", "prints"),
]


@pytest.mark.parametrize(("gate", "good", "bad"), GATES)
def test_type_17_account_gates(gate: dict[str, Any], good: Any, bad: Any) -> None:
    data = {"id": "gate", "text": "the account must be let in", **gate, **EVIDENCE}

    def asked(options: dict[str, Any], *waivers: Waiver, **changes: Any) -> Verdict:
        channel = made_row([ANYTHING], gate=[{**data, **changes}])
        verdict = judge(item(HUMAN), channel, day=TODAY, account="acc")
        return gated(
            verdict,
            item(HUMAN),
            channel,
            account="acc",
            options=options,
            day=TODAY,
            waivers=waivers,
        )

    assert asked({gate["option"]: good}).word is ALLOW
    assert asked({gate["option"]: bad}).word is HOLD
    unknown = asked({})
    assert unknown.word is HOLD and f"{gate['option']} = " in unknown.because[0].text
    assert asked({}, effective_from=TOMORROW).word is ALLOW
    assert asked({}, effective_until=TODAY).word is ALLOW
    assert asked({}, modes=["handoff"]).word is ALLOW  # this row transfers
    reason = {"item": "glass-001", "account": "acc", "rule": "gate", "reason": "they wrote to me"}
    assert asked({}, Waiver.model_validate({**reason, "until": TOMORROW})).word is ALLOW


def test_type_18_variants_of_one_motif() -> None:
    adobe = row("adobe-stock").similarity
    assert adobe is not None and adobe.variants_per_motif == 3
    motif = dict.fromkeys("abcde", "a")
    (choice,) = choose([Candidate(i, megapixels=n) for n, i in enumerate("abcde")], motif, 3)
    assert (set(choice.chosen), set(choice.held)) == ({"c", "d", "e"}, {"a", "b"})
    assert choose([Candidate(i) for i in "abc"], motif, 3) == []
    (there,) = choose([Candidate("a", there=True), Candidate("b")], motif, 1)
    assert (there.chosen, there.held) == (("a",), ("b",))
