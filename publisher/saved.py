"""Saved plans: written by ``plan -o``, carried out by ``push --plan``, refused when anything moved.

A push that was killed may go on with the same saved plan: what is left must be a part of what was saved.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from publisher.errors import ConfigError, StalePlan
from publisher.followers import RULE as FOLLOWS
from publisher.guards import Guard
from publisher.plan import Plan, Word

if TYPE_CHECKING:
    from publisher.ledger.store import Ledger

MADE_BY = "storefront-publisher plan 1"


class SavedPlan(BaseModel):
    """A plan file: the document, and the options that it was made with."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    made_by: str
    digest: str
    accounts: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    as_of: str | None = None
    pairs: tuple[tuple[str, str, str], ...] = ()
    following: frozenset[tuple[str, str]] = frozenset()
    """Item and account of pairs that waited for another account, which the same push goes on to."""


def save_plan(
    path: Path,
    document: Mapping[str, Any],
    *,
    accounts: Sequence[str] | None,
    items: Sequence[str] | None,
    as_of: str | None,
) -> None:
    """Write the plan document with the options that it was made with, whole or not at all."""
    # First of all, so that a plan in the project's folder is not taken for a manifest.
    made = {
        "made_by": MADE_BY,
        **document,
        "options": {"accounts": accounts or [], "items": items or [], "as_of": as_of},
    }
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps(made, ensure_ascii=False, indent=2), encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise ConfigError(f"the plan cannot be written to {path}: {error.strerror}") from error


def read_saved(path: Path) -> SavedPlan:
    """Read a saved plan. Raises ConfigError when it is none."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        options = data.get("options", {})
        pairs = [(i["item"], i["account"], i["word"]) for i in data["items"]]
        following = [
            (i["item"], i["account"])
            for i in data["items"]
            if i["word"] == Word.WAITING.value
            and any(b["rule"] == FOLLOWS for b in i.get("because", ()))
        ]
        return SavedPlan.model_validate(
            {
                "made_by": data.get("made_by"),
                "digest": data.get("digest"),
                "accounts": options.get("accounts") or (),
                "items": options.get("items") or (),
                "as_of": options.get("as_of"),
                "pairs": pairs,
                "following": following,
            }
        )
    except (OSError, ValueError, ValidationError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"{path} is not a saved plan",
            remedy="save one with publisher plan -o plan.json",
            detail=str(error),
        ) from error


def check_saved(plan: Plan, saved: SavedPlan | None, digest: str | None, ledger: Ledger) -> None:
    """Raise StalePlan unless the plan is the one that was saved or named.

    After a run of the saved plan began, what is left of it is accepted too.
    """
    wanted = saved.digest if saved is not None else digest
    if wanted is None or plan.digest == wanted:
        return
    if digest is not None and saved is None and len(digest) >= 8 and plan.digest.startswith(digest):
        return
    if saved is not None and ledger.had_run(saved.digest) and _is_rest(plan, saved):
        return
    raise StalePlan(
        f"the plan is now {plan.digest[:12]} and not {wanted[:12]}: the manifest, a rule or the "
        "ledger moved since",
        remedy="look at a new plan: publisher plan -o plan.json",
    )


_GOES_ON = {
    Word.CREATE: {Word.CREATE, Word.UNKNOWN, Word.UNCHANGED},
    Word.PREPARE: {Word.PREPARE, Word.UNKNOWN, Word.UNCHANGED},
    Word.UPDATE: {Word.UPDATE, Word.UNKNOWN, Word.UNCHANGED},
    Word.UNKNOWN: {Word.CREATE, Word.PREPARE, Word.UPDATE, Word.UNKNOWN, Word.UNCHANGED},
}
_CAME = _GOES_ON[Word.CREATE] | {Word.WAITING}


def _is_rest(plan: Plan, saved: SavedPlan) -> bool:
    before = {(item, account): Word(word) for item, account, word in saved.pairs}
    now = {(i.item, i.account): i.word for i in plan.items}
    return before.keys() == now.keys() and all(
        word in (_CAME if pair in saved.following else _GOES_ON.get(before[pair], {before[pair]}))
        for pair, word in now.items()
    )


def allowed_guards(names: Iterable[str] | None, *, named: bool) -> list[Guard]:
    """The guards to let pass. Raises ConfigError for an unknown one, or when no digest is named."""
    found = []
    for name in names or ():
        try:
            found.append(Guard(name))
        except ValueError:
            known = ", ".join(g.value for g in Guard)
            raise ConfigError(f"there is no guard {name!r}", remedy=f"guards: {known}") from None
    if found and not named:
        raise ConfigError(
            "--allow is valid for one digest only",
            remedy="name the plan with --digest or --plan, as the guard's message shows",
        )
    return found
