"""What the pairs of a plan do to each other: shared names, promises, motifs, batches and quotas.

Each step takes pairs and gives back as many, some of them with another word and the reason. None of them
writes, and none makes a stopped pair go.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from publisher.admission import acting, waived
from publisher.exclusivity import Conflict, Severity
from publisher.inspection import key_clashes
from publisher.ledger.records import Pair
from publisher.ledger.store import Ledger
from publisher.listing import Because, Finding, Level, Listing
from publisher.looks import Looks
from publisher.manifest.item import Item, ItemKind
from publisher.observe import Account
from publisher.pacing import (
    LONGEST_PAUSE,
    LOOK_BACK,
    Schedule,
    quota_limit,
    quota_windows,
    quotas_in_use,
    unstated_scale,
)
from publisher.plan import PlanItem, Word
from publisher.policy import Subject, Truth, evaluate
from publisher.row import Quota, Verb
from publisher.similarity import Candidate, Choice, Work, choose, motifs
from publisher.workspace import Workspace

_STOPPED = frozenset({Word.DENIED, Word.HELD})
_NEW = frozenset({Word.CREATE, Word.PREPARE})


def stopped(pair: PlanItem, word: Word, *because: Because) -> PlanItem:
    """The pair with a word that ends it, and why."""
    return replace(pair, word=word, because=because, verb=None)


def by_account(pairs: Iterable[PlanItem]) -> dict[str, list[PlanItem]]:
    """The pairs of each account, in their order."""
    found: dict[str, list[PlanItem]] = {}
    for pair in pairs:
        found.setdefault(pair.account, []).append(pair)
    return found


def without_clashes(
    pairs: Sequence[PlanItem], listings: Mapping[tuple[str, str], Listing]
) -> tuple[list[PlanItem], list[Finding]]:
    """Of two items that would have one name at an account, the second is held."""
    writing = [p for p in pairs if p.word not in _STOPPED]
    clashes = key_clashes(listings[p.item, p.account] for p in writing)
    kept: list[PlanItem] = []
    findings: list[Finding] = []
    for pair in pairs:
        other = clashes.get((pair.item, pair.account))
        if other is None:
            kept.append(pair)
            continue
        text = f"{pair.item} and {other} would both be called {pair.key}"
        kept.append(stopped(pair, Word.HELD, Because("key-clash", text)))
        findings.append(
            Finding(
                Level.ERROR, text, "rename one of them",
                item=pair.item, account=pair.account, code="key-clash",
            )
        )  # fmt: skip
    return kept, findings


def with_promises_kept(
    ws: Workspace, pairs: Sequence[PlanItem], conflicts: Mapping[Pair, Conflict], day: dt.date
) -> tuple[list[PlanItem], list[Finding]]:
    """What would break a promise is denied; what would arrive by two routes is held, unless that is waived."""
    if not conflicts:
        return list(pairs), []
    items = {item.id: item for item in ws.items}
    kept: list[PlanItem] = []
    findings: list[Finding] = []
    for pair in pairs:
        conflict = conflicts.get((pair.account, pair.item))
        if conflict is None:
            kept.append(pair)
            continue
        item, rule = items[pair.item], conflict.because.rule
        waiver = waived(ws.waivers, rule, item, pair.account, day)
        if waiver is not None and conflict.severity is Severity.HOLD:
            kept.append(pair)
            findings.append(acting(waiver, item, pair.account))
            continue
        word = Word.DENIED if conflict.severity is Severity.DENY else Word.HELD
        kept.append(stopped(pair, word, conflict.because))
        if pair.remote:
            text = f"{pair.item} is there as {pair.remote}, and {conflict.because.text}"
            remedy = f"publisher withdraw {pair.item} --account {pair.account}"
            findings.append(
                Finding(
                    Level.WARNING, text, remedy, item.file, item.line, item.id, pair.account,
                    "live-but-promised",
                )
            )  # fmt: skip
    return kept, findings


def with_motifs_thinned(
    ws: Workspace,
    account: Account,
    pairs: Sequence[PlanItem],
    seen: Looks,
    day: dt.date,
) -> tuple[list[PlanItem], list[Finding]]:
    """At most so many variants of a motif as the row takes: the best go, the others are held and name them.

    What is there already counts too, also when no manifest holds it any more.
    """
    terms = account.row.similarity
    if terms is None:
        return list(pairs), []
    items = {item.id: item for item in ws.items}
    asked = [
        p for p in pairs
        if p.word not in _STOPPED and items[p.item].kind is ItemKind.ASSET
        and _counts(account, items[p.item])
    ]  # fmt: skip
    works = [_work(items[p.item]) for p in asked]
    former = seen.former.get(account.name, {})
    works += [Work(name, picture) for name, picture in former.items()]
    candidates = [
        Candidate(
            p.item, bool(p.remote) or p.word is Word.UNKNOWN, items[p.item].masters[0].megapixels
        )
        for p in asked
    ]
    candidates += [Candidate(name, there=True) for name in former]
    most = int(account.options.get("variants_per_motif", terms.variants_per_motif))
    choices = choose(candidates, motifs(works, seen.alike), max(1, most))
    held = {item: choice for choice in choices for item in choice.held}
    kept: list[PlanItem] = []
    findings: list[Finding] = []
    for pair in pairs:
        choice = held.get(pair.item)
        if choice is None or pair.word in _STOPPED:
            kept.append(pair)
            continue
        waiver = waived(ws.waivers, "similarity", items[pair.item], account.name, day)
        if waiver is not None:
            kept.append(pair)
            findings.append(acting(waiver, items[pair.item], account.name))
            continue
        kept.append(_thinned(pair, account, choice, most))
    return kept, findings


def _thinned(pair: PlanItem, account: Account, choice: Choice, most: int) -> PlanItem:
    terms = account.row.similarity
    assert terms is not None
    variants = "1 picture" if most == 1 else f"{most} pictures"
    text = f"{account.row.title} takes {variants} of one motif; chosen: {', '.join(choice.chosen)}"
    said = terms.evidence
    because = Because("similarity", text, said.source, said.grade.value, said.seen.isoformat())
    return replace(stopped(pair, Word.HELD, because), siblings=choice.chosen)


def _work(item: Item) -> Work:
    asset = item.asset
    series = asset.series or "" if asset is not None else ""
    return Work(item.id, item.masters[0].sha256 if item.masters else "", series)


def _counts(account: Account, item: Item) -> bool:
    """Whether the row counts variants of this kind of item; what cannot be told counts."""
    terms = account.row.similarity
    assert terms is not None
    subjects = [Subject(item, account.name, member) for member in item.members]
    return any(evaluate(terms.when, s).truth is not Truth.FALSE for s in subjects)


def within_quotas(
    account: Account, pairs: Sequence[PlanItem], ledger: Ledger, now: dt.datetime
) -> tuple[list[PlanItem], str, list[Finding]]:
    """New items that are over a quota or do not fit into the batch wait; also the day when all are done."""
    quotas = quotas_in_use(account.row, account.options)
    findings = [
        Finding(
            Level.NOTICE,
            f"the quota {quota.id} of {account.row.title} depends on {option}; the lowest step counts",
            f"state {option} for {account.name} in publisher.toml",
            account=account.name,
            code="quota-scale",
        )
        for quota, option in unstated_scale(quotas, account.options)
    ]
    kept, refused = _first_batch(account, quotas, pairs, ledger)
    if refused:
        return kept, "", findings
    limits = quota_windows(account.row.pace, quotas, account.options)
    batch = _batch_limit(account, quotas)
    if not limits and batch is None:
        return kept, "", findings
    kept, last = _dated(
        account, batch, kept, ledger, now, Schedule(limits, *_history(account, ledger, now))
    )
    forecast = f"done on {last:%A %Y-%m-%d %H:%M} UTC" if last - now > LONGEST_PAUSE else ""
    return kept, forecast, findings


def _dated(
    account: Account,
    batch: tuple[int, str] | None,
    pairs: Sequence[PlanItem],
    ledger: Ledger,
    now: dt.datetime,
    schedule: Schedule,
) -> tuple[list[PlanItem], dt.datetime]:
    """Each new item at the earliest moment that all limits leave it; batches follow each other by a day."""
    filled = len(ledger.unsubmitted(account.name)) if batch is not None else 0
    kept: list[PlanItem] = []
    last = now
    for pair in pairs:
        if pair.word not in _NEW:
            kept.append(pair)
            continue
        opens = now + dt.timedelta(days=filled // batch[0]) if batch is not None else now
        moment, why = schedule.take(max(now, last, opens), pair.tags)
        if batch is not None and opens >= moment and opens > now:
            why = batch[1]
        filled += 1
        last = moment
        if moment - now > LONGEST_PAUSE:
            because = Because("quota", f"the limit of {why} is used up")
            kept.append(replace(stopped(pair, Word.WAITING, because), until=moment))
        else:
            kept.append(pair)
    return kept, last


def _history(
    account: Account, ledger: Ledger, now: dt.datetime
) -> tuple[list[tuple[dt.datetime, tuple[str, ...]]], list[tuple[dt.datetime, tuple[str, ...]]]]:
    """The creates so far, and beside them the other writes for quotas that count calls."""
    since = now - LOOK_BACK
    creates = ledger.writes_since(account.name, since, (Verb.CREATE,))
    budgets = tuple(q.id for q in account.row.quota if q.counts == "calls")
    if not budgets:
        return creates, []
    others = ledger.writes_since(account.name, since, (Verb.UPDATE, Verb.WITHDRAW, Verb.SUBMIT))
    return creates, [(moment, budgets) for moment, _ in others]


def _batch_limit(account: Account, quotas: Iterable[Quota]) -> tuple[int, str] | None:
    """The smallest batch that the channel takes, in words too; only where batches are submitted."""
    if Verb.SUBMIT not in account.row.can:
        return None
    sizes = [quota_limit(q, account.options) for q in quotas if q.window == "batch"]
    if account.row.pace.per_batch is not None:
        sizes.append(account.row.pace.per_batch)
    return (min(sizes), f"{min(sizes)} in a batch") if sizes else None


def _first_batch(
    account: Account, every: Sequence[Quota], pairs: Sequence[PlanItem], ledger: Ledger
) -> tuple[list[PlanItem], bool]:
    """The first submission of an account has a size of its own; one that is too small goes nowhere.

    It is past when the seller says so, states that works are published there, or the ledger has a submission.
    """
    quotas = [q for q in every if q.window == "first-batch"]
    new = [p for p in pairs if p.word in _NEW and any(q.id in p.tags for q in quotas)]
    published = account.options.get("published_count", 0)
    past = account.options.get("first_batch_done") is True or (
        isinstance(published, (int, float)) and published > 0
    )
    if (
        not quotas
        or not new
        or past
        or any(b.submitted for b in ledger.bindings(account.name).values())
    ):
        return list(pairs), False
    quota = quotas[0]
    waiting = len(ledger.unsubmitted(account.name))
    most = quota_limit(quota, account.options)
    said = (quota.source, quota.grade.value, quota.seen.isoformat())
    past_word = f"{quota.trial or 'first_batch_done'} = true"
    if quota.minimum is not None and len(new) + waiting < quota.minimum:
        text = (
            f"the first submission needs {quota.minimum} to {most} works, this release has "
            f"{len(new) + waiting}; state {past_word} in publisher.toml when it is past"
        )
        held = Because(quota.id, text, *said)
        small = {p.item for p in new}
        return [stopped(p, Word.HELD, held) if p.item in small else p for p in pairs], True
    over = {p.item for p in new[max(0, most - waiting) :]}
    text = (
        f"the first submission takes {most} works; the others go when it was accepted and you state "
        f"{past_word} in publisher.toml"
    )
    held = Because(quota.id, text, *said)
    return [stopped(p, Word.HELD, held) if p.item in over else p for p in pairs], False
