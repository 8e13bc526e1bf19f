"""ObjectStore against the S3 sandbox: whole objects, conditions, parts taken up again, and every fault."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from channels.transport import s3_multipart
from channels.transport.s3 import ObjectStore, S3Endpoint
from channels.transport.s3_body import FileContent
from channels.transport.s3_server import S3SandboxServer
from publisher.errors import (
    AuthFailed,
    Conflict,
    NeedsHuman,
    OutcomeUnknown,
    PublisherError,
    Rejected,
    Throttled,
    Transient,
)

MB = 1024 * 1024


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[S3SandboxServer]:
    server = S3SandboxServer(tmp_path / "bucket")
    yield server
    server.stop()


@pytest.fixture
def end(sandbox: S3SandboxServer) -> S3Endpoint:
    given = sandbox.start()
    return S3Endpoint(
        endpoint_url=given["endpoint_url"],
        region=given["region"],
        bucket=given["bucket"],
        access_key=SecretStr(given["access_key"]),
        secret_key=SecretStr(given["secret_key"]),
        path_style=True,
        read_timeout=20,
    )


@pytest.fixture
def store(end: S3Endpoint) -> Iterator[ObjectStore]:
    with ObjectStore(end) as opened:
        yield opened


class Bundle:
    """A file to upload, what its upload reports, and how often the caller was asked."""

    def __init__(self, path: Path, data: bytes) -> None:
        path.write_bytes(data)
        self.path, self.size = path, len(data)
        self.sha256 = hashlib.sha256(data).hexdigest()
        self.moved = 0
        self.asked = 0
        self.threads: set[int] = set()

    def progress(self, _name: str, count: int) -> None:
        self.moved += count
        self.threads.add(threading.get_ident())

    def sending(self) -> None:
        self.asked += 1

    def put(self, store: ObjectStore, key: str = "packs/winter.zip", **more: bool) -> object:
        self.moved = self.asked = 0
        return store.put_file(
            key,
            self.path,
            sha256=self.sha256,
            content_type="application/zip",
            cache_control="max-age=60",
            progress=self.progress,
            sending=self.sending,
            **more,
        )


@pytest.fixture
def small(tmp_path: Path) -> Bundle:
    return Bundle(tmp_path / "small.zip", os.urandom(100_001))


@pytest.fixture
def large(tmp_path: Path) -> Bundle:
    return Bundle(tmp_path / "large.zip", os.urandom(40 * MB + 3))


def counts(server: S3SandboxServer) -> dict[str, tuple[str, int]]:
    return {landed.key: (landed.sha256, landed.count) for landed in server.landed()}


@pytest.mark.parametrize("which", ["small", "large"])
def test_upload_once(
    store: ObjectStore, sandbox: S3SandboxServer, which: str, request: pytest.FixtureRequest
) -> None:
    bundle: Bundle = request.getfixturevalue(which)
    assert store.login()
    bundle.put(store)
    facts = store.head("packs/winter.zip")
    assert facts is not None
    assert (facts.size, facts.sha256) == (bundle.size, bundle.sha256)
    assert facts.content_type == "application/zip"
    assert (bundle.moved, bundle.asked) == (bundle.size, 1)
    assert bundle.threads == {threading.get_ident()}
    bundle.put(store, create_only=True)
    assert (bundle.moved, bundle.asked) == (bundle.size, 0)
    assert counts(sandbox) == {"packs/winter.zip": (bundle.sha256, 1)}


@pytest.mark.parametrize("which", ["small", "large"])
def test_create_only_never_replaces(
    store: ObjectStore,
    sandbox: S3SandboxServer,
    which: str,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bundle: Bundle = request.getfixturevalue(which)
    store.put_bytes("packs/winter.zip", b"other", content_type="application/zip")
    with pytest.raises(Conflict):
        bundle.put(store, create_only=True)
    assert bundle.asked == 0
    # Somebody is faster, after we have looked: the condition of the request itself must hold.
    looked = store.head
    answers = iter([None])
    monkeypatch.setattr(store, "head", lambda key: next(answers, looked(key)))
    with pytest.raises(Conflict):
        bundle.put(store, create_only=True)
    assert counts(sandbox)["packs/winter.zip"][0] == hashlib.sha256(b"other").hexdigest()
    monkeypatch.undo()
    bundle.put(store)
    assert counts(sandbox)["packs/winter.zip"][0] == bundle.sha256


def test_parts_are_taken_up_again(
    store: ObjectStore, sandbox: S3SandboxServer, large: Bundle, end: S3Endpoint
) -> None:
    sandbox.fault("drop_mid_file", parts=2)
    with pytest.raises(Transient):
        large.put(store)
    assert large.asked == 0
    assert sandbox.books() == []
    sandbox.clear_faults()
    sandbox.parts = 0
    with ObjectStore(end) as again:
        large.put(again)
    total = -(-large.size // s3_multipart.part_size(large.size, large.sha256))
    assert 0 < sandbox.parts <= total - 2
    assert large.moved == large.size
    assert counts(sandbox) == {"packs/winter.zip": (large.sha256, 1)}


def test_parts_of_another_version_are_not_used(
    store: ObjectStore, sandbox: S3SandboxServer, large: Bundle, tmp_path: Path
) -> None:
    sandbox.fault("drop_mid_file", parts=2)
    with pytest.raises(Transient):
        large.put(store)
    sandbox.clear_faults()
    # The same first parts, another end: the metadata of the unfinished upload would be wrong.
    newer = Bundle(tmp_path / "newer.zip", large.path.read_bytes()[:-3] + b"new")
    newer.put(store)
    facts = store.head("packs/winter.zip")
    assert facts is not None
    assert facts.sha256 == newer.sha256
    assert counts(sandbox) == {"packs/winter.zip": (newer.sha256, 1)}


@pytest.mark.parametrize("which", ["small", "large"])
def test_no_answer_after_commit_is_unknown(
    store: ObjectStore, sandbox: S3SandboxServer, which: str, request: pytest.FixtureRequest
) -> None:
    bundle: Bundle = request.getfixturevalue(which)
    sandbox.fault("drop_after_commit", times=1)
    with pytest.raises(OutcomeUnknown):
        bundle.put(store, create_only=True)
    assert bundle.asked == 1
    bundle.put(store, create_only=True)
    assert counts(sandbox) == {"packs/winter.zip": (bundle.sha256, 1)}


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("wrong_credentials", AuthFailed),
        ("no_bucket", NeedsHuman),
        ("refuse_503", Throttled),
        ("drop_mid_file", OutcomeUnknown),
        ("no_conditions", NeedsHuman),
    ],
)
def test_refusals(
    store: ObjectStore,
    sandbox: S3SandboxServer,
    small: Bundle,
    fault: str,
    expected: type[PublisherError],
) -> None:
    sandbox.fault(fault)
    with pytest.raises(expected) as caught:
        if fault in {"wrong_credentials", "no_bucket"}:
            store.login()
        small.put(store, create_only=True)
    told = f"{caught.value!r}{caught.value.remedy}{caught.value.detail}"
    assert sandbox.secret_key not in told
    assert sandbox.books() == []


def test_wrong_keys_and_nobody_there(end: S3Endpoint, small: Bundle) -> None:
    stranger = dataclasses.replace(end, access_key=SecretStr("STRANGER"))
    with pytest.raises(AuthFailed):
        ObjectStore(stranger).login()
    with pytest.raises(NeedsHuman, match="no bucket"):
        ObjectStore(dataclasses.replace(end, bucket="not-made")).login()
    away = dataclasses.replace(end, endpoint_url="http://127.0.0.1:9")
    with pytest.raises(Transient):
        ObjectStore(away).login()
    with pytest.raises(Transient):
        small.put(ObjectStore(away))
    with pytest.raises(Transient):
        ObjectStore(away).put_bytes("a", b"b", content_type="text/plain")
    assert end.secret_key.get_secret_value() not in repr(end)


def test_list_pages_and_delete(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("channels.transport.s3.PAGE", 10)
    for number in range(23):
        store.put_bytes(f"p/{number:04}", b"x", content_type="text/plain")
    store.put_bytes("q/1", b"x", content_type="text/plain")
    pages = list(store.list("p/"))
    assert len(pages) == 3
    assert [e.key for page in pages for e in page] == [f"p/{n:04}" for n in range(23)]
    store.delete("q/1")
    store.delete("q/1")
    assert store.head("q/1") is None
    assert list(store.list("q/")) == []


def test_presigned_link_and_plain_address(store: ObjectStore, end: S3Endpoint) -> None:
    store.put_bytes("a b/ü+&?.txt", b"hello", content_type="text/plain; charset=utf-8")
    link = store.presign("a b/ü+&?.txt", 600)
    with urllib.request.urlopen(link) as answer:
        assert answer.read() == b"hello"
    assert store.url("a b/ü+&?.txt") == link.split("?")[0]
    for seconds in (0, 7 * 24 * 3600 + 1):
        with pytest.raises(Rejected):
            store.presign("a", seconds)
    assert ObjectStore(dataclasses.replace(end, public_url="https://cdn.example/x/")).url(
        "a b.zip"
    ) == ("https://cdn.example/x/a%20b.zip")
    amazon = dataclasses.replace(end, endpoint_url=None, path_style=False, bucket="shop")
    assert ObjectStore(amazon).url("a") == "https://shop.s3.eu-central-1.amazonaws.com/a"


@pytest.mark.parametrize("key", ["", "/a", "a//b", "a/../b", ".", "a\nb", "a\\b", "x" * 1025])
def test_hostile_keys_never_reach_the_service(
    store: ObjectStore, sandbox: S3SandboxServer, key: str
) -> None:
    with pytest.raises(Rejected):
        store.put_bytes(key, b"x", content_type="text/plain")
    with pytest.raises(Rejected):
        store.url(key)
    assert sandbox.books() == []


def test_a_file_that_shrinks_is_no_object(
    store: ObjectStore, sandbox: S3SandboxServer, large: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = FileContent.__enter__

    def cut_short(self: FileContent) -> FileContent:
        os.truncate(large.path, 20 * MB)
        return opened(self)

    monkeypatch.setattr(FileContent, "__enter__", cut_short)
    with pytest.raises(Rejected, match="shorter"):
        large.put(store)
    assert large.asked == 0
    assert sandbox.books() == []
