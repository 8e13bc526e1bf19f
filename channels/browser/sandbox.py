"""Stand-ins for the sites that a browser serves: replicas on loopback, reached under the sites' own names.

The browser is told by resolver rules that the site's name is here and that no other name exists, so that nothing
of a rehearsal can reach a real site. The seller is signed in from the start.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from channels.browser.browser import chromium, library
from channels.browser.replicas.faults import FAULTS
from channels.browser.replicas.portal import Portal
from channels.browser.replicas.redbubble import Redbubble
from channels.browser.replicas.site import Site
from channels.browser.replicas.society6 import Society6
from channels.browser.replicas.wire import ReplicaServer
from channels.browser.replicas.zazzle import Zazzle
from channels.browser.settings import BrowserSettings
from publisher.channel import ChannelSettings, Landed, Sandbox
from publisher.errors import ConfigError
from publisher.row import Row

SITES: dict[str, type[Site]] = {
    "stock-portal": Portal,
    "redbubble": Redbubble,
    "society6": Society6,
    "zazzle": Zazzle,
}


class AdapterSandbox(Sandbox):
    """One replica with one seller. Its books outlive a kill."""

    faults: ClassVar[tuple[str, ...]] = FAULTS

    def __init__(self, row: Row, account: str, folder: Path) -> None:
        super().__init__(row, account, folder)
        self.site = SITES[row.name](folder)
        self.server = ReplicaServer(folder, self.site.answer)

    def start(self) -> Mapping[str, str]:
        """Listen on 127.0.0.1, on a free port."""
        port = self.server.start()
        return {
            "RESOLVER_RULES": resolver_rules(self.site.hosts, port),
            "TLS_VERIFY": "false",
            "HEADLESS": "true",
            "STAND_IN": json.dumps(self._facts),
        }

    @property
    def _facts(self) -> dict[str, Any]:
        return {**self.site.options, "usual": dict(self.site.usual), "by": self.site.by}

    def stop(self) -> None:
        """Stop listening."""
        self.server.stop()

    def rehearsing(self, settings: ChannelSettings) -> tuple[Mapping[str, str], str]:
        """Pictures of the filled forms are kept, and works appear in the lists at once.

        Without a browser, or what drives it, no form is filled in.
        """
        assert isinstance(settings, BrowserSettings)
        try:
            library()
            chromium(settings.executable)
        except ConfigError as error:
            facts = {**self._facts, "packs": error.sentence}
            return {"STAND_IN": json.dumps(facts)}, f"{error.sentence} ({error.remedy})"
        facts = {**self._facts, "at_once": True}
        return {"KEEP_FORMS": "true", "STAND_IN": json.dumps(facts)}, ""

    def landed(self) -> Sequence[Landed]:
        """Every work, and every picture that works hold."""
        found = self.site.books.landed()
        return [
            replace(e, fields={**e.fields, **self.site.told(e.fields)})
            if e.fields
            else replace(e, key=self.site.own_name(e.key, e.sha256))
            for e in found
        ]

    def fault(self, name: str, **options: Any) -> None:
        """Switch a fault of the replica on."""
        self.site.faults.switch_on(name, **options)

    def clear_faults(self) -> None:
        """Switch all faults off, and sign the seller in again."""
        self.site.faults.clear()
        self.site.visitors.welcome()


def resolver_rules(hosts: Sequence[str], port: int) -> str:
    """Rules that lead these names to a port of this machine, and every other name nowhere."""
    here = [f"MAP {host} 127.0.0.1:{port}" for host in hosts]
    return ",".join([*here, "MAP * ~NOTFOUND", "EXCLUDE 127.0.0.1"])
