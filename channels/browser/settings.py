"""Settings of an account that is served through a browser. There is no password: a person signs in."""

from __future__ import annotations

import json
from typing import Self

from pydantic import Field, model_validator

from publisher.channel import ChannelSettings


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
        return {k: str(v) for k, v in json.loads(self.stand_in or "{}").items()}
