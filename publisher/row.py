"""The row: the TOML file that describes one channel as data: mode, verbs, limits, pace, CSV and rules.

Every figure carries its evidence (source, grade, date seen). The model is strict: an unknown key is an error.
It never talks to a channel and never reads the clock; who evaluates a dated rule hands the day in.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, ValidationError, model_validator

from publisher.conditions import Exclusivity, Gate, Similarity
from publisher.errors import ConfigError
from publisher.filerules import FileRules, NameLimit, Preservation, Releases
from publisher.handling import AfterUpload, Automation, Batch, Irreversible
from publisher.manifest.item import ItemKind
from publisher.rules import (
    ActionKind,
    Dated,
    Evidence,
    Grade,
    Quota,
    QuotaStep,
    RowData,
    Rule,
    RuleAction,
    RuleVerdict,
    TermClass,
    When,
)
from publisher.tempo import Pace
from publisher.texts import KeywordLimit, TextLimit, TextTemplates


class Mode(str, Enum):
    """How an account is served."""

    API = "api"
    TRANSFER = "transfer"
    ASSISTED = "assisted"
    HANDOFF = "handoff"


class Verb(str, Enum):
    """What a session may be able to do. ``check`` and ``create`` are required of every row."""

    CHECK = "check"
    FIND = "find"
    LIST = "list"
    STATUS = "status"
    STAGE = "stage"
    CREATE = "create"
    UPDATE = "update"
    WITHDRAW = "withdraw"
    SUBMIT = "submit"


class Limits(RowData):
    """Text limits of a channel."""

    title: TextLimit = TextLimit()
    description: TextLimit = TextLimit()
    keywords: KeywordLimit = KeywordLimit()
    filename: NameLimit = NameLimit()


class Transport(RowData):
    """Where the channel listens. Host, port and root are defaults that settings override."""

    kind: Literal["ftp", "ftps", "sftp", "s3", "folder", "https", "browser"]
    host: str = ""
    port: int | None = None
    root: str = "/"
    rename: bool = Field(
        False, description="Whether a temporary name may be renamed on the server."
    )
    absence: Literal["proof", "examined", "inconclusive"] = Field(
        "inconclusive",
        description="Whether what is not listed was surely never taken in; examined: the session tells each time.",
    )
    connections: int = Field(2, ge=1, le=16)
    login: str = Field(
        "", description="What the user name and the password are, in the site's words."
    )
    evidence: Evidence | None = None


class Column(RowData):
    """One CSV column: its header, and the listing field (or a constant) that fills it.

    ``value`` is the constant; beside a ``field`` it is what is written when the listing has none.
    """

    header: str
    field: str = ""
    value: str = ""
    joiner: str | None = None
    true: str = "Yes"
    false: str = "No"
    first: bool = Field(False, description="Filled on the first line of an item only.")
    required: bool = Field(False, description="An empty cell is worth a warning.")


class Dialect(RowData):
    """How a channel wants its CSV: order, separators, BOM, line ends, quotes and caps."""

    columns: tuple[Column, ...]
    rows: Literal["item", "variant"] = Field(
        "item", description="One line per item, or one per variant of its offer."
    )
    delimiter: Literal[",", ";", "\t"] = ","
    joiner: str = ","
    bom: bool = False
    eol: Literal["crlf", "lf"] = "crlf"
    quoting: Literal["minimal", "all", "none"] = "minimal"
    quote_header: bool = True
    ascii_only: bool = False
    rows_max: int | None = None
    bytes_max: int | None = None
    evidence: Evidence


class Sheet(RowData):
    """The CSV of a channel: who delivers it, the default dialect and the alternatives."""

    delivery: Literal["portal", "upload", "none"] = "portal"
    dialect: str
    dialects: dict[str, Dialect]
    name: str = Field(
        "{release}_{account}_{digest}.csv", description="Name of the file, without spaces."
    )

    @model_validator(mode="after")
    def _default_exists(self) -> Sheet:
        if self.dialect not in self.dialects:
            raise ValueError(f"the default dialect {self.dialect!r} is not among the dialects")
        return self


class Categories(RowData):
    """From the project's canonical vocabulary to the channel's own values.

    ``known`` lists every value that the channel has with its own name for it ("" when the value is the name),
    where the whole list is known: what is not on it is told, with suggestions.
    """

    mapping: dict[str, str] = Field(default_factory=dict)
    known: dict[str, str] = Field(default_factory=dict)
    default: str | None = None
    physical: str | None = Field(
        None,
        description="What a thing that is made and sent gets, such as a print, whatever it shows.",
    )
    min: int = Field(0, ge=0, description="How many an item must have at least.")
    max: int = 1
    evidence: Evidence | None = None

    def named(self, value: str) -> str:
        """A value as a person reads it: with the channel's name for it, if there is one."""
        name = self.known.get(value, "")
        return f"{value} ({name})" if name else value

    @model_validator(mode="after")
    def _maps_to_what_is_known(self) -> Categories:
        wanted = [*self.mapping.values(), *([self.default] if self.default is not None else [])]
        strange = [v for v in dict.fromkeys(wanted) if self.known and v not in self.known]
        if strange:
            raise ValueError(f"mapped to what the channel does not have: {', '.join(strange)}")
        return self


