"""What a page looked like when a flow could not go on, with what identifies or authorises anybody removed.

Where it is wanted, also what a form looked like before it was sent. A screenshot with the fields of a login covered,
the page's source, and for an examination the trace. Files are for their owner alone; nothing is sent anywhere.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from channels.browser.browser import private_folder

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

MASK = "***"
KEEP = 40
"""So many files are kept per account; the oldest go."""

_EMAIL = re.compile(r"[A-Za-z0-9._%+-]+(?:@|%40|&#64;)[A-Za-z0-9.-]+\.[A-Za-z]{2,}")
_NAMED = re.compile(
    r"""((?:[\w-]*(?:token|csrf|secret|passw(?:or)?d|session|authorization|api[_-]?key|jwt|bearer)[\w-]*)"""
    r"""["']?\s*(?:=|:)\s*["']?)([^"'\s<>&;,}]{4,})""",
    re.IGNORECASE,
)
_FIELD = re.compile(r"<(?:input|meta)\b[^>]*>", re.IGNORECASE)
_TELLING = re.compile(
    r"""\b(?:name|type|id)\s*=\s*["']?[^"'\s>]*(?:token|csrf|password|secret|email|user)""",
    re.IGNORECASE,
)
_VALUE = re.compile(r"""(\b(?:value|content)\s*=\s*)("[^"]*"|'[^']*'|[^\s"'>]+)""", re.IGNORECASE)
_HEADERS = ("cookie", "set-cookie", "authorization", "proxy-authorization")
_SENSITIVE = re.compile(r"cookie|authori[sz]ation|token|csrf|secret|passw|session", re.IGNORECASE)
_COVERED = (
    "input[type=password]", "input[type=email]", "input[autocomplete*=user]", "input[name*=user i]",
    "input[name*=mail i]", "[class*=email i]",
)  # fmt: skip


def _without_value(found: re.Match[str]) -> str:
    field = found.group()
    return _VALUE.sub(rf'\1"{MASK}"', field) if _TELLING.search(field) else field


class Redactor:
    """Masks what must not be kept: the known secrets of a browser, and what looks like one."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = sorted({s for s in secrets if len(s) >= 6}, key=len, reverse=True)

    @classmethod
    def of(cls, context: BrowserContext) -> Redactor:
        """One that knows the cookies and the storage of a browser."""
        found: list[str] = []
        with contextlib.suppress(Exception):
            state = context.storage_state()
            found += [str(c.get("value", "")) for c in state.get("cookies", ())]
            for origin in state.get("origins", ()):
                found += [str(e.get("value", "")) for e in origin.get("localStorage", ())]
        return cls(found)

    def text(self, text: str) -> str:
        """The text without them."""
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        text = _EMAIL.sub(MASK, text)
        text = _FIELD.sub(_without_value, text)
        return _NAMED.sub(rf"\1{MASK}", text)

    def data(self, value: Any, name: str = "") -> Any:
        """JSON data without them: values of telling names go as a whole."""
        if isinstance(value, dict):
            # Headers and cookies come as {"name": ..., "value": ...}.
            own = str(value.get("name", "")).lower()
            kind = str(value.get("type", "")).lower()
            hidden = (
                own in _HEADERS or bool(_SENSITIVE.search(own)) or kind in ("password", "email")
            )
            return {
                k: MASK if hidden and "value" in str(k).lower() else self.data(v, str(k))
                for k, v in value.items()
            }
        if isinstance(value, list):
            return [] if name.lower() == "cookies" else [self.data(v, name) for v in value]
        if isinstance(value, str):
            return MASK if name.lower() in _HEADERS else self.text(value)
        return value


def keep(
    page: Page, folder: Path, name: str, now: datetime, *, source: bool = True
) -> tuple[Path, ...]:
    """Screenshot and source of a page, redacted. Never raises: evidence is worth no failure of its own."""
    kept: list[Path] = []
    with contextlib.suppress(Exception):
        private_folder(folder)
        redactor = Redactor.of(page.context)
        stem = f"{now:%Y%m%dT%H%M%S}-{re.sub(r'[^A-Za-z0-9_-]+', '_', name)[:60]}"
        covered = [page.locator(css) for css in _COVERED]
        picture = page.screenshot(mask=covered, timeout=10_000, full_page=True)
        kept.append(_write(folder / f"{stem}.png", picture))
        if source:
            text = redactor.text(f"<!-- {page.url} -->\n{page.content()}")
            kept.append(_write(folder / f"{stem}.html", text.encode()))
        _thin(folder)
    return tuple(kept)


def redact_trace(raw: Path, target: Path, redactor: Redactor) -> Path:
    """Write a trace anew with its secrets masked; pictures and other binary parts are left out."""
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with (
        zipfile.ZipFile(raw) as source,
        os.fdopen(handle, "wb") as sink,
        zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as clean,
    ):
        for entry in source.namelist():
            content = source.read(entry)
            try:
                text = content.decode("utf-8")
            except UnicodeDecodeError:
                continue
            lines = entry.endswith((".trace", ".network", ".stacks"))
            redacted = "\n".join(_lines(text, redactor)) if lines else redactor.text(text)
            clean.writestr(entry, redacted)
    return target


def _lines(text: str, redactor: Redactor) -> Iterator[str]:
    for line in text.splitlines():
        try:
            yield json.dumps(redactor.data(json.loads(line)), ensure_ascii=False)
        except ValueError:
            yield redactor.text(line)


def _write(place: Path, content: bytes) -> Path:
    handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as sink:
        sink.write(content)
    return place


def _thin(folder: Path) -> None:
    files = sorted(p for p in folder.iterdir() if p.is_file())
    for old in files[:-KEEP]:
        old.unlink(missing_ok=True)
