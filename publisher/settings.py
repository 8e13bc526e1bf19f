"""Settings from the environment and the project's ``.env``: the program's own, and those of an account.

The variable of an account's field is the account's name in capitals, then the field. Values never leave
this module in a message: an error names variables only.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from publisher.channel import ChannelSettings
from publisher.errors import ConfigError


class PublisherSettings(BaseSettings):
    """Settings of the program itself; each has the prefix ``PUBLISHER_``."""

    model_config = SettingsConfigDict(env_prefix="PUBLISHER_", extra="ignore", frozen=True)

    database_url: SecretStr | None = Field(
        None, description="URL of the ledger's database; empty means SQLite inside the project."
    )
    state_dir: Path | None = Field(
        None, description="Folder of the ledger and the caches; the default is .publisher."
    )
    cache_bytes: int = Field(
        20 * 1024**3, description="Most bytes that cached renditions may use on disk."
    )
    workers: int | None = Field(
        None, description="Processes that make renditions; the default is the number of cores."
    )
    memory_bytes: int | None = Field(
        None,
        description="Most bytes of memory that these processes may use together; the default is half of "
        "the machine's, at most 4 GiB.",
    )
    c2pa_certificate: Path | None = Field(
        None,
        description="PEM file of your certificate chain; renditions are then signed for channels that pass "
        "content credentials on.",
    )
    c2pa_key: Path | None = Field(
        None, description="PEM file of the private key that belongs to it."
    )
    c2pa_passphrase: SecretStr | None = Field(
        None, description="Passphrase of that key, if it has one."
    )


def variable_prefix(account: str) -> str:
    """``shop-eu`` becomes ``SHOP_EU_``."""
    return re.sub(r"[^A-Za-z0-9]+", "_", account).upper() + "_"


def account_settings(
    kind: type[ChannelSettings],
    account: str,
    project: Path,
    overrides: Mapping[str, str] | None = None,
) -> ChannelSettings:
    """The settings of one account: overrides, then the environment, then the project's ``.env``.

    A shell cannot export a name that starts with a digit, so ``ACCOUNT_123RF_HOST`` is read as well as
    ``123RF_HOST``. Raises ConfigError that names every variable that is missing or wrong.
    """
    prefix = variable_prefix(account)
    if prefix[0].isdigit() and any(k.upper().startswith(f"ACCOUNT_{prefix}") for k in os.environ):
        prefix = f"ACCOUNT_{prefix}"
    dotenv = project / ".env"
    given = {k.lower(): v for k, v in (overrides or {}).items()}
    build: Any = kind
    try:
        settings: ChannelSettings = build(
            _env_prefix=prefix,
            _env_file=dotenv if dotenv.is_file() else None,
            _env_ignore_empty=True,
            **given,
        )
        return settings
    except ValidationError as error:
        problems = tuple(p for e in error.errors() for p in _problems(prefix, e))
        raise ConfigError(
            f"{account}: {len(problems)} settings are missing or wrong: {'; '.join(problems)}",
            remedy="set the variables in the environment or in the project's .env",
            problems=problems,
        ) from None


def _problems(prefix: str, error: ErrorDetails) -> list[str]:
    """One sentence per variable; a check of the whole class names several, separated by semicolons."""
    name = prefix + "_".join(str(p) for p in error["loc"]).upper()
    if not error["loc"]:
        text = error["msg"].removeprefix("Value error, ")
        return [prefix + part.strip() for part in text.split(";")]
    if error["type"] == "missing":
        return [f"{name} is not set"]
    return [f"{name} is wrong ({error['msg']})"]


def describe(kind: type[BaseSettings]) -> list[tuple[str, str, str, bool]]:
    """Field name, description, default as text, and whether it is secret, in the order of the class."""
    found = []
    for name, info in kind.model_fields.items():
        secret = "SecretStr" in str(info.annotation)
        default = "" if info.is_required() or info.default is None else str(info.default)
        found.append((name, info.description or "", "" if secret else default, secret))
    return found


MASK = "***"


def redactor(project: Path) -> Callable[[str], str]:
    """A function that masks every secret value of the environment and the project's ``.env`` in a text.

    A variable counts as secret by its name. Short values are left alone: masking "21" everywhere would
    hide more than it protects.
    """
    from dotenv import dotenv_values

    dotenv = project / ".env"
    known = {**(dotenv_values(dotenv) if dotenv.is_file() else {}), **os.environ}
    secrets = sorted(
        {v for k, v in known.items() if v and len(v) >= 6 and _SECRET_NAME.search(k)},
        key=len,
        reverse=True,
    )

    def mask(text: str) -> str:
        for secret in secrets:
            text = text.replace(secret, MASK)
        return text

    return mask


_SECRET_NAME = re.compile(
    r"(PASSWORD|PASSPHRASE|SECRET|TOKEN|ACCESS_KEY|API_KEY|PRIVATE_KEY|CREDENTIAL|DATABASE_URL)",
    re.IGNORECASE,
)
