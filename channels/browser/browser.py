"""One browser of one account: Debian's Chromium with a profile folder of its own, driven by Playwright.

The folder belongs to one run at a time. It looks like what it is: no stealth, no other user agent, no proxy.
Everything here happens in the thread that opened it.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from channels.browser.once import IdleLines, predict_nothing, shown
from channels.browser.stage import deadline
from channels.browser.trace import Trace
from publisher.errors import Busy, ConfigError, Transient

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page, Playwright

ARGUMENTS = ("--disable-background-networking", "--no-first-run", "--no-default-browser-check")
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SETTLE = 10.0
"""Seconds that a killed browser's folder may still look taken."""


@dataclass(frozen=True, slots=True)
class Launch:
    """How a browser is started. ``folder`` holds its profile, its lock and the saved session."""

    folder: Path
    headless: bool
    executable: str = ""
    resolver_rules: str = ""
    ignore_certificates: bool = False
    language: str = "en"
    lock_wait: float = 5.0


def chromium(executable: str) -> str:
    """The browser to start. Raises ConfigError when there is none."""
    found = executable or next((p for n in _NAMES if (p := shutil.which(n))), "")
    if not found or not Path(found).is_file():
        raise ConfigError(
            f"there is no browser {executable or 'on this machine'}",
            remedy="install Debian's package chromium, or name the program in ..._EXECUTABLE",
        )
    return found


class Browser:
    """An open browser. A context manager; closing never raises, also when it was killed."""

    def __init__(self, launch: Launch) -> None:
        self.launch = launch
        self.sent: list[str] = []
        """Addresses that something was sent to (no GET) since ``listen``."""
        self._listening = False
        self.dead = False
        """Whether it was closed or killed from outside."""
        self._playwright: Playwright | None = None
        self._context: BrowserContext | None = None
        self._trace: Trace | None = None
        self._lines: IdleLines | None = None
        self._lock: int | None = None

    def __enter__(self) -> Self:
        try:
            self._open()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def context(self) -> BrowserContext:
        """The open context."""
        if self._context is None:
            raise RuntimeError("the browser is not open")
        return self._context

    @property
    def trace(self) -> Trace:
        """What the open browser does."""
        if self._trace is None:
            raise RuntimeError("the browser is not open")
        return self._trace

    def page(self) -> Page:
        """A fresh page; the others are closed."""
        page = self.context.new_page()
        for other in shown(self.context):
            if other is not page:
                with contextlib.suppress(Exception):
                    other.close(run_before_unload=False)
        page.set_default_timeout(8000)
        return page

    def about_to_submit(self, page: Page) -> bool:
        """See to it that what ``page`` sends next goes out once; whether that was possible."""
        if self._lines is None:
            self._lines = IdleLines(self.context, stays=self.launch.headless)
        done = self._lines.close()
        # A page behind another one draws nothing, and whatever waits for it to hold still waits for seconds.
        page.bring_to_front()
        return done

    def listen(self) -> None:
        """Begin to note what is sent, anew."""
        self.sent.clear()
        if not self._listening:
            self._listening = True
            self.context.on("request", self._noted)

    def save(self) -> None:
        """Keep cookies and storage beside the profile, readable by the owner alone."""
        state = json.dumps(self.context.storage_state())
        place = self.launch.folder / "session.json"
        building = place.with_suffix(".new")
        with contextlib.suppress(FileNotFoundError):
            building.unlink()
        handle = os.open(building, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as sink:
            sink.write(state)
        building.replace(place)

    def close(self) -> None:
        """Close everything, in the order in which it was opened."""
        context, self._context, self._lines = self._context, None, None
        playwright, self._playwright = self._playwright, None
        for end in (context.close if context else None, playwright.stop if playwright else None):
            if end is not None:
                # A browser or driver that was killed has nothing left to close.
                with contextlib.suppress(Exception):
                    end()
        lock, self._lock = self._lock, None
        if lock is not None:
            os.close(lock)

    def _open(self) -> None:
        sync_playwright = library()
        program = chromium(self.launch.executable)
        private_folder(self.launch.folder)
        self._take()
        predict_nothing(self.launch.folder / "profile")
        self._playwright = sync_playwright().start()
        self._context = self._start(program)
        self._trace = Trace(self._context)
        self._restore()
        self._context.on("close", self._gone)

    def _start(self, program: str) -> BrowserContext:
        from playwright.sync_api import Error

        assert self._playwright is not None
        arguments = list(ARGUMENTS)
        if self.launch.resolver_rules:
            arguments.append(f"--host-resolver-rules={self.launch.resolver_rules}")
        over = deadline(SETTLE)
        while True:
            try:
                return self._playwright.chromium.launch_persistent_context(
                    str(self.launch.folder / "profile"),
                    executable_path=program,
                    headless=self.launch.headless,
                    args=arguments,
                    ignore_https_errors=self.launch.ignore_certificates,
                    accept_downloads=False,
                    locale=self.launch.language,
                    viewport={"width": 1280, "height": 900} if self.launch.headless else None,
                    no_viewport=None if self.launch.headless else True,
                )
            except Error as error:
                text = error.message
                if "display" in text.lower() and not self.launch.headless:
                    raise ConfigError(
                        "the browser has no screen to show its window on",
                        remedy="run it in a desktop session; a person has to see the window",
                    ) from error
                taken = re.search(r"ProcessSingleton|already in use|SingletonLock", text)
                if not taken or over():
                    raise Transient(
                        "the browser did not start", remedy="push again", detail=text
                    ) from error
                # A browser whose driver was killed needs a moment to see it and to go.
                _idle()

    def _restore(self) -> None:
        """Cookies that live only as long as a browser: a restart drops them, the saved session has them."""
        place = self.launch.folder / "session.json"
        try:
            saved: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return
        there = {(c["name"], c["domain"], c["path"]) for c in self.context.cookies()}
        lost = [
            c
            for c in saved.get("cookies", ())
            if c.get("expires", -1) == -1 and (c["name"], c["domain"], c["path"]) not in there
        ]
        if lost:
            self.context.add_cookies(lost)

    def _take(self) -> None:
        handle = os.open(self.launch.folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        over = deadline(self.launch.lock_wait)
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                if over():
                    os.close(handle)
                    raise Busy(
                        "another run has this account's browser open",
                        remedy="wait until it ends, then push again",
                    ) from None
                _idle()
            else:
                self._lock = handle
                return

    def _gone(self, _context: object) -> None:
        self.dead = True

    def _noted(self, request: Any) -> None:
        if request.method != "GET":
            self.sent.append(request.url)


def _idle() -> None:
    import threading

    threading.Event().wait(0.2)


def private_folder(folder: Path) -> Path:
    """Make a folder that only its owner may look into."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    return folder


def library() -> Any:
    """Playwright's entry. Raises ConfigError when the extra is not installed."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise ConfigError(
            "the browser channels need the package playwright",
            remedy='install it with: pip install "storefront-publisher[browser]"',
        ) from None
    return sync_playwright


@contextlib.contextmanager
def playwright_errors() -> Iterator[None]:
    """What Playwright raises becomes Transient: certainly nothing was submitted. Only for use before a submit."""
    from playwright.sync_api import Error

    try:
        yield
    except Error as error:
        first = error.message.splitlines()[0][:200] if error.message else "no reason given"
        raise Transient(
            f"the browser stopped in the middle of a form ({first})",
            remedy="push again: nothing was submitted",
            detail=error.message,
        ) from error
