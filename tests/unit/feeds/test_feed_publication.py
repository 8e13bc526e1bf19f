"""A publication on a real bucket and in a real folder, seen by its readers over HTTP.

Whatever happens to us, a reader gets the old feed or the new one; what is served is looked at and not believed.
"""

from __future__ import annotations

import datetime as dt
import functools
import http.server
import json
import os
import signal
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from feed_judge import judge, read
from feed_workshop import GOOGLE, META, FeedAccount, listing, picture

from channels.feeds.place import FolderPlace
from channels.feeds.sandbox import AdapterSandbox
from publisher.discovery import adapter, load_row
from publisher.errors import (
    ConfigError,
    Conflict,
    NeedsHuman,
    Rejected,
    Transient,
)
from publisher.listing import Change, Receipt, Remote, Status
from publisher.row import Verb
from publisher.settings import account_settings

CREATE, UPDATE, WITHDRAW = Verb.CREATE, Verb.UPDATE, Verb.WITHDRAW


@pytest.fixture
def folder_account(tmp_path: Path) -> Iterator[FeedAccount]:
    """A folder behind a web server on loopback."""
    root = tmp_path / "www"
    root.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

    handler = functools.partial(Quiet, directory=str(root))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        yield FeedAccount(GOOGLE, tmp_path, {"FOLDER": str(root), "PUBLIC_URL": url})
        server.shutdown()


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[AdapterSandbox]:
    """A public bucket with a network in front of it."""
    (tmp_path / "s3").mkdir()
    box = AdapterSandbox(load_row(GOOGLE), "feed", tmp_path / "s3")
    yield box
    box.stop()


@pytest.fixture
def bucket_account(bucket: AdapterSandbox, tmp_path: Path) -> FeedAccount:
    return FeedAccount(GOOGLE, tmp_path, bucket.start())


@pytest.fixture(params=["folder", "bucket"])
def account(request: pytest.FixtureRequest) -> FeedAccount:
    found: FeedAccount = request.getfixturevalue(f"{request.param}_account")
    return found


def served(account: FeedAccount, name: str | None = None) -> bytes:
    """What the world gets under the lasting name, or any other."""
    form = account.form or ("xml" if account.channel == GOOGLE else "csv")
    url = account.settings["PUBLIC_URL"] + "/" + (name or f"feed.{form}")
    with urllib.request.urlopen(url) as answer:
        return bytes(answer.read())


def entries(account: FeedAccount) -> dict[str, dict[str, Any]]:
    """The entries that the world gets, judged."""
    form = account.form or ("xml" if account.channel == GOOGLE else "csv")
    found = read(served(account), form)
    judge(account.channel, found)
    return {e["id"]: e for e in found}


def pictures(folder: Path, count: int) -> list[Any]:
    return [picture(folder, f"p{n}.jpg", colour=n) for n in range(count)]


@pytest.mark.parametrize(
    ("channel", "form"), [(GOOGLE, None), (GOOGLE, "tsv"), (META, None), (META, "xml")]
)
def test_one_publication_takes_any_number_of_changes(
    account: FeedAccount, channel: str, form: str | None, tmp_path: Path
) -> None:
    account = replace(account, channel=channel, form=form)
    made = [listing(channel, f"g{n:02d}") for n in range(12)]
    files = pictures(tmp_path / "p", 12)
    account.written(*((CREATE, m, [f]) for m, f in zip(made, files, strict=True)))
    assert account.sending == 1 and list(entries(account)) == [m.key for m in made]
    for entry, file in zip(entries(account).values(), files, strict=True):
        name = entry["image_link"].removeprefix(account.settings["PUBLIC_URL"] + "/")
        assert served(account, name) == file.path.read_bytes()
    dearer = listing(channel, "g01", price="21.00")
    new = listing(channel, "g99")
    account.written(
        (UPDATE, dearer, []), (WITHDRAW, made[3], []), (CREATE, new, [picture(tmp_path, "n.jpg")])
    )
    now = entries(account)
    assert account.sending == 2
    assert list(now) == sorted({*(m.key for m in made), "g99"} - {"g03"})
    assert now["g01"]["price"] == "21.00 EUR" and now["g02"]["price"] == "19.00 EUR"
    with account.session() as session:
        found = session.find_many([m.key for m in made])
        assert set(found) == {m.key for m in made} - {"g03"}
        ours = {k: v for k, v in found["g01"].fields.items() if not k.startswith("remote.")}
        assert ours == dict(dearer.fields)
        assert session.status(Remote("g03", "g03")) is Status.GONE
        assert session.picture(found["g01"]) == files[1].path.read_bytes()
        assert sum(len(page) for page in session.list()) == 12


