"""Reads a site profile and lays the seller's own changes over it, entry by entry, by key.

A change may mend a locator or add a step; it may not take away a step that declares something about the image,
and no address of a profile may lead to a host that it does not list.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import yaml
from pydantic import ValidationError

from channels.browser.places import place
from channels.browser.schema import Profile
from channels.browser.steps import walked
from publisher.errors import ConfigError

SHIPPED = Path(__file__).parent / "profiles"
SUFFIXES = (".profile.yaml", ".profile.yml", ".profile.toml")
_KEYED = ("steps", "interstitials", "layouts")
_LOOPBACK = re.compile(r"^(127\.\d+\.\d+\.\d+|localhost)$")


class _Words(yaml.SafeLoader):
    """The safe loader with the truth values of YAML 1.2: ``on`` and ``off`` are words, and a key is there once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = [k for n, k in enumerate(keys) if k in keys[:n]]
        if twice:
            raise yaml.YAMLError(f"the key {twice[0]!r} is there twice{node.start_mark}")
        return super().construct_mapping(node, deep)


_Words.yaml_implicit_resolvers = {
    first: [r for r in found if r[0] != "tag:yaml.org,2002:bool"]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Words.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))


def load_profile(name: str, project: Path | None = None) -> Profile:
    """The profile called ``name`` with the project's changes. Raises ConfigError with every reason."""
    shipped = _find(SHIPPED, name)
    own = _find(project / "channels" / "browser", name) if project is not None else None
    if shipped is None and own is None:
        raise ConfigError(
            f"there is no profile {name!r}",
            remedy=f"write channels/browser/{name}.profile.yaml in the project, or correct the name; "
            f"shipped: {', '.join(shipped_profiles())}",
        )
    data = _read(shipped) if shipped is not None else {}
    base = data
    if own is not None:
        data = _merged(data, _read(own)) if shipped is not None else _read(own)
    files = [p for p in (own, shipped) if p is not None]
    source = " with ".join(p.name for p in reversed(files))
    profile = _valid(data, files)
    problems = [*_strangers(profile), *(_undeclared(base, profile) if own is not None else ())]
    if profile.name != name:
        problems.append(f"it calls itself {profile.name!r}")
    if problems:
        told = tuple(f"{place(files, _path(p, data), data)}: {p}" for p in problems)
        raise ConfigError(
            f"{source}: {'; '.join(problems)}", remedy=f"correct {files[0]}", problems=told
        )
    return profile


def _path(problem: str, data: Mapping[str, Any]) -> tuple[str | int, ...]:
    """The key path of what a problem is about: a step by its key, else the dotted name that it begins with."""
    name = problem.removeprefix("step ").partition(":")[0].partition(" ")[0]
    steps = [n for n, s in enumerate(data.get("steps", ())) if s.get("key") == name]
    if steps:
        return ("steps", steps[0])
    return ("name",) if name == "it" else tuple(name.split("."))


@functools.cache
def shipped_profile(name: str) -> Profile | None:
    """The profile as it is shipped, or None: what pure code may ask, read once."""
    return load_profile(name) if _find(SHIPPED, name) is not None else None


def shipped_profiles() -> tuple[str, ...]:
    """Names of the shipped profiles."""
    return tuple(sorted(p.name.partition(".")[0] for p in SHIPPED.glob("*.profile.*")))


def filled_in(template: str, values: Mapping[str, Any], place: str) -> str:
    """Replace ``{name}`` by values, quoted for their place: ``url``, ``css`` or ``text``.

    Raises KeyError for a name that has no value, so that an address is never half made.
    """

    def value(found: re.Match[str]) -> str:
        given = values[found.group(1)]
        text = given if isinstance(given, str) else str(given)
        if place == "url":
            return quote(text, safe="")
        return css_text(text) if place == "css" else text

    return re.sub(r"\{([a-z][a-z0-9_-]*)\}", value, template)


def css_text(text: str) -> str:
    """A text for the inside of a quoted CSS string."""
    return re.sub(r'["\\\n\r\f\x00]', lambda m: f"\\{ord(m.group()) or 0xFFFD:x} ", text)


