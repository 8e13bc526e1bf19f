"""Accounts as a run sees them, and the preflight that asks all of them before the first write.

Preflight and planning get sessions through a read-only wrapper; nothing in this module can write.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from publisher.channel import Channel, ChannelSettings, Context
from publisher.compose import Drafts, no_drafts
from publisher.errors import AuthFailed, ConfigError, PublisherError
from publisher.listing import Health
from publisher.manifest.item import Item
from publisher.pacing import Clock, retried
from publisher.pricing import Pricing
from publisher.readonly import ReadOnlySession
from publisher.row import Mode, Row
from publisher.settings import account_settings


@dataclass(frozen=True)
class Account:
    """One configured use of a row in a project."""

    name: str
    channel: Channel
    options: Mapping[str, Any] = field(default_factory=dict)
    drafts: Callable[[Item], Drafts] = no_drafts
    """What its templates make of an item, before anything is fitted."""
    pricing: Pricing = field(default_factory=Pricing)
    """How its prices are made of the base prices of the manifest."""

    @property
    def row(self) -> Row:
        """The row in force, with the verbs of the mode that the account is used in."""
        return self.channel.row

    @property
    def prepares(self) -> bool:
        """Whether all of the account's writes end as prepared, for a person to finish.

        An assisted account says so write by write: where the site proved the work, it is published.
        """
        return self.mode is Mode.HANDOFF

    @property
    def mode(self) -> Mode:
        """How the account is served."""
        return self.channel.row.mode


@dataclass(frozen=True)
class Door:
    """What it takes to open sessions: the project's folders, the templates, the clock and settings."""

    project: Path
    outbox: Path
    release: str
    clock: Clock
    render: Callable[[str, Mapping[str, Any]], str]
    overrides: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Settings per account that win over the environment, as rehearsal gives them."""
    state: Path | None = None
    """Folder for what accounts keep on this machine; the default is the project's own."""

    def settings(self, account: Account) -> ChannelSettings:
        """The account's settings. Raises ConfigError naming every missing variable."""
        kind = account.channel.settings_type()
        return account_settings(kind, account.name, self.project, self.overrides.get(account.name))

    def context(self, account: Account, **hooks: Any) -> Context:
        """The context of a session; ``hooks`` are progress, sending, began, held and bound."""
        return Context(
            account=account.name,
            row=account.row,
            settings=self.settings(account),
            release=self.release,
            project=self.project,
            outbox=self.outbox / account.name,
            now=self.clock.now,
            wait=self.clock.sleep,
            render=self.render,
            options=account.options,
            state=self.state if self.state is not None else self.project / ".publisher",
            digital_source_type=_digital_source_type,
            **hooks,
        )


def _digital_source_type(data: bytes) -> str:
    # Imported late: only an account that serves pictures itself ever looks into one.
    from publisher.media.metadata.read import digital_source_type

    return digital_source_type(data)


def missing_settings(door: Door, accounts: Sequence[Account]) -> None:
    """Raise one ConfigError that names every missing variable of all accounts."""
    problems: list[str] = []
    for account in accounts:
        try:
            door.settings(account)
        except ConfigError as error:
            problems += error.problems or (error.sentence,)
    if problems:
        raise ConfigError(
            f"{len(problems)} settings are missing or wrong",
            remedy="set the variables in the environment or in the project's .env, "
            "or leave the account out with --account or enabled = false",
            problems=tuple(problems),
        )


def preflight(door: Door, accounts: Sequence[Account]) -> dict[str, Health | PublisherError]:
    """Ask every account with ``check``, all at the same time. Never raises for one account's trouble."""

    def ask(account: Account) -> Health | PublisherError:
        try:
            with ReadOnlySession(account.channel.session(door.context(account))) as session:
                return retried(door.clock, session.check)
        except PublisherError as error:
            return with_setup_notes(error, account.row)

    if not accounts:
        return {}
    with ThreadPoolExecutor(max_workers=min(16, len(accounts))) as pool:
        return dict(zip((a.name for a in accounts), pool.map(ask, accounts), strict=True))


def with_setup_notes(error: PublisherError, row: Row) -> PublisherError:
    """A refused login with the row's own notes on how that site hands out its passwords."""
    # How a site hands out passwords is of no help against a stranger's host key or certificate.
    if not isinstance(error, AuthFailed) or re.search("_HOST_KEY|_TLS_", error.remedy):
        return error
    notes = [n for n in (row.transport.login, *row.setup) if n]
    remedy = " ".join([error.remedy, *(f"{row.title}: {n}" for n in notes)]).strip()
    return type(error)(error.sentence, remedy=remedy, detail=error.detail)
