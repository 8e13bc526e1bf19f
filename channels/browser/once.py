"""Keeps the browser itself from sending a submit twice.

When a server closes a connection without an answer, Chromium sends the request again by itself, a POST as well, if
the connection was used before or opened in advance (``HttpNetworkTransaction::ShouldResendRequest``). A shop that
had taken the first one then has two works. It never does so on a connection that was opened for the request, so that
none is opened in advance here, and none is left open when a form is about to be submitted.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

_NEVER = 2
"""Chromium's ``NetworkPredictionOptions``: no connection before it is needed. It is a choice in its settings."""
SOCKETS = "chrome://net-internals/#sockets"
_BUTTON = "#sockets-view-close-idle-button"
_CLOSE = """
async button => {
  const answer = document.querySelector('#dns-view-dns-lookup-output');
  answer.textContent = '';
  const told = new Promise((done, failed) => {
    new MutationObserver((_, watching) => {
      if (answer.textContent.trim()) { watching.disconnect(); done(); }
    }).observe(answer, {childList: true, subtree: true, characterData: true});
    setTimeout(failed, 3000);
  });
  document.querySelector(button).click();
  document.querySelector('#dns-view-dns-lookup-input').value = '127.0.0.1';
  document.querySelector('#dns-view-dns-lookup-submit').click();
  await told;
}
"""
"""Nothing says when the lines are closed. A question that is asked behind it is answered behind it."""


def predict_nothing(profile: Path) -> None:
    """Write the choice into the preferences of the profile folder, before its browser starts.

    What else stands there stays. Raises ``OSError`` when they cannot be written.
    """
    place = profile / "Default" / "Preferences"
    try:
        found: Any = json.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = {}
    chosen = found if isinstance(found, dict) else {}
    net = chosen.get("net")
    if isinstance(net, dict) and net.get("network_prediction_options") == _NEVER:
        return
    chosen["net"] = {**(net if isinstance(net, dict) else {}), "network_prediction_options": _NEVER}
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    building = place.with_suffix(".new")
    handle = os.open(building, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as sink:
        json.dump(chosen, sink)
    building.replace(place)


class IdleLines:
    """Closes the connections of one browser that nobody uses at the moment, on a page of the browser's own."""

    def __init__(self, context: BrowserContext, *, stays: bool) -> None:
        self._context = context
        self._stays = stays
        self._page: Page | None = None

    def close(self) -> bool:
        """Close them; whether that was possible. The page stays open where nobody sees it."""
        with contextlib.suppress(Exception):
            page = self._page
            if page is None or page.is_closed():
                page = self._page = self._context.new_page()
                page.goto(SOCKETS, timeout=3000)
                page.wait_for_selector(_BUTTON, state="attached", timeout=3000)
            page.evaluate(_CLOSE, _BUTTON)
            if not self._stays:
                page.close(run_before_unload=False)
            return True
        self._page = None
        return False


def shown(context: BrowserContext) -> list[Page]:
    """The open pages of the site."""
    return [p for p in context.pages if not p.is_closed() and p.url != SOCKETS]
