"""Settings of an account that is served through a browser. There is no password: a person signs in."""

from __future__ import annotations

from pydantic import Field

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
        True, description="Keep a redacted screenshot and page of a form that could not be filled."
    )
