"""The keyword list into its limit: cleaned, without repeats, capped and ordered, with what the rules ask for.

A keyword is kept whole or left out, never cut: half a word means something else. Pure, and it knows no
channel.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from publisher.textfit.stems import stem
from publisher.textfit.text import Note, clean, spelled
from publisher.texts import KeywordLimit, KeywordOrder

SEPARATORS = ",;"
"""Signs that part keywords in files and portals; inside a keyword they become blanks."""

_PLAIN_WORD = re.compile(r"[!-+\--:<-~]+(?: [!-+\--:<-~]+)*")
"""What ``clean`` leaves alone as long as nothing but the separators is forbidden."""
_PLAIN_LIST = re.compile(f"{_PLAIN_WORD.pattern}(?:\n{_PLAIN_WORD.pattern})*")


@dataclass(frozen=True, slots=True)
class FittedWords:
    """A keyword list within its limit, and what was done to it."""

    words: tuple[str, ...]
    notes: tuple[Note, ...] = ()


@dataclass
class _Sieve:
    """The list in the making: what is kept by its folded form, and what was left out and why."""

    limit: KeywordLimit
    key: Callable[[str], str]
    kept: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    empty: list[str] = field(default_factory=list)
    long: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    alike: list[tuple[str, str]] = field(default_factory=list)

    def put(self, given: str, plain: str) -> None:
        folded = plain.casefold()
        if not plain:
            self.empty.append(given)
        elif self.limit.each is not None and len(plain) > self.limit.each:
            self.long.append(plain)
        elif folded in self.kept:
            self.repeated.append(plain)
        elif (same := self.keys.get(self.key(folded))) is not None:
            self.alike.append((plain, same))
        else:
            self.kept[folded] = plain
            self.keys[self.key(folded)] = plain

    def notes(self) -> list[Note]:
        found = []
        for code, why, which in (
            ("keywords-repeated", "repeated", self.repeated),
            ("keywords-dropped", "too long", self.long),
            ("keywords-dropped", "empty", self.empty),
        ):
            if which:
                said = f"{len(which)} keywords are {why} and were left out"
                found.append(_note(code, said, which, (), hard=why == "too long"))
        if self.alike:
            said = f"{len(self.alike)} keywords have the stem of another one and were left out"
            found.append(_note("keywords-alike", said, *zip(*self.alike, strict=True)))
        return found


def fit_keywords(
    words: Iterable[str],
    limit: KeywordLimit,
    *,
    required: Sequence[str] = (),
    ascii_only: bool = False,
    joiner: str = ",",
    own: bool = False,
) -> FittedWords:
    """Keywords cleaned, without repeats in any case, within the limit and in the channel's order.

    ``required`` ones always stay: where the list has them, else at its end. ``joiner`` is what parts keywords
    in the channel's file; it becomes a blank inside a keyword, and where it is a blank itself, a keyword of
    several words becomes several keywords. ``own`` marks a list that was written for this account alone: its
    order and its stems are left as they are.
    """
    plain_only = ascii_only or limit.ascii_only
    given = tuple(words)
    required = _required(required, plain_only) if required else ()
    if joiner == "," and _fits_as_it_is(given, limit, required, own):
        return FittedWords(given + tuple(required))
    plain = _cleaned(given, limit, plain_only, joiner)
    notes: list[Note] = []
    replaced = [(g, p) for g, p in zip(given, plain, strict=True) if g != p and spelled(g) != p]
    if replaced:
        said = "keywords held characters that are not taken there"
        before, after = zip(*replaced, strict=True)
        hard = any(clean(g, forbid=SEPARATORS) != p for g, p in replaced)
        notes.append(_note("characters-replaced", said, before, after, hard=hard))
    if not joiner.strip():
        given, plain = _parted(given, plain, notes)
    listed, missing = _sift(given, plain, limit, required, own, notes)
    listed = _capped(listed, missing, limit, required, notes)
    _judge_required(required, limit, notes)
    if not own and limit.order is not KeywordOrder.RELEVANCE:
        ordered = _ordered([*listed, *missing], limit)
        if [w for w in ordered if w not in missing] != listed:
            said = "the keywords were put into the channel's order"
            notes.append(_note("keywords-reordered", said, listed, ordered))
        return FittedWords(tuple(ordered), tuple(notes))
    return FittedWords((*listed, *missing), tuple(notes))


def _fits_as_it_is(
    given: tuple[str, ...], limit: KeywordLimit, required: Sequence[str], own: bool
) -> bool:
    """Whether nothing at all is to be done: by far the most lists, so they are told apart cheaply."""
    text = "\n".join(given)
    folded = text.casefold().split("\n") if given else []
    return (
        (limit.max is None or len(given) + len(required) <= limit.max)
        and (own or (limit.stems == "keep" and limit.order is KeywordOrder.RELEVANCE))
        and not limit.forbid
        and (not given or _PLAIN_LIST.fullmatch(text) is not None)
        and len({*folded, *(w.casefold() for w in required)}) == len(given) + len(required)
        and (limit.each is None or max(map(len, (*given, *required)), default=0) <= limit.each)
    )


def _required(required: Sequence[str], ascii_only: bool) -> tuple[str, ...]:
    """Each once in any case: they are the rules' own words, and only what would part them is taken out."""
    found: dict[str, str] = {}
    for word in required:
        plain = clean(word, forbid=SEPARATORS, ascii_only=ascii_only)
        if plain:
            found.setdefault(plain.casefold(), plain)
    return tuple(found.values())


