"""Level 6: what goes out holds no secret and breaks no page, and a dry run leaves no trace.

The account's own password and keys are the planted secrets. After runs that went well and runs that failed, nothing
that this program wrote or said has them: not the ledger's bytes, the plan, the report, the preview, the log, an
exception or a file for a person. A hostile title stays text on every page. Planning and previewing open no line.
"""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from pydantic import SecretStr
from world import World, reworded

from publisher.documents import plan_document
from publisher.errors import PublisherError, Unsupported
from publisher.listing import Listing, Remote
from publisher.outcome import PushResult, push_document
from publisher.preview import write_preview
from publisher.readonly import ReadOnlySession
from publisher.report import write_report
from publisher.row import Verb

HOSTILE = "<script>alert(1)</script>\"'&<img src=x onerror=alert(2)> glass dunes in winter"


def _secrets(world: World) -> list[str]:
    settings = world.door.settings(world.account)
    found = [getattr(settings, f) for f in type(settings).model_fields]
    return [s.get_secret_value() for s in found if isinstance(s, SecretStr)]


def _spellings(secret: str) -> set[bytes]:
    return {secret.encode(), quote(secret, safe="").encode(), json.dumps(secret)[1:-1].encode()}


def _preview(world: World, folder: Path) -> None:
    write_preview(
        folder,
        world.plan(),
        rows={a.name: a.row for a in world.ws.accounts},
        thumbnails={},
        release_title=world.ws.release,
        generated=world.clock.now(),
    )


def _write_everything(world: World, result: PushResult) -> Path:
    """Every file that a push and its preview leave for a person, beside ledger and outbox."""
    out = world.folder / "out"
    _preview(world, out / "preview")
    document = push_document(result)
    write_report(out / "report", document, generated=world.clock.now())
    (out / "push.json").write_text(json.dumps(document), encoding="utf-8")
    (out / "plan.json").write_text(json.dumps(plan_document(world.plan())), encoding="utf-8")
    return out


def _told(error: BaseException | None) -> str:
    if error is None:
        return ""
    parts = [str(error), repr(error), *traceback.format_exception(error)]
    if isinstance(error, PublisherError):
        parts += [error.sentence, error.remedy, error.detail]
    return "\n".join(parts)


def _check_secrets(world: World, secrets: list[str], result: PushResult, log: str) -> None:
    _write_everything(world, result)
    said = log + "".join(_told(o.error) for o in result.outcomes)
    said += "".join(_told(e) for e in result.problems.values())
    # The sandbox's own disk is the other side's, which knows the password anyway.
    ours = [world.folder / name for name in ("state", "outbox", "out")]
    files = [p for root in ours for p in root.rglob("*") if p.is_file()]
    assert any(p.suffix == ".sqlite" for p in files) and any(p.suffix == ".html" for p in files)
    for secret in secrets:
        for spelling in _spellings(secret):
            assert spelling not in said.encode(), "a secret was said"
            for path in files:
                assert spelling not in path.read_bytes(), f"a secret is in {path.name}"
                assert spelling not in str(path).encode()


def _quiet_libraries() -> None:
    # Their wire logs hold signed headers by design; nobody but a developer switches them on.
    for name in ("botocore", "boto3", "urllib3", "s3transfer", "werkzeug", "moto"):
        logging.getLogger(name).setLevel(logging.INFO)


def _secret_fields(world: World) -> list[str]:
    settings = world.door.settings(world.account)
    fields = world.channel.settings_type().model_fields
    return [f for f in fields if isinstance(getattr(settings, f), SecretStr)]