def permitted(url: str, profile: Profile) -> bool:
    """Whether an address may be opened: https on a listed host, or plain http on this machine."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2].lower()
    if host not in profile.identity.hosts or "@" in parts.netloc:
        return False
    return parts.scheme == "https" or (
        parts.scheme == "http" and bool(_LOOPBACK.match(parts.hostname or ""))
    )


def _find(folder: Path, name: str) -> Path | None:
    found = [folder / f"{name}{suffix}" for suffix in SUFFIXES]
    there = [p for p in found if p.is_file()]
    if len(there) > 1:
        raise ConfigError(f"two profiles are called {name}: {there[0].name}, {there[1].name}")
    return there[0] if there else None


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        data = tomllib.loads(text) if path.suffix == ".toml" else yaml.load(text, _Words)  # noqa: S506
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{path.name}: the profile cannot be read: {error}") from error
    if not isinstance(data, dict):
        raise ConfigError(f"{path.name}: a profile is a table of keys")
    return data


def _valid(data: Mapping[str, Any], files: Sequence[Path]) -> Profile:
    try:
        return Profile.model_validate(data)
    except ValidationError as error:
        problems = tuple(
            f"{place(files, e['loc'], data)}: {'.'.join(str(p) for p in e['loc']) or 'profile'}: "
            f"{e['msg'].removeprefix('Value error, ')}"
            for e in error.errors()
        )
        source = " with ".join(p.name for p in reversed(files))
        count = f"{len(problems)} mistakes" if len(problems) > 1 else "a mistake"
        raise ConfigError(
            f"{source}: {count} in the profile",
            remedy=f"correct {files[0]}" if files else "",
            problems=problems,
        ) from error


def _merged(base: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(base)
    for name, value in change.items():
        there = found.get(name)
        if name in _KEYED and isinstance(there, list) and isinstance(value, list):
            found[name] = _merged_list(there, value)
        elif isinstance(there, Mapping) and isinstance(value, Mapping):
            found[name] = _merged(there, value)
        else:
            found[name] = value
    return found


def _merged_list(base: list[Any], change: list[Any]) -> list[Any]:
    """Entries by key: changed in place, removed with ``remove: true``, added with ``after: KEY``."""
    found = list(base)
    for entry in change:
        if not isinstance(entry, Mapping):
            raise ConfigError("an entry of a changed list is a table with a key")
        own = {k: v for k, v in entry.items() if k not in ("after", "remove")}
        known, found = _replaced(found, own, bool(entry.get("remove")))
        if not known:
            keys = [e.get("key") for e in found]
            at = keys.index(entry["after"]) + 1 if entry.get("after") in keys else 0
            found.insert(at, own)
    return found


def _replaced(entries: list[Any], own: dict[str, Any], remove: bool) -> tuple[bool, list[Any]]:
    found: list[Any] = []
    known = False
    for entry in entries:
        if entry.get("key") == own.get("key"):
            known = True
            found += [] if remove else [_merged(entry, own)]
        elif isinstance(entry.get("steps"), list):
            inside, steps = _replaced(entry["steps"], own, remove)
            known = known or inside
            found.append({**entry, "steps": steps})
        else:
            found.append(entry)
    return known, found


def _strangers(profile: Profile) -> Iterator[str]:
    """Addresses that lead to a host which the profile does not list."""
    addresses = {"session.url": profile.session.url, "session.login": profile.session.login}
    addresses |= {s.key: s.url for s in walked(profile.steps) if s.do == "goto"}
    if profile.reconcile is not None:
        addresses["reconcile.url"] = profile.reconcile.url
    if profile.proof.url:
        addresses["proof.url"] = profile.proof.url
    for name, url in addresses.items():
        if not permitted(re.sub(r"\{[^}]*\}", "x", url), profile):
            yield f"{name}: {url} is not an address of {', '.join(profile.identity.hosts)}"


def _undeclared(base: Mapping[str, Any], profile: Profile) -> Iterator[str]:
    """Declarations that a change has taken away, switched off or made conditional."""
    if not base:
        return
    now = {s.key: s for s in walked(profile.steps)}
    for step in walked(_valid(base, ()).steps):
        same = now.get(step.key)
        if step.declares and (
            same is None
            or same.declares != step.declares
            or same.reads() != step.reads()
            or (same.when, same.unless, same.layouts) != (step.when, step.unless, step.layouts)
            or getattr(same, "required", None) != getattr(step, "required", None)
        ):
            yield f"step {step.key} declares {step.declares}: it cannot be taken away or changed"
