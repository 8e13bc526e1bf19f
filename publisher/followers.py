"""Accounts that follow another: a shop that links to hosted archives, a feed of what a shop has live.

A follower lists an item only as the followed account has it live by the ledger. Nothing in here writes; it
orders accounts into stages, and says of each pair whether it may go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from publisher.errors import ConfigError
from publisher.ledger.records import Binding, Pair
from publisher.listing import Because, Finding, Level, Remote, Status
from publisher.manifest.item import Item, ItemKind
from publisher.observe import Account
from publisher.outcome import Outcome
from publisher.plan import ACTIVE, Done, Plan, PlanItem, Word
from publisher.row import Verb

OPTION = "follows"
"""The option of an account that names the one it follows."""

RULE = "follows"

_COMING = frozenset({Word.CREATE, Word.UPDATE, Word.ADOPT, Word.UNKNOWN, Word.WAITING})
_GOING = frozenset({Word.CREATE, Word.UPDATE, Word.PREPARE, Word.UNCHANGED})


def followed(account: Account) -> str:
    """Name of the account that this one follows, or ""."""
    return str(account.options.get(OPTION, ""))


def needs_source(account: Account, item: Item) -> bool:
    """Whether the item is listed there only as another account has it."""
    if not followed(account) or account.prepares:
        return False
    kind = account.row.source
    return kind == "items" or (kind == "bundles" and item.kind is ItemKind.BUNDLE)


def source_of(account: Account, item: Item, bindings: Mapping[Pair, Binding]) -> Remote | None:
    """The item as the followed account has it live; None while it has not."""
    if not needs_source(account, item):
        return None
    bound = bindings.get((followed(account), item.id))
    if bound is None or bound.prepared or bound.status is not Status.LIVE:
        return None
    return Remote(bound.remote_id, bound.key, bound.status, bound.url, bound.fields)


def stages(accounts: Sequence[Account]) -> list[tuple[Account, ...]]:
    """The accounts in the order in which they are served: followed ones before their followers.

    Raises ConfigError for an account that follows nobody known, itself, or in a circle, and for one whose row
    needs a source and that names none.
    """
    names = {a.name: a for a in accounts}
    depth: dict[str, int] = {}

    def depth_of(account: Account, path: tuple[str, ...]) -> int:
        if account.name in path:
            circle = " -> ".join((*path, account.name))
            raise ConfigError(
                f"accounts follow each other in a circle: {circle}",
                remedy=f"take '{OPTION}' away from one of them in publisher.toml",
            )
        if account.name not in depth:
            other = names.get(followed(account))
            depth[account.name] = 0 if other is None else depth_of(other, (*path, account.name)) + 1
        return depth[account.name]

    found: dict[int, list[Account]] = {}
    for account in accounts:
        found.setdefault(depth_of(account, ()), []).append(account)
    return [tuple(found[d]) for d in sorted(found)]


def check_followers(accounts: Sequence[Account], known: Mapping[str, object]) -> None:
    """Raise one ConfigError with every account whose ``follows`` cannot be."""
    problems = []
    for account in accounts:
        name = followed(account)
        if name and name not in known:
            problems.append(f"accounts.{account.name}: follows '{name}', which is no account here")
        elif name and account.row.source == "none":
            problems.append(
                f"accounts.{account.name}: {account.row.title} has no use for '{OPTION}'"
            )
        elif not name and account.row.source == "items" and not account.prepares:
            problems.append(
                f"accounts.{account.name}: {account.row.title} lists what another account has live; "
                f'name that account: {OPTION} = "..."'
            )
    if problems:
        raise ConfigError(
            f"{len(problems)} accounts follow no usable account",
            remedy="Correct them in publisher.toml.",
            problems=tuple(problems),
        )


def with_sources(
    accounts: Sequence[Account],
    items: Mapping[str, Item],
    pairs: Sequence[PlanItem],
    bindings: Mapping[Pair, Binding],
) -> tuple[list[PlanItem], list[Finding]]:
    """Pairs whose source is not live wait for it, are held with it, or go when it went."""
    words = {(p.account, p.item): p.word for p in pairs}
    rows = {a.name: a for a in accounts}
    kept: list[PlanItem] = []
    findings: list[Finding] = []
    for pair in pairs:
        account, item = rows[pair.account], items[pair.item]
        if pair.word not in _GOING or not needs_source(account, item):
            kept.append(pair)
            continue
        if source_of(account, item, bindings) is not None:
            kept.append(pair)
            continue
        source = followed(account)
        if pair.remote:
            kept.append(_orphan(account, pair, source))
            findings.append(_told(account, item, pair, source))
        else:
            kept.append(_waiting(pair, source, words.get((source, pair.item))))
    return kept, findings


def waits_for_source(pair: PlanItem) -> bool:
    """Whether the pair waits for another account and for nothing else."""
    return pair.word is Word.WAITING and any(b.rule == RULE for b in pair.because)


def after_sources(plan: Plan, fresh: Plan, stage: Sequence[Account]) -> Plan:
    """The part of ``fresh`` for the accounts of a stage, as far as ``plan`` foresaw it.

    A pair may do what it would have done anyway, or what its source made possible; every other pair stays as
    it was planned.
    """
    moved = {(p.account, p.item) for p in plan.active()}
    now = {(p.account, p.item): p for p in fresh.items}
    sources = {a.name: followed(a) for a in stage}
    items = []
    for pair in plan.items:
        if pair.account not in sources:
            continue
        foreseen = (
            pair.word in ACTIVE
            or waits_for_source(pair)
            or (sources[pair.account], pair.item) in moved
        )
        items.append(now.get((pair.account, pair.item), pair) if foreseen else pair)
    return replace(fresh.limited(sources), items=tuple(items))


def after_followers(plan: Plan, accounts: Sequence[Account], outcomes: Sequence[Outcome]) -> Plan:
    """A withdrawal plan in which nothing goes while a follower that kept it still points there."""
    kept = {
        (followed(a), o.planned.item): a.name
        for a in accounts
        for o in outcomes
        if o.planned.account == a.name and followed(a) and o.done is not Done.WITHDRAWN
    }
    items = []
    for pair in plan.items:
        by = kept.get((pair.account, pair.item))
        items.append(pair if by is None or pair.word not in ACTIVE else pointed_at(pair, by))
    return replace(plan, items=tuple(items))


def pointed_at(pair: PlanItem, by: str) -> PlanItem:
    """The pair, held because another account points to it."""
    text = f"{by} still points to {pair.item} at {pair.account}; withdraw it there first"
    return replace(pair, word=Word.HELD, because=(Because(RULE, text),), verb=None)


def _waiting(pair: PlanItem, source: str, word: Word | None) -> PlanItem:
    coming = word is None or word in _COMING
    text = f"{pair.item} has to be live at {source} first"
    if word is Word.PREPARE or word is Word.UNCHANGED:
        text += f"; a person finishes it there, then: publisher resolve {pair.item} {source}"
    elif not coming and word is not None:
        text += f", and is {word.value} there"
    ending = Word.HELD if word in (Word.HELD, Word.DENIED) else Word.WAITING
    return replace(pair, word=ending, because=(Because(RULE, text),), verb=None, changes=())


def _orphan(account: Account, pair: PlanItem, source: str) -> PlanItem:
    text = f"{pair.item} is no longer live at {source}"
    if account.row.source == "items" and Verb.WITHDRAW in account.row.can:
        return replace(
            pair, word=Word.WITHDRAW, because=(Because(RULE, text),), verb=Verb.WITHDRAW, changes=()
        )
    return replace(pair, word=Word.HELD, because=(Because(RULE, text),), verb=None)


def _told(account: Account, item: Item, pair: PlanItem, source: str) -> Finding:
    return Finding(
        Level.WARNING,
        f"{pair.item} is at {account.row.title}, but no longer live at {source}",
        f"publisher push, or publisher withdraw {pair.item} --account {account.name}",
        item.file,
        item.line,
        item.id,
        account.name,
        "source-gone",
    )