def test_a_price_alone_moves_no_picture_and_a_picture_alone_moves_one(
    bucket: AdapterSandbox, bucket_account: FeedAccount, tmp_path: Path
) -> None:
    account = bucket_account
    files = pictures(tmp_path / "p", 2)
    made = [listing(GOOGLE, "a"), listing(GOOGLE, "b")]
    account.written(*((CREATE, m, [f]) for m, f in zip(made, files, strict=True)))

    def taken_in() -> int:
        return sum(x.count for x in bucket.landed() if not x.fields)

    assert taken_in() == 2
    account.written((UPDATE, listing(GOOGLE, "a", price="9.00"), []))
    assert taken_in() == 2 and entries(account)["a"]["price"] == "9.00 EUR"
    other = picture(tmp_path / "p", "p0.jpg", colour=99)
    account.written((UPDATE, listing(GOOGLE, "a", price="9.00"), [other]))
    assert taken_in() == 3
    assert other.sha256[:16] in entries(account)["a"]["image_link"]
    landed = {x.key: x for x in bucket.landed() if x.fields}
    assert set(landed) == {"a", "b"} and landed["a"].fields["price"] == "9.00 EUR"


def test_what_the_ledger_has_bound_is_in_every_feed(account: FeedAccount, tmp_path: Path) -> None:
    """Somebody threw the feed away, or its format changes: the next publication has everything again."""
    account.created(listing(GOOGLE, "a"), picture(tmp_path, "a.jpg"))
    tsv = replace(account, form="tsv")
    tsv.created(listing(GOOGLE, "b"), picture(tmp_path, "b.jpg"))
    assert list(entries(tsv)) == ["a", "b"] and list(entries(account)) == ["a"]


def test_a_reader_never_sees_half_a_feed(folder_account: FeedAccount, tmp_path: Path) -> None:
    account = folder_account
    file = picture(tmp_path, "a.jpg")
    account.created(listing(GOOGLE, "g00"), file)
    done = threading.Event()
    seen: list[int] = []
    wrong: list[BaseException] = []

    def reader() -> None:
        while not done.is_set():
            try:
                seen.append(len(entries(account)))
            except BaseException as error:
                wrong.append(error)
                return

    thread = threading.Thread(target=reader)
    thread.start()
    for number in range(1, 9):
        account.created(listing(GOOGLE, f"g{number:02d}"), file)
    done.set()
    thread.join()
    assert wrong == [] and seen == sorted(seen) and set(seen) <= set(range(1, 10))


