"""Composition: an item, a row and a verdict become the words that one account gets. Pure.

What does not fit is cut, dropped or replaced with a Finding, and every declaration that the rules ask for is
made. It decides nothing that policy has not decided.
"""

from publisher.compose.copywriter import compose
from publisher.compose.drafts import Drafts, drafted, no_drafts
from publisher.naming import safe_name

__all__ = ["Drafts", "compose", "drafted", "no_drafts", "safe_name"]
