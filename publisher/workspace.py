"""A project as a command sees it: its accounts with their adapters, its items with the facts of their masters.

Opening one reads files and asks no channel; nothing in here writes, except the index of masters.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from publisher.compose import no_drafts
from publisher.discovery import adapter, load_row
from publisher.drafting import drafter
from publisher.embedded_texts import with_embedded_texts
from publisher.errors import ConfigError, ManifestError
from publisher.followers import check_followers
from publisher.listing import Finding, Level
from publisher.manifest.item import Item, ItemKind, Master
from publisher.manifest.load import LoadedManifest, load_release
from publisher.manifest.model import Asset, Waiver
from publisher.manifest.project import Project, load_project
from publisher.media.index import MasterIndex
from publisher.observe import Account
from publisher.policy import Bench, TermBook, shipped_book
from publisher.pricing import Pricing
from publisher.row import Mode
from publisher.settings import PublisherSettings

MANY_ITEMS = 2000
"""From so many items on, verdicts are remembered on disk; fewer are judged in less than a second."""


@dataclass(frozen=True)
class Workspace:
    """Everything that planning needs, read once. ``state`` is the folder of the ledger and the caches."""

    project: Project
    state: Path
    release: str
    accounts: tuple[Account, ...]
    items: tuple[Item, ...]
    known: frozenset[str] = frozenset()
    """Ids of all items of the manifests, also of those that were not asked for."""
    waivers: tuple[Waiver, ...] = ()
    findings: tuple[Finding, ...] = ()
    settings: PublisherSettings = field(default_factory=PublisherSettings)
    terms: TermBook = field(default_factory=shipped_book)
    """The lists of terms, with the project's own."""

    def bench(self, day: dt.date) -> Bench:
        """What judges the items for the accounts by the rules of ``day``."""
        rows = [a.row for a in self.accounts]
        memory = None
        if len(self.items) >= MANY_ITEMS:
            # Only a large project pays for the array library at its start.
            from publisher.remembered import Remembered

            memory = Remembered.open(self.state / "cache" / "verdicts")
        return Bench(day, rows=rows, waivers=self.waivers, terms=self.terms, memory=memory)

    @property
    def folder(self) -> Path:
        """The project's folder."""
        return self.project.folder

    @property
    def outbox(self) -> Path:
        """Where files for a person go."""
        place = self.state if self.settings.state_dir is not None else self.folder
        return place / "outbox" / self.release

    def account(self, name: str) -> Account:
        """The account of that name. Raises ConfigError with the known names."""
        for account in self.accounts:
            if account.name == name:
                return account
        raise unknown("account", name, [a.name for a in self.accounts])


def unknown(kind: str, name: str, known: Collection[str]) -> ConfigError:
    """The error for a name on the command line that nothing has."""
    return ConfigError(
        f"there is no {kind} {name!r}",
        remedy=f"known {kind}s: {', '.join(sorted(known)) or 'none'}",
    )


def state_folder(folder: Path, settings: PublisherSettings) -> Path:
    """The folder of the ledger and the caches."""
    chosen = settings.state_dir
    return (folder / chosen) if chosen is not None else folder / ".publisher"


def open_workspace(
    folder: Path,
    *,
    accounts: Collection[str] = (),
    items: Collection[str] = (),
    state: Path | None = None,
) -> Workspace:
    """Read a project. Raises ConfigError and ManifestError, each with every problem at once."""
    settings = PublisherSettings()
    project = load_project(folder)
    chosen = open_accounts(project, accounts)
    loaded = load_release(project.manifests, project.folder, list(project.accounts))
    if not loaded:
        raise ManifestError(
            "the project has no manifest", remedy="write a release.yaml, or run publisher init"
        )
    place = state if state is not None else state_folder(project.folder, settings)
    every, told = assemble(loaded, project, place)
    missing = sorted(set(items) - {i.id for i in every})
    if missing:
        raise unknown("item", missing[0], [i.id for i in every])
    return Workspace(
        project=project,
        state=place,
        release="+".join(dict.fromkeys(m.manifest.release for m in loaded)),
        accounts=chosen,
        items=tuple(i for i in every if not items or i.id in items),
        known=frozenset(i.id for i in every),
        waivers=tuple(w for m in loaded for w in m.manifest.waivers),
        findings=(
            *(
                Finding(Level.NOTICE, p.text, p.remedy, p.file, p.line, p.item)
                for m in loaded
                for p in m.notices
            ),
            *(f for f in told if not items or f.item in items),
        ),
        settings=settings,
        terms=_terms(project),
    )


