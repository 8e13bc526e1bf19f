"""The faults of the replicas by group, and the switchboard on which they strike.

Common options: ``times`` (how often), ``nth`` (from which occasion on), ``at`` (before, during or after the
submit, for those that may come anywhere). ``seed`` draws ``nth`` from the first ``within`` occasions, the same one
for the same seed; nothing else is left to chance.
"""

from __future__ import annotations

import random
from typing import Any

from channels.transport.sandbox_books import Switchboard

SUBMIT = (
    "lost_response",
    "slow_submit",
    "submit_ignored",
    "created_500",
    "refused_500",
    "odd_success",
    "double_submit",
)
"""Groups 1 to 7, in their order. ``slow_submit`` has ``seconds``, ``odd_success`` has ``page`` or ``no_id``."""
UPLOAD = (
    "upload_stalls",
    "upload_endless",
    "upload_silent",
    "upload_refused",
    "upload_truncated",
    "upload_inert",
    "upload_slow",
    "upload_crowded",
)
"""Group 8. ``upload_refused`` has ``text`` and ``burns`` (it counts for the day all the same).

``upload_crowded`` has ``count``: so many other pictures come in right behind, the last one under the file's own name.
"""
FORM = (
    "field_reverts",
    "tick_in_dom_only",
    "node_replaced",
    "covered",
    "button_div",
    "class_disabled",
    "animated",
    "duplicate_ids",
    "hashed_classes",
    "localised",
    "language_tabs",
    "renamed",
    "decoy",
    "search_box",
    "lazy_cards",
    "leftovers",
    "ab_layout",
    "virtual_grid",
    "page_size_resets",
    "select_all",
    "late_panes",
)
"""Group 9. ``renamed`` has ``map`` (old text of the page -> new), ``tick_in_dom_only`` has ``id``.

``ab_layout`` shows each visit one of the site's layouts, drawn by ``seed`` from those ``among`` which it chooses.
``virtual_grid`` holds only the rows in view, the oldest first. ``page_size_resets`` goes back to the first page and
ten rows every so many ``seconds``. ``select_all`` selects what is in view; without it the button selects nothing.
``late_panes`` has ``seconds``: what a page asks for by itself comes that late; of Zazzle it may be the ``part``
``grid`` (a page of the library) or ``categories`` (the second pane) alone.
"""
OBSTACLES = (
    "challenge",
    "challenge_xhr",
    "consent_late",
    "promo",
    "survey",
    "one_tap",
    "confirm",
    "new_tab",
    "beforeunload",
)
"""Group 10. ``challenge`` has ``seconds`` (0: until somebody clicks) and ``home`` (it leads there)."""
SESSION = (
    "signed_out",
    "displaced",
    "remembered",
    "captcha",
    "stale_token",
    "looks_signed_in",
    "two_factor",
    "suspended",
    "closed",
    "maintenance",
)
"""Group 11 and the states of an account. ``signed_out`` and ``displaced`` (another login took the session) have ``at``.

``looks_signed_in`` greets a stranger on public pages as if he were in; with ``leads`` private pages lead there, and
not to the sign-in. ``remembered`` has a sign-in outlive its browser. ``captcha`` keeps the sign-in's button off until
a person has solved it.
"""
LISTS = ("moving_list", "wrong_total", "edited_title", "delayed", "deleted", "empty_401")
"""Group 13. ``delayed`` has ``seconds``."""
LIMITS = ("limit_429", "limit_before", "limit_after", "limit_products", "help_text")
"""Group 14. ``limit_products`` shows once a product is chosen. ``help_text`` is a negative control: it stops nobody."""
CONTENT = (
    "hostile_page",
    "hidden_errors",
    "visible_error",
    "progress_percent",
    "old_tags",
    "other_tags",
    "chooser",
    "filtered",
    "old_ids",
    "old_studio",
    "resize",
)
"""Group 15, negative controls, and layouts of a page.

``hidden_errors`` is on unless it is switched to ``off``: a place for an error lies hidden in every page. With
``visible_error`` the page's own check of a form shows it in place of sending anything.
"""

ON_A_PAGE = (
    *FORM,
    "upload_stalls",
    "upload_endless",
    "upload_inert",
    *("consent_late", "promo", "survey", "one_tap", "confirm", "new_tab", "beforeunload"),
    *CONTENT,
    "limit_products",
)
"""What the scripts of a page do; each page with a form is an occasion."""

FAULTS = SUBMIT + UPLOAD + FORM + OBSTACLES + SESSION + LISTS + LIMITS + CONTENT


class ReplicaFaults(Switchboard):
    """The switchboard of one replica. Group 12 is the environment: tests kill what is there to be killed."""

    def __init__(self) -> None:
        super().__init__(FAULTS)

    def switch_on(self, name: str, **options: Any) -> None:
        """As the switchboard does, with the occasion drawn where a seed is given."""
        if "seed" in options and name != "ab_layout":
            drawn = random.Random(f"{options['seed']} {name}")  # noqa: S311  (nothing secret is drawn)
            options["nth"] = drawn.randint(1, int(options.get("within", 3)))
        super().switch_on(name, **options)

    def strike(self, name: str) -> dict[str, Any] | None:
        """As the switchboard does, but from the ``nth`` occasion on."""
        with self._lock:
            options = self._on.get(name)
            if options is not None and options.get("nth", 1) > 1:
                options["nth"] -= 1
                return None
        return super().strike(name)

    def at(self, name: str, moment: str) -> dict[str, Any] | None:
        """A strike, when the fault is to come at this moment (``before`` unless it says otherwise)."""
        options = self.options(name)
        if options is None or options.get("at", "before") != moment:
            return None
        return self.strike(name)

    def shown(self) -> dict[str, Any]:
        """Everything whose occasion has come, for the pages' own scripts; it is one of those of a page."""
        with self._lock:
            now = {n: dict(o) for n, o in self._on.items() if o.get("nth", 1) <= 1}
        if now.setdefault("hidden_errors", {}).get("off"):
            del now["hidden_errors"]
        for name in ON_A_PAGE:
            self.strike(name)
        return now