def _killed_at(account: FeedAccount, number: int, late: bool, batch: Any) -> bool:
    """Publish in a child that is killed at its n-th write to the place; returns whether it was."""
    child = os.fork()
    if child == 0:
        put, count = FolderPlace.put, [0]

        def armed(self: Any, *given: Any, **more: Any) -> None:
            count[0] += 1
            if count[0] == number and not late:
                os.kill(os.getpid(), signal.SIGKILL)
            put(self, *given, **more)
            if count[0] == number:
                os.kill(os.getpid(), signal.SIGKILL)

        FolderPlace.put = armed  # type: ignore[method-assign]
        account.written(*batch)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def test_killed_at_any_write_the_feed_is_whole_and_the_next_run_finishes_it(
    folder_account: FeedAccount, tmp_path: Path
) -> None:
    account = folder_account
    account.created(listing(GOOGLE, "old"), picture(tmp_path, "old.jpg"))
    stops = 0
    for number in range(1, 20):
        for late in (False, True):
            batch = [
                (CREATE, listing(GOOGLE, f"k{number:02d}{late:d}{n}"), [picture(tmp_path, "k.jpg")])
                for n in range(2)
            ]
            before = set(entries(account))
            killed = _killed_at(account, number, late, batch)
            stops += killed
            after = set(entries(account))
            keys = {m.key for _, m, _ in batch}
            assert after in (before, before | keys)
            with account.session() as session:
                there = session.find_many(sorted(keys))
            assert set(there) == after & keys
            account.bound |= there
            left = [b for b in batch if b[1].key not in there]
            if left:
                account.written(*left)
            assert set(entries(account)) == before | keys
            if not killed:
                assert stops >= 8
                return
    pytest.fail("the publication never came to its end")


def test_an_ai_picture_without_its_mark_is_refused_and_the_others_go(
    bucket: AdapterSandbox, bucket_account: FeedAccount, tmp_path: Path
) -> None:
    account = bucket_account
    human = (CREATE, listing(GOOGLE, "human"), [picture(tmp_path, "h.jpg")])
    made = (CREATE, listing(GOOGLE, "made", ai=True), [picture(tmp_path, "m.jpg", ai=True)])
    bucket.fault("strips_xmp")
    answers = account.written(human, made)
    assert isinstance(answers["human"], Receipt)
    refusal = answers["made"]
    assert isinstance(refusal, Rejected) and "trainedAlgorithmicMedia" in refusal.sentence
    assert "image optimisation" in refusal.remedy
    assert list(entries(account)) == ["human"]
    bucket.clear_faults()
    assert isinstance(account.written(made)["made"], Receipt)
    assert sorted(entries(account)) == ["human", "made"]


def test_a_mark_that_was_never_there_is_refused_too(account: FeedAccount, tmp_path: Path) -> None:
    bare = picture(tmp_path, "m.jpg")
    answer = account.created(listing(GOOGLE, "made", ai=True), bare)
    assert isinstance(answer, Rejected) and "has no such mark" in answer.sentence
    stated = {"image_link": account.settings["PUBLIC_URL"] + f"/images/{bare.sha256[:16]}/m.jpg"}
    marked = picture(tmp_path, "n.jpg", ai=True)
    answer = account.created(listing(GOOGLE, "made", ai=True, fields=stated), marked)
    assert isinstance(answer, Rejected) and "/m.jpg" in answer.sentence


def test_without_a_public_address_the_bucket_is_read_back(
    bucket: AdapterSandbox, bucket_account: FeedAccount, tmp_path: Path
) -> None:
    settings = {k: v for k, v in bucket_account.settings.items() if k != "PUBLIC_URL"}
    account = replace(bucket_account, settings=settings)
    refused = account.created(listing(GOOGLE, "a", ai=True), picture(tmp_path, "a.jpg"))
    assert isinstance(refused, Rejected)
    taken = account.created(listing(GOOGLE, "b", ai=True), picture(tmp_path, "b.jpg", ai=True))
    assert isinstance(taken, Receipt)
    with account.session() as session:
        assert session.check().notes


def test_a_bucket_that_nobody_may_read_stops_the_account(
    bucket_account: FeedAccount, tmp_path: Path
) -> None:
    wrong = {**bucket_account.settings, "PUBLIC_URL": bucket_account.settings["PUBLIC_URL"] + "/no"}
    account = replace(bucket_account, settings=wrong)
    with pytest.raises(NeedsHuman) as caught:
        account.created(listing(GOOGLE, "a", ai=True), picture(tmp_path, "a.jpg", ai=True))
    assert "is not public" in caught.value.sentence and "PUBLIC_URL" in caught.value.remedy
    bucket_account.created(listing(GOOGLE, "b"), picture(tmp_path, "b.jpg"))
    with pytest.raises(NeedsHuman), account.session() as session:
        session.check()