def _terms(project: Project) -> TermBook:
    """The lists of terms with the project's own. Raises ConfigError for a class or entry that is none."""
    try:
        return shipped_book().with_own(project.terms)
    except (ValueError, TypeError) as error:
        raise ConfigError(
            "[terms] of publisher.toml cannot be used",
            remedy='write lists of words by class, as in artist = ["..."], and [[terms.licensed]] '
            "entries with term, reason and until",
            detail=str(error),
        ) from error


def open_accounts(project: Project, names: Collection[str] = ()) -> tuple[Account, ...]:
    """The project's enabled accounts with their adapters, all of them or the named ones."""
    enabled = {a.name: a for a in project.enabled_accounts()}
    for name in sorted(set(names) - set(enabled)):
        raise unknown("account", name, list(enabled))
    found = []
    problems = []
    for name, configured in enabled.items():
        if names and name not in names:
            continue
        try:
            row = load_row(configured.channel, project.folder)
            mode = Mode(configured.mode) if configured.mode else None
            drafts = drafter(project.folder, name, row) or no_drafts
            pricing = Pricing(configured.prices, project.prices.rates)
            found.append(Account(name, adapter(row, mode), configured.options, drafts, pricing))
        except ConfigError as error:
            hint = f" ({error.remedy})" if error.remedy else ""
            problems += [f"{name}: {error.sentence}{hint}", *error.problems]
    if problems:
        raise ConfigError(
            "accounts of publisher.toml cannot be used: " + "; ".join(problems),
            problems=tuple(problems),
        )
    check_followers(found, enabled)
    return tuple(found)


def assemble(
    loaded: Sequence[LoadedManifest], project: Project, state: Path
) -> tuple[list[Item], list[Finding]]:
    """Items in manifest order, with the facts of their masters and the texts that only these have."""
    assets = {a.id: a for m in loaded for a in m.manifest.assets}
    index = MasterIndex(state / "cache")
    paths = {a.id: (project.folder / a.file, a.file) for a in assets.values()}
    facts = dict(zip(paths, index.facts(list(paths.values())), strict=True))
    index.save()
    assets, told = with_embedded_texts(assets, facts, state / "cache")
    if told:
        lines = {a.id: (m.file, m.line_of(a.id)) for m in loaded for a in m.manifest.assets}
        told = [replace(f, file=lines[f.item][0], line=lines[f.item][1]) for f in told]
    found = []
    for manifest in loaded:
        found += [_asset(assets[a.id], manifest, facts) for a in manifest.manifest.assets]
        for bundle in manifest.manifest.bundles:
            members = tuple(assets[m] for m in bundle.assets)
            found.append(
                Item(
                    id=bundle.id,
                    kind=ItemKind.BUNDLE,
                    release=manifest.manifest.release,
                    title=bundle.title,
                    description=bundle.description or "",
                    keywords=bundle.keywords,
                    members=members,
                    masters=tuple(facts[m.id] for m in members),
                    bundle=bundle,
                    file=manifest.file,
                    line=manifest.line_of(bundle.id),
                )
            )
    return found, told


def _asset(asset: Asset, manifest: LoadedManifest, facts: Mapping[str, Master]) -> Item:
    return Item(
        id=asset.id,
        kind=ItemKind.ASSET,
        release=manifest.manifest.release,
        title=asset.title or "",
        description=asset.description or "",
        keywords=asset.keywords,
        members=(asset,),
        masters=(facts[asset.id],),
        asset=asset,
        file=manifest.file,
        line=manifest.line_of(asset.id),
    )
