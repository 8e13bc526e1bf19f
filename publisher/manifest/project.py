"""The project: the folder with ``publisher.toml``, its accounts and its manifests.

Read once at the start of a command. It holds no credentials and refuses a file that does: those come from
the environment or ``.env``.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from publisher.errors import ConfigError
from publisher.manifest.load import SUFFIXES
from publisher.manifest.prices import AccountPrices, PriceRules, Prices, merged, mistakes_of
from publisher.manifest.shape import nearest
from publisher.manifest.words import mistakes, shown

FILE_NAME = "publisher.toml"
_ACCOUNT = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_SECRET = re.compile(
    r"(^|[_-])(password|passwd|passphrase|secret|token|api[_-]?key|private[_-]?key)$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Account:
    """One configured use of a row. ``channel`` is the row's name; ``options`` are for the adapter."""

    name: str
    channel: str
    mode: str | None = None
    enabled: bool = True
    options: Mapping[str, Any] = field(default_factory=dict)
    prices: PriceRules = field(default_factory=PriceRules)


@dataclass(frozen=True, slots=True)
class Project:
    """A project folder. ``manifests`` are absolute paths in the order they are read in."""

    folder: Path
    name: str
    manifests: tuple[Path, ...]
    accounts: Mapping[str, Account]
    defaults: Mapping[str, Any] = field(default_factory=dict)
    prices: Prices = field(default_factory=Prices)
    terms: Mapping[str, Any] = field(default_factory=dict)
    """Words by class of the project's own lists, and ``licensed`` exceptions."""

    def enabled_accounts(self) -> tuple[Account, ...]:
        """The accounts that take part, in the order of the file."""
        return tuple(a for a in self.accounts.values() if a.enabled)


class _Account(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)

    channel: Annotated[str, StringConstraints(min_length=1)] | None = None
    mode: Literal["api", "transfer", "assisted", "handoff"] | None = None
    enabled: bool = True
    prices: AccountPrices | None = None


class _Toml(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, StringConstraints(min_length=1)] | None = None
    manifests: tuple[str, ...] | None = None
    accounts: dict[str, _Account] = Field(default_factory=dict)
    defaults: dict[str, Any] = Field(default_factory=dict)
    prices: Prices = Prices()
    terms: dict[str, Any] = Field(default_factory=dict)


def find_project(start: Path) -> Path:
    """The nearest folder with a ``publisher.toml``, from ``start`` upwards. Raises ConfigError."""
    here = start.absolute()
    for folder in (here, *here.parents):
        if (folder / FILE_NAME).is_file():
            return folder
    raise ConfigError(
        f"there is no {FILE_NAME} in {start} or any folder above it",
        remedy="Make a project with 'publisher init', or name its folder with --project.",
    )


def load_project(folder: Path) -> Project:
    """Read ``publisher.toml``. Raises ConfigError whose ``problems`` are ``publisher.toml:line: text``."""
    folder = folder.absolute()
    text = _read(folder / FILE_NAME)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax(error) from error
    problems: list[tuple[int, str]] = []
    data = _short_form(data)
    problems += _account_names(data, text)
    problems += _options(data, text)
    parsed: _Toml | None = None
    try:
        parsed = _Toml.model_validate(data)
    except ValidationError as error:
        for mistake in mistakes(error, _Toml, data):
            hint = f" ({mistake.remedy})" if mistake.remedy else ""
            problems.append((_line(text, mistake.path), f"{mistake.sentence()}{hint}"))
    else:
        stated = {n: a.prices for n, a in parsed.accounts.items()}
        found = mistakes_of(parsed.prices, stated)
        problems += [(_line(text, path), sentence) for path, sentence in found]
    manifests, missing = _manifests(folder, data.get("manifests"), text)
    problems += missing
    if problems or parsed is None:
        raise _error(problems)
    return Project(
        folder=folder,
        name=parsed.name or folder.name,
        manifests=manifests,
        accounts=MappingProxyType(
            {n: _account(n, a, parsed.prices) for n, a in parsed.accounts.items()}
        ),
        defaults=MappingProxyType(parsed.defaults),
        prices=parsed.prices,
        terms=MappingProxyType(parsed.terms),
    )


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{FILE_NAME} is not UTF-8 text", remedy="Save it as UTF-8.") from error
    except FileNotFoundError as error:
        raise ConfigError(
            f"there is no {FILE_NAME} in {path.parent}",
            remedy="Make a project with 'publisher init', or name its folder with --project.",
        ) from error
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise ConfigError(f"{FILE_NAME} cannot be read: {reason}") from error


def _syntax(error: tomllib.TOMLDecodeError) -> ConfigError:
    place = re.search(r"\(at line (\d+)", str(error))
    reason = str(error).partition(" (at ")[0].lower()
    line = int(place.group(1)) if place else 1
    return _error([(line, f"is not valid TOML here: {reason}")])


def _error(problems: list[tuple[int, str]]) -> ConfigError:
    lines = tuple(f"{FILE_NAME}:{line}: {text}" for line, text in sorted(set(problems)))
    count = "1 mistake" if len(lines) == 1 else f"{len(lines)} mistakes"
    return ConfigError(
        f"{FILE_NAME} has {count}", remedy=f"Correct them in {FILE_NAME}.", problems=lines
    )


