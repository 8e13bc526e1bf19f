"""Settings of an account that is served through a browser. There is no password: a person signs in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field, model_validator

from publisher.channel import ChannelSettings

_ABOUT_US = frozenset({"packs", "usual", "at_once", "by"})
"""What a stand-in says to us, which is no fact of an account."""


class BrowserSettings(ChannelSettings):
    """The browser and how it is started."""

    executable: str = Field(
        "", description="Program of the browser; the default is the machine's Chromium."
    )
    headless: bool | None = Field(
        None,
        description="true: without a window. The default shows one unless the account is unattended.",
    )
    resolver_rules: str = Field(
        "",
        description="Host resolver rules of the browser, to reach a stand-in under a site's name.",
    )
    tls_verify: bool = Field(True, description="false turns the certificate check off.")
    person_seconds: float = Field(
        900.0, gt=0, description="Seconds that a person has for a challenge or to press publish."
    )
    proof_seconds: float | None = Field(
        None, gt=0, description="Seconds to wait for a site's proof; the default is the profile's."
    )
    keep_evidence: bool = Field(
        True,
        description="Keep a redacted screenshot, page and trace of a push, login or check that failed.",
    )
    keep_forms: bool = Field(
        False, description="Keep a redacted screenshot of every form as it was filled in, too."
    )
    stand_in: str = Field(
        "",
        description="Facts of a stand-in on this machine (JSON); nobody is asked there. Needs rules for all hosts.",
    )

    @model_validator(mode="after")
    def _a_stand_in_keeps_everything_else_out(self) -> Self:
        if self.stand_in and "MAP * ~NOTFOUND" not in self.resolver_rules:
            raise ValueError("stand_in needs resolver_rules that lead every other name nowhere")
        if self.stand_in and not isinstance(json.loads(self.stand_in), dict):
            raise ValueError("stand_in is a JSON object")
        return self

    @property
    def facts(self) -> dict[str, str]:
        """What the stand-in states in place of the account's options; empty for a real site."""
        return {k: str(v) for k, v in self._said().items() if k not in _ABOUT_US}

    def facts_for(self, options: Mapping[str, Any]) -> dict[str, str]:
        """The same for an account with these options, where what the stand-in has depends on them."""
        facts = self.facts
        for option, table in self._said().get("by", {}).items():
            more = table.get(str(options.get(option, "")), {})
            facts |= {k: str(v) for k, v in more.items()}
        return facts

    @property
    def usual(self) -> dict[str, str]:
        """What the stand-in gives to an account that does not state it itself."""
        return {k: str(v) for k, v in self._said().get("usual", {}).items()}

    @property
    def packs(self) -> str:
        """Why the stand-in has packs made instead of filling forms in; "" when it has not."""
        return str(self._said().get("packs", ""))

    @property
    def at_once(self) -> bool:
        """Whether the stand-in lists a work as soon as it is there, so that nothing must be waited for."""
        return bool(self._said().get("at_once", False))

    def _said(self) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(self.stand_in or "{}")
        return said
