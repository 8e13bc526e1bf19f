"""What a browser did on the way to a failure: Playwright's own trace, without pictures, of one verb at a time.

It is recorded all the time and thrown away when all went well; recorded without snapshots it costs no time that
could be measured. What is kept is written anew with its secrets masked, and nothing of what was posted is in it.
"""

from __future__ import annotations

import base64
import contextlib
import html
import json
import os
import re
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

MASK = "***"

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
_LINES = (".trace", ".network", ".stacks")


class Trace:
    """The trace of one browser. Used in the browser's thread; nothing here raises for a browser that is gone."""

    def __init__(self, context: BrowserContext) -> None:
        self._context = context
        self._running: bool | None = None
        """Whether it records with snapshots; None when it does not record."""
        self._open = False

    def begin(self, *, snapshots: bool = False) -> None:
        """Record from here on, unless it does. A second beginning of the same verb is the first one."""
        if self._open and self._running == snapshots:
            return
        with contextlib.suppress(Exception):
            if self._running is not None and self._running != snapshots:
                self._running, self._open = None, False
                self._context.tracing.stop()
            if self._running is None:
                self._context.tracing.start(snapshots=snapshots, screenshots=False, sources=False)
                self._running = snapshots
            self._context.tracing.start_chunk()
            self._open = True

    def drop(self) -> None:
        """All went well: forget what was recorded."""
        if self._open:
            self._open = False
            with contextlib.suppress(Exception):
                self._context.tracing.stop_chunk()

    def keep(self, target: Path, redactor: Redactor) -> tuple[Path, ...]:
        """Write what was recorded, redacted, into a folder that is there; nothing when the browser is gone."""
        if not self._open:
            return ()
        self._open = False
        with (
            contextlib.suppress(Exception),
            tempfile.TemporaryDirectory(dir=target.parent) as place,
        ):
            raw = Path(place) / "trace.zip"
            self._context.tracing.stop_chunk(path=raw)
            return (redact_trace(raw, target, redactor),)
        return ()


def _without_value(found: re.Match[str]) -> str:
    field = found.group()
    return _VALUE.sub(rf'\1"{MASK}"', field) if _TELLING.search(field) else field


class Redactor:
    """Masks what must not be kept: the known secrets of a browser, and what looks like one."""

    def __init__(self, secrets: Iterable[str]) -> None:
        known = {form for s in secrets if len(s) >= 6 for form in _written(s)}
        self._secrets = sorted(known, key=len, reverse=True)

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
        """JSON data without them: values of telling names go as a whole, and so does what was posted."""
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
                if k != "postData"
            }
        if isinstance(value, list):
            return [] if name.lower() == "cookies" else [self.data(v, name) for v in value]
        if isinstance(value, str):
            return MASK if name.lower() in _HEADERS else self.text(value)
        return value


def _written(secret: str) -> Iterator[str]:
    """A secret as it may stand in a text: plain, quoted for an address, a page or JSON, or inside base64."""
    yield secret
    yield quote(secret, safe="")
    yield quote_plus(secret)
    yield html.escape(secret)
    yield json.dumps(secret)[1:-1]
    for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
        data = secret.encode(encoding)
        for shift in range(3):
            # Where it begins inside a group of three, only whole groups of its own are certain.
            whole = base64.b64encode(b"\0" * shift + data).decode()
            sure = whole[(0, 2, 3)[shift] : (shift + len(data)) // 3 * 4]
            if len(sure) >= 6:
                yield sure
                yield sure.replace("+", "-").replace("/", "_")


def redact_trace(raw: Path, target: Path, redactor: Redactor) -> Path:
    """Write a trace anew with its secrets masked; what was posted, pictures and other binary parts are left out."""
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with (
        zipfile.ZipFile(raw) as source,
        os.fdopen(handle, "wb") as sink,
        zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as clean,
    ):
        texts = {n: t for n in source.namelist() if (t := _text(source.read(n))) is not None}
        lines = {n: t for n, t in texts.items() if n.endswith(_LINES)}
        posted = {p for t in lines.values() for p in _posted(t)}
        for entry, text in texts.items():
            if entry in lines:
                clean.writestr(entry, "\n".join(_lines(text, redactor)))
            elif entry.rpartition("/")[2] not in posted:
                clean.writestr(entry, redactor.text(text))
    return target


def _text(content: bytes) -> str | None:
    """A part as text; None for a binary one, and UTF-16 is one: no secret is looked for in there."""
    try:
        return None if b"\0" in content else content.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _posted(text: str) -> Iterator[str]:
    """Names of the parts that hold what was posted."""
    for line in text.splitlines():
        with contextlib.suppress(ValueError):
            yield from _names(json.loads(line))


def _names(value: Any, inside: bool = False) -> Iterator[str]:
    if isinstance(value, dict):
        for key, part in value.items():
            if inside and key == "_sha1" and isinstance(part, str):
                yield part
            yield from _names(part, inside or key == "postData")
    elif isinstance(value, list):
        for part in value:
            yield from _names(part, inside)


def _lines(text: str, redactor: Redactor) -> Iterator[str]:
    for line in text.splitlines():
        try:
            yield json.dumps(redactor.data(json.loads(line)), ensure_ascii=False)
        except ValueError:
            yield redactor.text(line)