def _account(name: str, given: _Account, prices: Prices) -> Account:
    return Account(
        name=name,
        channel=given.channel or name,
        mode=given.mode,
        enabled=given.enabled,
        options=MappingProxyType(dict(given.model_extra or {})),
        prices=merged(given.prices, prices),
    )


def _short_form(data: dict[str, Any]) -> dict[str, Any]:
    """``accounts = ["one", "two"]`` means accounts that are named like their rows."""
    accounts = data.get("accounts")
    if isinstance(accounts, list) and all(isinstance(a, str) for a in accounts):
        return {**data, "accounts": {name: {} for name in accounts}}
    return data


def _account_names(data: Mapping[str, Any], text: str) -> list[tuple[int, str]]:
    accounts = data.get("accounts")
    problems: list[tuple[int, str]] = []
    variables: dict[str, str] = {}
    for name in accounts if isinstance(accounts, dict) else ():
        line = _line(text, ("accounts", name))
        if not _ACCOUNT.fullmatch(name):
            reason = "small letters, digits, dash and underscore"
            problems.append((line, f"account {shown(name)} is not a usable name ({reason})"))
            continue
        variable = name.upper().replace("-", "_")
        if variable in variables:
            other = variables[variable]
            reason = f"both would read {variable}_... from the environment"
            problems.append((line, f"accounts '{other}' and '{name}' are too alike: {reason}"))
        variables.setdefault(variable, name)
    return problems


def _options(data: Mapping[str, Any], text: str) -> list[tuple[int, str]]:
    """Keys that look like credentials, by name only (the value is never shown), and misspelt keys.

    Further keys are options of the adapter, but ``enabeld = false`` must not publish by accident.
    """
    known = tuple(_Account.model_fields)
    accounts = data.get("accounts")
    problems: list[tuple[int, str]] = []
    for name, options in accounts.items() if isinstance(accounts, dict) else ():
        for key, value in options.items() if isinstance(options, dict) else ():
            close = difflib.get_close_matches(key.lower(), known, n=1, cutoff=0.8)
            if close and key not in known:
                line = _line(text, ("accounts", name, key))
                text_ = f"accounts.{name}: unknown key '{key}', did you mean '{close[0]}'?"
                problems.append((line, text_))
            if _SECRET.search(key) and isinstance(value, str):
                variable = f"{name}_{key}".upper().replace("-", "_")
                line = _line(text, ("accounts", name, key))
                problems.append(
                    (line, f"accounts.{name}.{key}: a secret belongs in .env, as {variable}")
                )
    return problems


def _manifests(
    folder: Path, given: object, text: str
) -> tuple[tuple[Path, ...], list[tuple[int, str]]]:
    if given is None:
        names = _candidates(folder)
        return tuple(folder / n for n in names), []
    line = _line(text, ("manifests",))
    found: dict[Path, None] = {}
    problems: list[tuple[int, str]] = []
    root = Path(os.path.realpath(folder))
    for name in given if isinstance(given, list) else ():
        if not isinstance(name, str):
            continue
        path = folder / name
        if not name.isprintable() or not name:
            problems.append((line, "manifests: a name is empty or holds control characters"))
        elif Path(name).is_absolute() or not Path(os.path.realpath(path)).is_relative_to(root):
            problems.append((line, f"manifests: {shown(name)} is outside the project"))
        elif not path.is_file():
            text_ = f"manifests: {shown(name)} does not exist{nearest(name, _candidates(folder))}"
            problems.append((line, text_))
        else:
            found[path] = None
    return tuple(found), problems


def _candidates(folder: Path) -> tuple[str, ...]:
    """Files in the project's top folder that may be manifests; a JSON Schema beside them is none."""
    return tuple(
        sorted(
            p.name
            for p in folder.iterdir()
            if p.suffix.lower() in SUFFIXES
            and p.is_file()
            and not p.name.startswith(".")
            and not p.name.endswith(".schema.json")
            and not _is_saved_plan(p)
        )
    )


def _is_saved_plan(path: Path) -> bool:
    """Whether the file begins like a plan that ``plan -o`` saved: it lies beside manifests, and is none."""
    if path.suffix.lower() != ".json":
        return False
    with path.open("rb") as file:
        return b'"made_by"' in file.read(64)


def _line(text: str, path: tuple[str | int, ...]) -> int:
    """The line that names the last part of ``path`` that can be found; 1 when none can."""
    lines = text.split("\n")
    best = 0
    keys = [str(p) for p in path if isinstance(p, str)]
    # The third of several tables of one name, [[name]], has the number 2 after its name in the path.
    nth = {k: n for k, n in pairwise(path) if isinstance(k, str) and isinstance(n, int)}
    for depth, key in enumerate(keys):
        word = re.escape(key)
        table = re.compile(rf"""\s*\[\[?\s*([^\]]*\.)?\s*["']?{word}["']?\s*[\].]""")
        entry = re.compile(
            rf"""\s*([^=#]*\.)?["']?{word}["']?\s*[.=]|.*[\{{,\[]\s*["']{word}["']"""
        )
        inline = re.compile(rf"""[^#]*[\{{,]\s*["']?{word}["']?\s*=""")
        skip = nth.get(key, 0)
        for at in range(best if depth else 0, len(lines)):
            if skip and table.match(lines[at]):
                skip -= 1
            elif table.match(lines[at]) or entry.match(lines[at]) or inline.match(lines[at]):
                best = at
                break
    return best + 1
