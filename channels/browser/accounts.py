"""What an account is allowed and told in publisher.toml: unattended or not, its profile, template and product.

Pure: options in, a frozen answer out, every mistake at once. An account that says nothing is assisted.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from channels.browser.fields import Value, too_much_or_little, value_of
from channels.browser.schema import Profile
from publisher.errors import ConfigError, Rejected
from publisher.listing import Listing, Staged
from publisher.row import Row

_RESERVED = {
    "unattended", "terms_acknowledged", "profile", "session", "fallback", "quotas", "connections",
    "variants_per_motif",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Terms:
    """How the account may act. ``acknowledged`` is the day on which the seller read the site's terms."""

    unattended: bool = False
    acknowledged: dt.date | None = None
    profile: str = ""
    session: str = ""
    """Name of the browser profile, where accounts share one sign-in; they then take turns."""
    pack: bool = True
    """Whether a form that cannot be filled makes a pack for a person instead."""
    options: Mapping[str, str] = field(default_factory=dict)


def read_terms(account: str, options: Mapping[str, Any], row: Row, today: dt.date) -> Terms:
    """The account's terms. Raises ConfigError naming every mistake; unattended is never assumed."""
    problems: list[str] = []
    unattended = options.get("unattended", False)
    if not isinstance(unattended, bool):
        problems.append("unattended is true or false")
    acknowledged = _day(options.get("terms_acknowledged"), problems)
    if unattended is True and acknowledged is None and not problems:
        problems.append(
            "unattended = true needs terms_acknowledged, the day on which you read the site's terms "
            f'on automated access, as in terms_acknowledged = "{today:%Y-%m-%d}"'
        )
    if acknowledged is not None and acknowledged > today:
        problems.append(f"terms_acknowledged = {acknowledged} lies in the future")
    if unattended is True and row.irreversible is not None:
        problems.append(f"unattended is not offered here: {row.irreversible.reason}")
    fallback = options.get("fallback", "pack")
    if fallback not in ("pack", "stop"):
        problems.append("fallback is 'pack' or 'stop'")
    session = str(options.get("session", account))
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,62}", session):
        problems.append("session is the name of an account")
    if problems:
        raise ConfigError(
            f"{account}: {'; '.join(problems)}",
            remedy=f"correct [accounts.{account}] in publisher.toml",
            problems=tuple(f"accounts.{account}: {p}" for p in problems),
        )
    return Terms(
        unattended=bool(unattended),
        acknowledged=acknowledged,
        profile=str(options.get("profile", row.name)),
        session=session,
        pack=fallback == "pack",
        options={
            k: str(v)
            for k, v in options.items()
            if k not in _RESERVED and isinstance(v, (str, int, float)) and not isinstance(v, bool)
        },
    )


def _day(given: object, problems: list[str]) -> dt.date | None:
    if given is None:
        return None
    if isinstance(given, dt.date) and not isinstance(given, dt.datetime):
        return given
    try:
        return dt.date.fromisoformat(str(given))
    except ValueError:
        problems.append(f"terms_acknowledged = {given!r} is no day, as in 2026-11-20")
        return None


def facts_of(
    listing: Listing, staged: tuple[Staged, ...], terms: Terms, language: str
) -> dict[str, Any]:
    """Everything that a profile's fields may be made of."""
    fields = listing.fields
    facts: dict[str, Any] = {
        name: fields.get(name)
        for name in (
            "title",
            "description",
            "keywords",
            "categories",
            "mature",
            "editorial",
            "products",
        )
    }
    facts |= {"item": listing.item, "key": listing.key, "language": language}
    facts |= {f"declares.{d.name}": True for d in listing.declarations}
    facts |= {
        f"field.{k.removeprefix('csv.')}": v for k, v in fields.items() if k.startswith("csv.")
    }
    facts |= {
        k: str(v).removesuffix("%").strip() for k, v in fields.items() if k.startswith("royalty.")
    }
    product = terms.options.get("product", "default")
    own = fields.get(f"royalty.{product}", fields.get("royalty.default"))
    facts["royalty.product"] = str(own).removesuffix("%").strip() if own is not None else ""
    facts |= {f"option.{k}": v for k, v in terms.options.items()}
    if staged:
        file = staged[0].file
        facts |= {"file.name": file.name, "file.size": str(file.size)}
        # A name that no other contents have, for sites that know a file by its name alone.
        facts["file.marked"] = f"{file.sha256[:8]}_{file.name}"
    return facts


def missing_options(account: str, profile: Profile, terms: Terms) -> None:
    """Raise ConfigError for what the profile needs of the account and publisher.toml does not state."""
    wanted = [f.source.removeprefix("option.") for f in profile.fields.values() if f.least]
    stated = {f"option.{k}" for k in terms.options}
    missing = [w for w in wanted if f"option.{w}" not in stated and _is_option(profile, w)]
    if missing:
        raise ConfigError(
            f"{account}: {', '.join(missing)} must be stated for {profile.identity.site}",
            remedy=f'write it under [accounts.{account}] in publisher.toml, as in {missing[0]} = "..."',
            problems=tuple(f"accounts.{account}: {m} is missing" for m in missing),
        )


def _is_option(profile: Profile, name: str) -> bool:
    return any(f.source == f"option.{name}" for f in profile.fields.values())


def values_for(profile: Profile, facts: Mapping[str, Any]) -> dict[str, Value]:
    """The values of all fields of a profile. Raises Rejected with every one that does not fit."""
    values: dict[str, Value] = {}
    problems: list[str] = []
    for name, form_field in profile.fields.items():
        source = dict(facts)
        if form_field.source == "products":
            source["products"] = _products(profile, facts.get("products"))
        values[name] = value_of(form_field, source)
        if wrong := too_much_or_little(name, form_field, values[name]):
            problems.append(wrong)
    if problems:
        raise Rejected(
            f"{profile.identity.site}: {'; '.join(problems)}", remedy="correct the item's texts"
        )
    return values


def _products(profile: Profile, chosen: object) -> tuple[str, ...]:
    """The site's keys of the wanted classes."""
    if profile.products is None:
        return ()
    classes = chosen if isinstance(chosen, tuple) else profile.products.default
    unknown = [c for c in classes if c not in profile.products.classes]
    if unknown:
        raise Rejected(
            f"{profile.identity.site} has no product class {', '.join(unknown)}",
            remedy=f"choose from {', '.join(sorted(profile.products.classes))}",
        )
    keys = [key for c in classes for key in profile.products.classes[c]]
    return tuple(dict.fromkeys(keys))
