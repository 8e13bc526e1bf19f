"""FtpStore against vsftpd (session reuse required), ProFTPD and the sandbox, plain and encrypted."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from servers import Served

from channels.transport.ftp import FtpStore
from publisher.errors import (
    Conflict,
    Rejected,
    Transient,
)

SIZE = 3_000_001


def quiet(_name: str, _count: int) -> None:
    """Progress that nobody watches."""


@pytest.fixture
def store(served: Served) -> Iterator[FtpStore]:
    with FtpStore(served.endpoint) as opened:
        opened.login()
        yield opened


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("masters") / "dunes.jpg"
    file.write_bytes(os.urandom(SIZE))
    return file


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_upload_arrives_whole_and_is_announced_before_its_last_block(
    served: Served, store: FtpStore, local: Path
) -> None:
    steps: list[int | str] = []
    sent = store.put(
        local,
        "dunes.jpg",
        progress=lambda _name, count: steps.append(count),
        sending=lambda: steps.append("sending"),
    )
    assert sent == SIZE
    assert digest(served.folder / "dunes.jpg") == digest(local)
    assert steps.index("sending") == len(steps) - 2
    last = steps.pop()
    assert isinstance(last, int)
    assert 1 <= last <= 16 * 1024
    assert sum(step for step in steps if isinstance(step, int)) + last == SIZE


@pytest.mark.parametrize("size", [0, 1, 16 * 1024, 16 * 1024 + 1, 512 * 1024, 528 * 1024])
def test_sizes_at_the_edges_of_blocks(
    served: Served, store: FtpStore, tmp_path: Path, size: int
) -> None:
    file = tmp_path / "edge.bin"
    file.write_bytes(os.urandom(size))
    announced: list[bool] = []
    there = served.folder / "edge.bin"
    assert (
        store.put(
            file,
            "edge.bin",
            progress=quiet,
            sending=lambda: announced.append(there.exists()),
        )
        == size
    )
    # An empty file is complete once it is there, so it must be announced before.
    assert announced == [size > 0]
    assert digest(there) == digest(file)


def test_one_connection_carries_many_files(served: Served, store: FtpStore, local: Path) -> None:
    for number in range(8):
        store.put(local, f"f{number}.jpg", progress=quiet)
    listed = {file.name: file.size for page in store.names() for file in page}
    assert listed == {f"f{number}.jpg": SIZE for number in range(8)}


def test_resume_sends_only_the_rest(served: Served, store: FtpStore, local: Path) -> None:
    (served.folder / "dunes.jpg").write_bytes(local.read_bytes()[:1_234_567])
    counts: list[int] = []
    assert (
        store.put(
            local, "dunes.jpg", progress=lambda _name, count: counts.append(count), resume=True
        )
        == SIZE
    )
    assert counts[0] == 1_234_567
    assert sum(counts) == SIZE
    assert digest(served.folder / "dunes.jpg") == digest(local)


def test_resume_of_a_whole_file_sends_nothing(served: Served, store: FtpStore, local: Path) -> None:
    (served.folder / "dunes.jpg").write_bytes(local.read_bytes())
    before = (served.folder / "dunes.jpg").stat().st_mtime_ns
    announced: list[int] = []
    store.put(local, "dunes.jpg", progress=quiet, sending=lambda: announced.append(1), resume=True)
    assert announced == []
    assert (served.folder / "dunes.jpg").stat().st_mtime_ns == before


def test_resume_never_touches_a_larger_file(served: Served, store: FtpStore, local: Path) -> None:
    (served.folder / "dunes.jpg").write_bytes(bytes(SIZE + 1))
    with pytest.raises(Conflict):
        store.put(local, "dunes.jpg", progress=quiet, resume=True)
    assert (served.folder / "dunes.jpg").stat().st_size == SIZE + 1


def test_without_resume_a_file_is_written_from_its_start(
    served: Served, store: FtpStore, local: Path
) -> None:
    (served.folder / "dunes.jpg").write_bytes(b"x" * (SIZE + 5))
    assert store.put(local, "dunes.jpg", progress=quiet) == SIZE
    assert digest(served.folder / "dunes.jpg") == digest(local)


def test_size_rename_delete_and_listing(served: Served, store: FtpStore) -> None:
    (served.folder / "a.jpg").write_bytes(b"12345")
    (served.folder / "folder").mkdir()
    assert store.size("a.jpg") == 5
    assert store.size("b.jpg") is None
    store.rename("a.jpg", "b.jpg")
    assert [(file.name, file.size) for page in store.names() for file in page] == [("b.jpg", 5)]
    store.delete("b.jpg")
    store.delete("b.jpg")
    assert [file for page in store.names() for file in page] == []
    with pytest.raises(Rejected):
        store.rename("gone.jpg", "b.jpg")


@pytest.mark.parametrize("name", ["Dünen é.jpg", "冰沙丘.jpg", "two words (1) 100%.jpg", "-rf.jpg"])
def test_names_beyond_ascii_go_there_and_come_back(
    served: Served, store: FtpStore, tmp_path: Path, name: str
) -> None:
    file = tmp_path / "x"
    file.write_bytes(b"picture")
    store.put(file, name, progress=quiet)
    assert (served.folder / name).read_bytes() == b"picture"
    assert [found.name for page in store.names() for found in page] == [name]
    assert store.size(name) == 7


def test_a_foreign_name_that_is_not_utf8_does_not_stop_the_listing(
    served: Served, store: FtpStore
) -> None:
    (Path(os.fsdecode(os.fsencode(served.folder) + b"/caf\xe9.jpg"))).write_bytes(b"123")
    (served.folder / "ours.jpg").write_bytes(b"1234")
    listed = {file.name for page in store.names() for file in page}
    assert "ours.jpg" in listed
    assert len(listed) == 2
    os.unlink(os.fsencode(served.folder) + b"/caf\xe9.jpg")


@pytest.mark.parametrize(
    "name", ["../up.jpg", "a/b.jpg", ".hidden", "a\r\nDELE b", "a\\b", "", "tab\t.jpg", "a\u202eb"]
)
def test_hostile_names_are_refused_before_anything_is_sent(
    served: Served, store: FtpStore, local: Path, name: str
) -> None:
    with pytest.raises(Rejected):
        store.put(local, name, progress=quiet)
    assert list(served.folder.iterdir()) == []
    assert store.size("still-usable") is None


def test_several_connections_at_once(served: Served, local: Path) -> None:
    def upload(lane: int) -> None:
        with FtpStore(served.endpoint) as store:
            store.login()
            for number in range(5):
                store.put(local, f"{lane}-{number}.jpg", progress=quiet)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(upload, range(4)))
    assert {digest(file) for file in served.folder.iterdir()} == {digest(local)}
    assert len(list(served.folder.iterdir())) == 20


def test_a_store_that_is_used_by_a_failing_caller_can_log_in_again(
    served: Served, store: FtpStore, local: Path
) -> None:
    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.put(local, "dunes.jpg", progress=quiet, sending=stop)
    with pytest.raises(Transient):
        store.size("dunes.jpg")
    store.login()
    assert (store.size("dunes.jpg") or 0) < SIZE
    assert store.put(local, "dunes.jpg", progress=quiet, resume=True) == SIZE
