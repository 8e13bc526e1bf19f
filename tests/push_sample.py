"""The document of a push of the sample plan: one of every word, an error, an unknown outcome and a task."""

from __future__ import annotations

from collections import Counter
from typing import Any

from publisher.documents import plan_document
from publisher.plan import Done
from tests.preview_sample import HOSTILE, sample_plan

DONE = {
    "create": Done.PUBLISHED,
    "update": Done.UPDATED,
    "unchanged": Done.UNCHANGED,
    "withdraw": Done.WITHDRAWN,
    "adopt": Done.ADOPTED,
    "prepare": Done.PREPARED,
    "held": Done.HELD,
    "denied": Done.DENIED,
    "waiting": Done.WAITING,
    "unknown": Done.UNKNOWN,
}
ESCAPE = "\x1b[31m\x1b]0;owned\x07\x9b2J"


def push_document() -> dict[str, Any]:
    """Every word of a push occurs; the numbers agree."""
    document = plan_document(sample_plan())
    items = []
    for item in document["items"]:
        done = {**item, "word": DONE[item["word"]].value, "error": None, "tasks": []}
        if done["word"] == "prepared":
            done["tasks"] = ["Open the page and publish <b>it</b>"]
        if done["word"] == "unknown":
            done["error"] = {
                "class": "OutcomeUnknown",
                "sentence": "The line broke while the file was sent.",
                "remedy": "Look there, then publisher resolve.",
            }
        if (item["item"], item["account"]) == ("glass-003", "north"):
            sentence = f"The title was refused: {ESCAPE}{HOSTILE} [bold]x[/bold]"
            error = {"class": "Rejected", "sentence": sentence, "remedy": "Shorten | it."}
            done |= {"word": "failed", "error": error}
        items.append(done)
    accounts = [
        {**a, "counts": dict(Counter(i["word"] for i in items if i["account"] == a["account"]))}
        for a in document["accounts"]
    ]
    counts = dict(Counter(i["word"] for i in items))
    return {**document, "items": items, "accounts": accounts, "counts": counts}
