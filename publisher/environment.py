"""``.env.example``, generated from the Settings classes of every discovered row. No value is ever read."""

from __future__ import annotations

from publisher.discovery import adapter, known_rows, load_row
from publisher.settings import PublisherSettings, describe, variable_prefix

_HEAD = """\
# Settings of storefront-publisher. Copy to .env and fill in what you use; the environment wins over .env.
# The names are those of accounts called like their channel: an account shop-eu has SHOP_EU_..., and an
# account whose name starts with a digit may also be written ACCOUNT_123RF_..., which a shell can export.
# Generated with: publisher schema --env
"""


def env_example() -> str:
    """The whole file, deterministic."""
    parts = [_HEAD, "\n# The program itself\n"]
    for name, text, default, _ in describe(PublisherSettings):
        parts.append(_line(f"PUBLISHER_{name.upper()}", text, default, secret=False))
    for name in sorted(known_rows()):
        row = load_row(name)
        fields = describe(adapter(row).settings_type())
        if not fields:
            continue
        where = row.transport.host or row.transport.kind
        parts.append(f"\n# {row.title} ({where})\n")
        for field, text, default, secret in fields:
            variable = variable_prefix(name) + field.upper()
            parts.append(_line(variable, text, default, secret=secret))
    return "".join(parts)


def _line(variable: str, text: str, default: str, *, secret: bool) -> str:
    hint = " Secret." if secret else ""
    return f"# {text}{hint}\n# {variable}={default}\n"