def test_32_a_good_run_keeps_its_secrets(
    world: World, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    _quiet_libraries()
    result = world.push()
    assert result.exit_code == 0
    secrets = _secrets(world)
    # Behind a browser nobody types a password here: a person signs in.
    assert secrets or world.proxy is None or world.row.transport.kind == "browser"
    _check_secrets(world, secrets, result, caplog.text)
    settings = world.door.settings(world.account)
    context = world.door.context(world.account)
    for secret in secrets:
        assert secret not in repr(settings) + str(settings) + repr(context)
        assert secret not in repr(world.session_in()) + settings.model_dump_json()


def test_32_a_refused_login_keeps_its_secrets(
    world: World, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    _quiet_libraries()
    if world.proxy is None:
        pytest.skip(f"{world.row.title} has no login")
    planted = []
    for field in _secret_fields(world):
        planted.append(f"Planted-{field}-Zx9%/+q7")
        world.settings[field.upper()] = planted[-1]
    if not planted:
        pytest.skip(f"{world.row.title} has no password: a person signs in")
    result = world.push()
    assert name in result.problems
    _check_secrets(world, planted, result, caplog.text)


def test_32_a_cut_line_keeps_its_secrets(
    world: World, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    _quiet_libraries()
    if world.proxy is None:
        pytest.skip(f"{world.row.title} has no line")
    world.proxy.refuse()
    result = world.push()
    assert name in result.problems
    _check_secrets(world, _secrets(world), result, caplog.text)


def _hostile(world: World) -> World:
    items = tuple(
        reworded(i, title=HOSTILE, description=HOSTILE, keywords=(*i.keywords, HOSTILE))
        for i in world.items(1)
    )
    world.ws = replace(world.ws, items=items)
    return world


def test_33_a_hostile_title_stays_text_on_every_page(world: World, name: str) -> None:
    _hostile(world)
    pages: dict[str, str] = {}
    render = world.door.render

    def kept(template: str, variables: Mapping[str, Any]) -> str:
        pages[template] = render(template, variables)
        return pages[template]

    world.door = replace(world.door, render=kept)
    out = _write_everything(world, world.push())
    for root in (out, world.folder / "outbox"):
        for path in root.rglob("*.html"):
            pages[str(path)] = path.read_text(encoding="utf-8")
    html = {n: text for n, text in pages.items() if n.endswith((".html", ".html.j2"))}
    assert html
    for page, text in html.items():
        assert "<script>alert" not in text, page
        assert "<img src=x" not in text, page
    assert any("&lt;script&gt;" in text for text in html.values())


def test_34_a_dry_run_leaves_no_trace(world: World, name: str, tmp_path: Path) -> None:
    world.create(world.session_in(), world.listings(1)[0])
    before, landed = world.tree(), list(world.landed())
    lines = world.proxy.accepted if world.proxy is not None else 0
    world.offer_sources()
    head = world.ledger.head()
    world.plan()
    _preview(world, tmp_path / "pages")
    assert world.proxy is None or world.proxy.accepted == lines, "planning opened a line"
    with ReadOnlySession(world.session()) as session:
        session.check()
    assert (world.tree(), list(world.landed())) == (before, landed)
    assert world.ledger.head() == head
    assert world.ledger.bindings(world.name) == {} and world.ledger.unsettled() == []


def test_34_a_read_only_session_refuses_every_write(world: World, name: str) -> None:
    listing: Listing = world.listings(1)[0]
    remote = Remote(listing.key, listing.key)
    before, landed = world.tree(), list(world.landed())
    session = ReadOnlySession(world.session())
    writes: dict[Verb, Any] = {
        Verb.STAGE: lambda: session.stage(world.files(listing)[0]),
        Verb.CREATE: lambda: session.create(listing, [], listing.key),
        Verb.UPDATE: lambda: session.update(remote, listing, [], []),
        Verb.WITHDRAW: lambda: session.withdraw(remote),
        Verb.SUBMIT: lambda: session.submit([(listing, remote)], "0" * 32),
    }
    for verb, write in writes.items():
        with pytest.raises(Unsupported) as caught:
            write()
        assert verb.value in caught.value.sentence
    assert set(writes) | {Verb.CHECK, Verb.FIND, Verb.LIST, Verb.STATUS} == set(Verb)
    assert (world.tree(), list(world.landed())) == (before, landed)
    assert world.told.sending == 0