def test_half_a_feed_proves_nothing(
    bucket: AdapterSandbox, bucket_account: FeedAccount, tmp_path: Path
) -> None:
    for form in ("xml", "tsv"):
        account = replace(bucket_account, form=form, bound={})
        account.created(listing(GOOGLE, f"{form}-a"), picture(tmp_path, "a.jpg"))
        bucket.fault("half_feed")
        with pytest.raises(Transient), account.session() as session:
            session.find(f"{form}-a")
        with pytest.raises(Transient):
            account.created(listing(GOOGLE, f"{form}-b"), picture(tmp_path, "b.jpg"))
        bucket.clear_faults()
        assert list(entries(account)) == [f"{form}-a"]


@pytest.mark.parametrize(("channel", "form"), [(GOOGLE, None), (GOOGLE, "tsv"), (META, None)])
def test_what_somebody_changed_by_hand_is_seen_and_strangers_stay(
    folder_account: FeedAccount, channel: str, form: str | None, tmp_path: Path
) -> None:
    account = replace(folder_account, channel=channel, form=form)
    account.created(listing(channel, "a"), picture(tmp_path, "a.jpg"))
    account.created(listing(channel, "b"), picture(tmp_path, "b.jpg"))
    name = f"feed.{form or ('xml' if channel == GOOGLE else 'csv')}"
    path = Path(account.settings["FOLDER"]) / name
    text = path.read_text("utf-8").replace("19.00 EUR", "11.00 EUR", 1)
    begin = text.index("<item>") if name.endswith("xml") else text.index("\nb") + 1
    end = text.index("</item>\n") + 8 if name.endswith("xml") else len(text)
    stranger = text[begin:end].replace("Glass dunes", "Not ours")
    for own in (">a<", "a\t", "a,", "b\t", "b,"):
        stranger = stranger.replace(own, own.replace("a", "zzz").replace("b", "zzz"), 1)
    tail = "</channel>\n</rss>\n" if name.endswith("xml") else ""
    path.write_text(text.removesuffix(tail) + stranger + tail, encoding="utf-8")
    with account.session() as session:
        found = session.find("a")
        assert found is not None and found.fields["price.a2"] == "11.00 EUR"
        changed = {k for k in found.fields if found.fields[k] != account.bound["a"].fields[k]}
        assert changed == {"price.a2"}
        untouched = session.find("b")
        assert untouched is not None and untouched.fields == account.bound["b"].fields
        strange = session.find("zzz")
        assert strange is not None and strange.fields["title"] == "Not ours"
    refused = account.created(listing(channel, "zzz"), picture(tmp_path, "z.jpg"))
    assert isinstance(refused, Conflict) and refused.remedy
    account.created(listing(channel, "c"), picture(tmp_path, "c.jpg"))
    now = entries(account)
    assert sorted(now) == ["a", "b", "c", "zzz"] and now["zzz"]["title"] == "Not ours"
    assert now["a"]["price"] == "19.00 EUR"


def test_what_is_no_feed_at_all_is_for_a_person(folder_account: FeedAccount) -> None:
    (Path(folder_account.settings["FOLDER"]) / "feed.xml").write_text("<html>")
    with pytest.raises(NeedsHuman) as caught, folder_account.session() as session:
        session.find("a")
    assert "snapshot" in caught.value.remedy


