"""A release with one of everything, for the tests of pages and console output: words, limits, hostile text."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pyvips

from publisher.listing import Because, Change, Declaration, Finding, Level, Listing
from publisher.plan import AccountPlan, Confidence, Plan, PlanItem, Submission, Word
from publisher.row import Row

NOW = dt.datetime(2026, 11, 21, 1, 13, tzinfo=dt.UTC)
HOSTILE = '<script>alert("x")</script><img src=x onerror=alert(1)>\'"&'
RTL = "\u202eكثبان زجاجية عند الفجر \u202b(abc)"
LONG = "W" * 400

AI = Because(
    "ai-ok",
    "AI images are accepted when they are declared",
    "https://example.com/ai",
    "O",
    "2026-06-11",
)
ARTIST = Because(
    "terms-artist",
    "The title names an artist",
    "https://example.com/terms?a=1&b=2",
    "O~",
    "2026-06-11",
)
BANNED = Because(
    "ai-banned", "AI images are not accepted there", "javascript:alert(1)", "INF", "2025-02-01"
)


def row(name: str = "north", *, title: int = 70, page: str = "https://example.com/upload") -> Row:
    """A small but complete row."""
    return Row.model_validate(
        {
            "schema": 1,
            "name": name,
            "title": f"{name.capitalize()} Stock",
            "mode": "transfer",
            "can": ["check", "create"],
            "cannot": dict.fromkeys(
                ("find", "list", "status", "stage", "update", "withdraw", "submit"),
                "edited by hand",
            ),
            "page": page,
            "declarations": ["Created using generative AI tools"],
            "transport": {"kind": "sftp"},
            "limits": {
                "title": {"max": title, "min": 5, "required": True},
                "description": {"max": 200},
                "keywords": {"min": 5, "max": 49, "each": 30},
            },
            "rule": [],
        }
    )


def listing(item: str, account: str, **fields: object) -> Listing:
    """A listing with pleasant text unless ``fields`` say otherwise."""
    values: dict[str, object] = {
        "title": "Frozen glass dunes at dawn under a low winter sun, abstract blue waves",
        "description": "Abstract dunes of blue glass under a low winter sun.\nCalm, cold and wide.",
        "keywords": tuple(
            f"{w} {n}" for n in (1, 2, 3) for w in ["glass", "dunes", "winter", "blue"]
        ),
        "category": "8",
    }
    return Listing(
        item,
        account,
        f"{item}.jpg",
        {**values, **fields},  # type: ignore[arg-type]
        declarations=(Declaration("Generative AI", "portal checkbox", "yes"),),
        tasks=("Tick 'Created using generative AI tools' in the contributor area",),
    )


def sample_plan() -> Plan:
    """Ten items on three accounts; every word occurs."""
    pairs: list[PlanItem] = []
    texts: dict[tuple[str, str], Listing] = {}

    def add(item: str, account: str, word: Word, text: Listing | None, **more: object) -> None:
        pairs.append(PlanItem(item, account, word, **more))  # type: ignore[arg-type]
        if text is not None:
            texts[item, account] = text

    for n in range(1, 5):
        add(f"glass-00{n}", "north", Word.CREATE, listing(f"glass-00{n}", "north"), because=(AI,))
    add("glass-005", "north", Word.CREATE, listing("glass-005", "north", title=HOSTILE))
    add("glass-006", "north", Word.CREATE, listing("glass-006", "north", title=RTL, mature=True))
    hostile = listing("glass-007", "north", title=LONG, keywords=(LONG, HOSTILE), note=None)
    add("glass-007", "north", Word.CREATE, hostile)
    changes = (
        Change("title", "Frozen glass dunes at dusk", "Frozen blue glass dunes at dawn"),
        Change("keywords", ("glass", "ice", "winter"), ("glass", "winter", "blue")),
        Change("variants.standard.price", "19.00 EUR", "24.00 EUR"),
    )
    new = listing("glass-008", "north", title=changes[0].new, keywords=changes[1].new)
    add("glass-008", "north", Word.UPDATE, new, changes=changes, remote="r-8")
    siblings = ("glass-001", f"gone {HOSTILE}")
    add("glass-009", "north", Word.HELD, None, because=(ARTIST,), siblings=siblings)
    add("glass-010", "north", Word.WAITING, None, until=NOW + dt.timedelta(days=2))
    others = (Word.PREPARE, Word.ADOPT, Word.WITHDRAW, Word.UNKNOWN, Word.UNCHANGED)
    for n in range(1, 11):
        item, word = f"glass-{n:03}", others[n % 5]
        add(item, "shop-eu", word, listing(item, "shop-eu"), remote=f"gid/{n}")
        add(item, "west", Word.DENIED, None, because=(BANNED,))
    accounts = (
        AccountPlan("north", "north", "North Stock", "transfer", Confidence.OBSERVED),
        AccountPlan("shop-eu", "shop", HOSTILE, "api", Confidence.OFFLINE, "done on 3 December"),
        AccountPlan("west", "west", "West & Co", "transfer", Confidence.UNVERIFIABLE),
    )
    fitted = Finding(
        Level.WARNING,
        "The title was shortened to fit",
        item="glass-001",
        account="north",
        file="release.yaml",
        line=12,
        before="Frozen glass dunes at dawn, wide",
        after="Frozen glass dunes at dawn",
    )
    texts["glass-001", "north"] = Listing(
        **{
            **{s: getattr(texts["glass-001", "north"], s) for s in Listing.__slots__},
            "findings": (fitted,),
        }
    )
    odd = Finding(Level.ERROR, f"Odd {HOSTILE}", remedy="Mend it", item="glass-005")
    return Plan(
        "winter-glass",
        tuple(pairs),
        accounts,
        findings=(fitted, odd),
        submissions=(Submission("north", ("glass-001",), "d"),),
        listings=texts,
    )


def thumbnails(folder: Path, plan: Plan) -> dict[str, Path]:
    """A small JPEG for every item but the last."""
    made = {}
    for n, item in enumerate(dict.fromkeys(i.item for i in plan.items)):
        path = folder / f"{item}.jpg"
        ramp = pyvips.Image.xyz(480, 320 if n % 2 else 480).cast("float")
        wave = (ramp[0] * (0.02 + n / 300) + ramp[1] * 0.03).math("sin") * 45
        wave.bandjoin([wave * 0.7 + 20, wave * 0.4 + 60]).linear(
            [1, 1, 1], [110 + 9 * n, 140, 190 - 9 * n]
        ).cast("uchar").copy(interpretation="srgb").jpegsave(str(path), Q=82)
        made[item] = path
    made.pop("glass-010")
    return made
