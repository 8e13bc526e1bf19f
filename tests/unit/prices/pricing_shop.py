"""A bundle and a pack that are sold for real: an S3 service on loopback, an outbox folder, a real ledger."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import boto3
import pyvips

from publisher.engine.desk import Silent
from publisher.guards import Guard
from publisher.ledger.store import Ledger
from publisher.media.studio import Studio
from publisher.observe import Door
from publisher.outcome import PushResult
from publisher.pacing import SystemClock
from publisher.pipeline import make_plan, push
from publisher.plan import Plan
from publisher.price_sync import price_plan
from publisher.render import renderer
from publisher.runs import chosen_run
from publisher.undo import undo_plan
from publisher.workspace import Workspace, open_workspace

NOON = dt.datetime(2026, 11, 26, 12, tzinfo=dt.UTC)


class HurriedClock(SystemClock):
    """The real time, in which a pause is over as soon as it begins."""

    def __init__(self) -> None:
        self._ahead = dt.timedelta()

    def now(self) -> dt.datetime:
        return super().now() + self._ahead

    def sleep(self, seconds: float) -> None:
        self._ahead += dt.timedelta(seconds=max(0.0, seconds))


class Shop:
    """A project of one bundle at a bucket and at a folder, published once and changed by the tests."""

    def __init__(self, folder: Path, ledger: Ledger, place: dict[str, str]) -> None:
        self.folder = folder
        self.ledger = ledger
        self.place = place
        self.rules, self.now = "", NOON
        self.pack: dict[str, Any] = {}
        self.as_published()
        picture = pyvips.Image.gaussnoise(64, 48, mean=128, sigma=30).cast("uchar")
        picture.bandjoin([picture, picture]).copy(interpretation="srgb").pngsave(
            str(folder / "one.png")
        )

    def as_published(self) -> None:
        """Let the manifest and the rules say again what they said at first."""
        self.rules = ""
        self.now = NOON
        self.pack = {
            "id": "pack",
            "title": "A pack of one wallpaper",
            "description": "One wallpaper in full size",
            "keywords": ["one", "wallpaper"],
            "assets": ["one"],
            "offer": self.offer("29.00"),
        }

    @staticmethod
    def offer(price: str, **more: Any) -> dict[str, Any]:
        variants = [
            {"id": "pack", "title": "All files", "price": price},
            {"id": "team", "title": "For a team", "price": "90.00"},
        ]
        return {"currency": "EUR", "variants": variants, **more}

    @property
    def workspace(self) -> Workspace:
        (self.folder / "publisher.toml").write_text(
            'manifests = ["release.json"]\n[accounts.bundles]\n[accounts.handoff]\n' + self.rules
        )
        one = {
            "id": "one",
            "file": "one.png",
            "title": "Blue dunes of ice under a low winter sun",
            "description": "Blue dunes of ice under a low winter sun, seen from a hill",
            "keywords": ["ice", "dunes", "winter", "blue", "sun"],
            "style": "photo",
            "provenance": {"class": "human"},
            "depicts": {"people": "none", "property": "none", "brands": "none", "places": "none"},
        }
        manifest = {"release": "r", "assets": [one], "bundles": [self.pack]}
        (self.folder / "release.json").write_text(json.dumps(manifest, indent=1))
        return open_workspace(self.folder, items=["pack"])

    def whole(self, ws: Workspace) -> Plan:
        return make_plan(ws, self.ledger, day=self.now.date(), now=self.now)

    def prices(self) -> Plan:
        ws = self.workspace
        return price_plan(self.whole(ws), ws, self.ledger.bindings())

    def back(self, run: str = "last", over: Collection[int] = ()) -> Plan:
        ws = self.workspace
        number = chosen_run(self.ledger, run)
        return undo_plan(ws, self.ledger, self.whole(ws), number, over)

    def carry_out(self, plan: Plan, command: str, *allowed: Guard) -> PushResult:
        ws = self.workspace
        render = renderer(self.folder)
        studio = Studio(ws.state / "cache", render, workers=1)
        door = Door(
            ws.folder, ws.outbox, "r", HurriedClock(), render, overrides={"bundles": self.place}
        )
        try:
            return push(
                plan, ws, ledger=self.ledger, studio=studio, door=door, reporter=Silent(),
                allowed=allowed, command=command,
            )  # fmt: skip
        finally:
            studio.close()

    def sync(self, *allowed: Guard) -> PushResult:
        return self.carry_out(self.prices(), "sync prices", *allowed)

    def undo(self, run: str = "last", over: Collection[int] = ()) -> PushResult:
        return self.carry_out(self.back(run, over), f"undo {run}")

    def page(self, name: str = "index.html") -> str:
        client = boto3.client(
            "s3",
            endpoint_url=self.place["ENDPOINT_URL"],
            region_name=self.place["REGION"],
            aws_access_key_id=self.place["ACCESS_KEY_ID"],
            aws_secret_access_key=self.place["SECRET_ACCESS_KEY"],
        )
        found = client.get_object(Bucket=self.place["BUCKET"], Key=f"pack/{name}")
        return str(found["Body"].read().decode())

    @property
    def outbox(self) -> Path:
        return self.workspace.outbox / "handoff" / "pack"