def test_old_pictures_stay_a_week_and_old_snapshots_go(
    account: FeedAccount, tmp_path: Path
) -> None:
    shared, own = picture(tmp_path, "s.jpg"), picture(tmp_path, "o.jpg", colour=7)
    account.created(listing(GOOGLE, "a"), shared)
    account.created(listing(GOOGLE, "b"), shared)
    account.created(listing(GOOGLE, "c"), own)
    account.written((WITHDRAW, listing(GOOGLE, "a"), []), (WITHDRAW, listing(GOOGLE, "c"), []))
    names = [f"images/{f.sha256[:16]}/{f.name}" for f in (shared, own)]
    account.now += dt.timedelta(days=6)
    account.created(listing(GOOGLE, "d"), picture(tmp_path, "d.jpg"))
    assert all(served(account, name) for name in names)
    account.now += dt.timedelta(days=2)
    account.created(listing(GOOGLE, "e"), picture(tmp_path, "e.jpg"))
    assert served(account, names[0])
    with pytest.raises(urllib.error.HTTPError):
        served(account, names[1])
    if "FOLDER" in account.settings:
        kept = list((Path(account.settings["FOLDER"]) / "snapshots" / "feed").iterdir())
        assert len(kept) == 4, "feed and card of the published one and of the one before"


def test_updating_twice_says_the_same_and_a_withdrawal_of_nothing_is_none(
    account: FeedAccount, tmp_path: Path
) -> None:
    made, file = listing(GOOGLE, "a"), picture(tmp_path, "a.jpg")
    account.created(made, file)
    before = served(account)
    with account.session() as session:
        remote = account.bound["a"]
        session.update(remote, made, [Change("title", "x", made.fields["title"])], [])
        gone = session.withdraw(Remote("never", "never"))
    assert gone.remote.status is Status.GONE and served(account) == before
    assert isinstance(account.created(made, file), Receipt), "ours already"
    assert served(account) == before


def test_check_wants_https_and_a_place_that_is_there(
    folder_account: FeedAccount, tmp_path: Path
) -> None:
    with folder_account.session() as session:
        notes = " ".join(session.check().notes)
    assert "/feed.xml" in notes and "tsv" in notes
    for settings, told in (
        ({"FOLDER": str(tmp_path), "PUBLIC_URL": "http://shop.example"}, "is not https"),
        ({"FOLDER": str(tmp_path / "no"), "PUBLIC_URL": "https://shop.example"}, "there is no"),
    ):
        account = replace(folder_account, settings=settings)
        with pytest.raises(NeedsHuman) as caught, account.session() as session:
            session.check()
        assert told in caught.value.sentence


def test_a_full_or_locked_folder_is_an_error_with_a_remedy(
    folder_account: FeedAccount, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = folder_account
    account.created(listing(GOOGLE, "a"), picture(tmp_path, "a.jpg"))
    before = served(account)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Rejected) as caught:
        account.created(listing(GOOGLE, "b"), picture(tmp_path, "b.jpg"))
    monkeypatch.undo()
    assert "no space left" in caught.value.sentence and caught.value.remedy
    assert served(account) == before
    assert not list(Path(account.settings["FOLDER"]).rglob("*.part"))


def test_every_missing_setting_is_named_at_once(tmp_path: Path) -> None:
    kind = adapter(load_row(GOOGLE)).settings_type()
    for given, wanted in (
        ({}, {"FEED_BUCKET or FOLDER must be set, and not both"}),
        ({"bucket": "b"}, {"FEED_ACCESS_KEY_ID is not set", "FEED_SECRET_ACCESS_KEY is not set"}),
        ({"folder": "f"}, {"FEED_PUBLIC_URL is not set: it is where the world sees FOLDER"}),
    ):
        with pytest.raises(ConfigError) as caught:
            account_settings(kind, "feed", tmp_path, given)
        assert set(caught.value.problems) == wanted


def test_the_card_holds_no_secret(bucket_account: FeedAccount, tmp_path: Path) -> None:
    bucket_account.created(listing(GOOGLE, "a"), picture(tmp_path, "a.jpg"))
    secret = bucket_account.settings["SECRET_ACCESS_KEY"].encode()
    assert secret not in served(bucket_account)
    assert secret.decode() not in json.dumps(dict(bucket_account.bound["a"].fields))
