"""What a page looked like when a flow could not go on, with what identifies or authorises anybody removed.

Where it is wanted, also what a form looked like before it was sent. A screenshot with the fields of a login covered,
the page's source, and the trace of how it came there. Files are for their owner alone; nothing is sent anywhere.
"""

from __future__ import annotations

import contextlib
import os
import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from channels.browser.browser import private_folder
from channels.browser.trace import Redactor, Trace

if TYPE_CHECKING:
    from playwright.sync_api import Page

KEEP = 60
"""So many files are kept per account, three of a failure; the oldest go."""
_COVERED = (
    "input[type=password]", "input[type=email]", "input[autocomplete*=user]", "input[name*=user i]",
    "input[name*=mail i]", "[class*=email i]",
)  # fmt: skip


def keep(page: Page, trace: Trace, folder: Path, name: str, now: datetime) -> tuple[Path, ...]:
    """Screenshot, source and trace, redacted. Never raises: evidence is worth no failure of its own.

    What cannot be had (of a page that was closed, on a disk that is full) is left out, and the rest is kept.
    """
    kept: list[Path] = []
    with contextlib.suppress(Exception):
        private_folder(folder)
    redactor = Redactor.of(page.context)
    stem = _stem(name, now)
    # First of all, so that what is asked for below is not part of it.
    traced = trace.keep(folder / f"{stem}-trace.zip", redactor)
    kept += picture(page, folder, name, now)
    with contextlib.suppress(Exception):
        source = redactor.text(f"<!-- {page.url} -->\n{page.content()}")
        kept.append(_write(folder / f"{stem}.html", source.encode()))
    with contextlib.suppress(Exception):
        _thin(folder)
    return (*kept, *traced)


def picture(page: Page, folder: Path, name: str, now: datetime) -> tuple[Path, ...]:
    """A screenshot alone, the fields of a login covered. Never raises: what cannot be had is left out."""
    with contextlib.suppress(Exception):
        private_folder(folder)
        covered = [page.locator(css) for css in _COVERED]
        shown = page.screenshot(mask=covered, timeout=5_000, full_page=True)
        return (_write(folder / f"{_stem(name, now)}.png", shown),)
    return ()


def _stem(name: str, now: datetime) -> str:
    return f"{now:%Y%m%dT%H%M%S}-{re.sub(r'[^A-Za-z0-9_-]+', '_', name)[:60]}"


def _write(place: Path, content: bytes) -> Path:
    handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as sink:
        sink.write(content)
    return place


def _thin(folder: Path) -> None:
    files = sorted(p for p in folder.iterdir() if p.is_file())
    for old in files[:-KEEP]:
        old.unlink(missing_ok=True)