def _cleaned(
    given: Sequence[str], limit: KeywordLimit, ascii_only: bool, joiner: str
) -> tuple[str, ...]:
    forbid = SEPARATORS + limit.forbid + joiner.strip()
    if set(forbid) == set(SEPARATORS):
        plain = _PLAIN_WORD.fullmatch
        return tuple(
            w if plain(w) else clean(w, forbid=forbid, ascii_only=ascii_only) for w in given
        )
    return tuple(clean(w, forbid=forbid, ascii_only=ascii_only) for w in given)


def _parted(
    given: tuple[str, ...], plain: tuple[str, ...], notes: list[Note]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Keywords of several words as several keywords, for a file in which a blank parts them."""
    several = [p for p in plain if " " in p]
    if not several:
        return given, plain
    said = f"{len(several)} keywords of several words became several keywords"
    parts = tuple(part for p in plain for part in (p.split() or [p]))
    notes.append(_note("keywords-parted", said, several, [p.replace(" ", ", ") for p in several]))
    return parts, parts


def _sift(
    given: Sequence[str],
    plain: Sequence[str],
    limit: KeywordLimit,
    required: Sequence[str],
    own: bool,
    notes: list[Note],
) -> tuple[list[str], list[str]]:
    """What is kept of the list in its order, and the required ones that it does not have."""
    must = {w.casefold(): w for w in required}
    by_stem = limit.stems == "drop" and not own
    sieve = _Sieve(limit, stem if by_stem else str)
    if by_stem:
        sieve.keys = {stem(w): w for w in required}
    respelled = []
    for raw, word in zip(given, plain, strict=True):
        exact = must.get(word.casefold())
        if exact is None:
            sieve.put(raw, word)
        elif exact.casefold() in sieve.kept:
            sieve.repeated.append(word)
        else:
            sieve.kept[exact.casefold()] = exact
            if exact != word:
                respelled.append((word, exact))
    notes += sieve.notes()
    if respelled:
        said = "a keyword that the channel asks for was spelled as it asks"
        notes.append(_note("keywords-respelled", said, *zip(*respelled, strict=True)))
    return [*sieve.kept.values()], [w for f, w in must.items() if f not in sieve.kept]


def _capped(
    listed: list[str],
    missing: Sequence[str],
    limit: KeywordLimit,
    required: Sequence[str],
    notes: list[Note],
) -> list[str]:
    """As many as fit beside the required ones; the last ones fall off."""
    over = 0 if limit.max is None else len(listed) + len(missing) - limit.max
    if over <= 0:
        return listed
    free = [w for w in listed if w not in required]
    gone = set(free[max(0, len(free) - over) :])
    kept = [w for w in listed if w not in gone]
    if gone:
        said = (
            f"{len(listed) + len(missing)} keywords, {limit.max} are taken: the last were left out"
        )
        notes.append(_note("keywords-dropped", said, listed, (*kept, *missing), hard=True))
    return kept


def _judge_required(required: Sequence[str], limit: KeywordLimit, notes: list[Note]) -> None:
    """What the rules ask for is never left out: a row whose limits have no room for it is wrong."""
    long = [w for w in required if limit.each is not None and len(w) > limit.each]
    if long or (limit.max is not None and len(required) > limit.max):
        said = "the limits of the keywords have no room for those that a rule asks for"
        notes.append(_note("required-does-not-fit", said, long or required, required, hard=True))


def _ordered(words: Sequence[str], limit: KeywordLimit) -> list[str]:
    front = 0 if limit.order is KeywordOrder.ALPHABETICAL else limit.important
    return [*words[:front], *sorted(words[front:], key=lambda w: (w.casefold(), w))]


def _note(
    code: str, said: str, before: Sequence[str], after: Sequence[str], *, hard: bool = False
) -> Note:
    return Note(code, said, ", ".join(before), ", ".join(after), hard)