_REACH = {
    Mode.HANDOFF: "manual",
    Mode.ASSISTED: "assisted",
    Mode.TRANSFER: "transfer",
    Mode.API: "api",
}
_LADDER = ("manual", "assisted", "transfer", "api")


class Row(RowData):
    """One channel, as data. ``adapter`` is the folder that the file was found in."""

    schema_version: Annotated[Literal[1], Field(alias="schema")] = 1
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    title: str
    adapter: str = ""
    mode: Mode
    accepts: tuple[ItemKind, ...] = (ItemKind.ASSET,)
    can: tuple[Verb, ...]
    cannot: dict[Verb, str] = Field(default_factory=dict)
    setup: tuple[str, ...] = ()
    wants: dict[str, Any] = Field(
        default_factory=dict,
        description="Options that an account must state, each with an example.",
    )
    page: str = Field("", description="The page where a person goes on.")
    declarations: tuple[str, ...] = Field(
        (), description="Fixed declarations that a person makes there for every item."
    )
    transport: Transport
    limits: Limits = Limits()
    text: TextTemplates | None = None
    file: FileRules = FileRules()
    pace: Pace = Pace()
    quota: tuple[Quota, ...] = ()
    gate: tuple[Gate, ...] = ()
    exclusivity: Exclusivity | None = None
    similarity: Similarity | None = None
    categories: Categories = Categories()
    csv: Sheet | None = None
    automation: Automation | None = None
    irreversible: Irreversible | None = None
    metadata: Preservation | None = None
    releases: Releases | None = None
    batch: Batch | None = None
    source: Literal["none", "bundles", "items"] = Field(
        "none",
        description="What must be live at the account that this one follows (option ``follows``) before "
        "it is listed here: nothing, the archives of bundles, or every item.",
    )
    after: tuple[AfterUpload, ...] = ()
    rule: tuple[Rule, ...]

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    def batch_tasks(self, day: dt.date) -> tuple[str, ...]:
        """What a person does once after each batch, by the steps in force on ``day``."""
        return tuple(s.text for s in self.after if s.per == "batch" and s.in_force(day))

    @model_validator(mode="after")
    def _verbs_are_accounted_for(self) -> Row:
        missing = [v.value for v in Verb if v not in self.can and v not in self.cannot]
        both = [v.value for v in Verb if v in self.can and v in self.cannot]
        if missing:
            raise ValueError(f"neither in can nor in cannot: {', '.join(missing)}")
        if both:
            raise ValueError(f"both in can and in cannot: {', '.join(both)}")
        if Verb.CHECK not in self.can or Verb.CREATE not in self.can:
            raise ValueError("check and create are required of every row")
        ids = [r.id for part in (self.rule, self.gate, self.quota, self.after) for r in part]
        if len(set(ids)) != len(ids):
            raise ValueError("ids of rules, gates, quotas and steps must be unique in a row")
        return self

    @model_validator(mode="after")
    def _sections_agree(self) -> Row:
        if self.automation is not None:
            allowed = _LADDER.index(self.automation.kind)
            if _LADDER.index(_REACH[self.mode]) > allowed:
                raise ValueError(
                    f"mode {self.mode.value} does more than automation {self.automation.kind} permits"
                )
        if self.metadata is not None and self.metadata.strip:
            inside = [
                r.id
                for r in self.rule
                if any(a.kind is ActionKind.WRITE_XMP and a.declares for a in r.actions)
            ]
            if inside:
                raise ValueError(
                    f"{', '.join(inside)}: declared inside the file, where the channel strips it"
                )
        return self


def read_row(path: Path, adapter: str) -> Row:
    """Read one row. Raises ConfigError naming the file and every reason."""
    try:
        data: Mapping[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path.name}: the row cannot be read: {error}") from error
    try:
        return Row.model_validate({**data, "adapter": adapter})
    except ValidationError as error:
        problems = tuple(
            f"{path.name}: {'.'.join(str(p) for p in e['loc']) or 'row'}: {e['msg']}"
            for e in error.errors()
        )
        raise ConfigError(
            f"{path.name}: {len(problems)} mistakes in the row", problems=problems
        ) from error


__all__ = [
    "ActionKind",
    "AfterUpload",
    "Automation",
    "Batch",
    "Categories",
    "Column",
    "Dated",
    "Dialect",
    "Evidence",
    "Exclusivity",
    "FileRules",
    "Gate",
    "Grade",
    "Irreversible",
    "KeywordLimit",
    "Limits",
    "Mode",
    "NameLimit",
    "Pace",
    "Preservation",
    "Quota",
    "QuotaStep",
    "Releases",
    "Row",
    "Rule",
    "RuleAction",
    "RuleVerdict",
    "Sheet",
    "Similarity",
    "TermClass",
    "TextLimit",
    "TextTemplates",
    "Transport",
    "Verb",
    "When",
    "read_row",
]
