"""Bundles: the same bytes for the same members, safe names, and archives that other programs accept."""

from __future__ import annotations

import hashlib
import io
import os
import random
import shutil
import subprocess
import sys
import tempfile
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.errors import Rejected
from publisher.media import archive
from publisher.media.archive import Packed, plan_archive, write_zip


def _members(folder: Path) -> list[tuple[str, Path]]:
    contents = {
        "b.bin": os.urandom(3_000_000),
        "empty.txt": b"",
        "sub/ü 冬.txt": "naïve".encode(),
        "a.txt": b"first",
    }
    members = []
    for number, (name, data) in enumerate(contents.items()):
        path = folder / f"member{number}"
        path.write_bytes(data)
        members.append((name, path))
    return members


def test_other_programs_accept_the_archive(tmp_path: Path) -> None:
    members, target = _members(tmp_path), tmp_path / "out.zip"
    seen: list[tuple[int, int]] = []
    write_zip(members, target, lambda done, total: seen.append((done, total)))
    assert seen[-1] == (3_000_011, 3_000_011)
    with zipfile.ZipFile(target) as packed:
        assert packed.testzip() is None
        assert packed.namelist() == sorted(name for name, _ in members)
        for name, path in members:
            assert packed.read(name) == path.read_bytes()
        info = packed.getinfo("a.txt")
        assert info.date_time == (1980, 1, 1, 0, 0, 0)
        assert (info.compress_type, info.external_attr >> 16) == (0, 0o100644)
        assert [i.flag_bits for i in packed.infolist()] == [0, 0, 0, 0x800]
    subprocess.run([sys.executable, "-m", "zipfile", "-t", str(target)], check=True)
    if shutil.which("unzip"):
        subprocess.run(["unzip", "-tqq", str(target)], check=True)


def test_equal_members_give_equal_bytes(tmp_path: Path) -> None:
    members = _members(tmp_path)
    write_zip(members, tmp_path / "1.zip")
    for _, path in members:
        os.utime(path, (1, 1))
        path.chmod(0o600)
    write_zip(members[::-1], tmp_path / "2.zip")
    first, second = ((tmp_path / f"{n}.zip").read_bytes() for n in (1, 2))
    assert hashlib.sha256(first).digest() == hashlib.sha256(second).digest()


@pytest.mark.slow
def test_more_than_65535_members_need_the_wide_records(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"1")
    write_zip([(f"{n:06}.txt", tmp_path / "one") for n in range(65_600)], tmp_path / "many.zip")
    with zipfile.ZipFile(tmp_path / "many.zip") as packed:
        assert len(packed.namelist()) == 65_600
        assert packed.read("065599.txt") == b"1"


@pytest.mark.slow
@pytest.mark.rare
def test_a_member_over_4_gib_and_one_behind_it(tmp_path: Path) -> None:
    if shutil.disk_usage(tmp_path).free < 12 * 1024**3:
        pytest.skip("less than 12 GiB free on the disk")
    with (tmp_path / "huge").open("wb") as sparse:
        sparse.truncate(4 * 1024**3 + 5)
    (tmp_path / "small").write_bytes(b"behind")
    target = tmp_path / "huge.zip"
    write_zip([("a.bin", tmp_path / "huge"), ("b.txt", tmp_path / "small")], target)
    with zipfile.ZipFile(target) as packed:
        assert packed.getinfo("a.bin").file_size == 4 * 1024**3 + 5
        assert packed.read("b.txt") == b"behind"
    if shutil.which("unzip"):
        subprocess.run(["unzip", "-tqq", str(target)], check=True)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/etc/passwd",
        "../up",
        "a/../b",
        "a//b",
        "a/",
        "C:\\x",
        "a\\b",
        "nul.txt",
        "x\n",
        "a.",
        ".",
    ],
)
def test_unsafe_names_are_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(b"x")
    with pytest.raises(Rejected, match="cannot be the name of a file in a bundle"):
        write_zip([(name, tmp_path / "m")], tmp_path / "out.zip")


def test_names_that_differ_in_case_only_are_refused(tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(b"x")
    with pytest.raises(Rejected, match="Two files of the bundle would be named"):
        write_zip([("A.jpg", tmp_path / "m"), ("a.JPG", tmp_path / "m")], tmp_path / "out.zip")


def test_a_member_that_changes_or_is_missing_leaves_no_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Rejected, match="gone cannot be read for the bundle"):
        write_zip([("gone", tmp_path / "gone")], tmp_path / "out.zip")
    path = tmp_path / "m"
    path.write_bytes(b"x" * 100)
    measure = archive._measured

    def measure_then_change(*arguments: object) -> object:
        found = measure(*arguments)  # type: ignore[arg-type]
        path.write_bytes(b"y" * 100)
        return found

    monkeypatch.setattr(archive, "_measured", measure_then_change)
    with pytest.raises(Rejected, match="m changed while it was packed"):
        write_zip([("m", path)], tmp_path / "out.zip")
    assert [p.name for p in tmp_path.iterdir()] == ["m"]


def test_any_stretch_can_be_read_by_itself_and_in_any_order(tmp_path: Path) -> None:
    members, target = _members(tmp_path), tmp_path / "out.zip"
    size, checksum = write_zip(members, target)
    whole = target.read_bytes()
    assert (size, checksum) == (len(whole), hashlib.sha256(whole).hexdigest())
    planned = plan_archive([Packed(n, p, zlib.crc32(p.read_bytes())) for n, p in members])
    assert (planned.size, planned.sha256()) == (size, checksum)
    chance = random.Random(3)
    spans = [(chance.randrange(size), chance.choice((1, 100, 70_000))) for _ in range(200)]
    spans += [(0, size), (size - 1, 100), (size, 5), (0, 0)]
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda span: planned.read_at(*span), spans))
    assert found == [whole[start : start + count] for start, count in spans]


def test_a_planned_archive_does_not_send_what_changed(tmp_path: Path) -> None:
    path = tmp_path / "m"
    path.write_bytes(b"x" * 100)
    planned = plan_archive([Packed("m", path, zlib.crc32(b"x" * 100))])
    path.write_bytes(b"y" * 100)
    os.utime(path, ns=(1, 1))
    for read in (lambda: planned.read_at(0, 200), planned.sha256):
        with pytest.raises(Rejected, match="m changed while it was packed"):
            read()
    path.unlink()
    with pytest.raises(Rejected, match="m changed while it was packed"):
        planned.read_at(60, 10)
    assert planned.read_at(0, 4) == b"PK\3\4"


@settings(deadline=None, max_examples=30)
@given(
    st.dictionaries(
        st.text("abcdü", min_size=1, max_size=6).map(lambda n: f"{n}.txt"),
        st.binary(max_size=400),
        max_size=8,
    ),
    st.integers(1, 300),
)
def test_archives_of_any_files_are_read_by_another_program(
    contents: dict[str, bytes], step: int
) -> None:
    with tempfile.TemporaryDirectory() as place:
        members = []
        for number, (name, data) in enumerate(contents.items()):
            path = Path(place) / str(number)
            path.write_bytes(data)
            members.append(Packed(name, path, zlib.crc32(data)))
        planned = plan_archive(members)
        pieces = [planned.read_at(at, step) for at in range(0, planned.size, step)]
        with zipfile.ZipFile(io.BytesIO(b"".join(pieces))) as packed:
            assert packed.testzip() is None
            assert {n: packed.read(n) for n in packed.namelist()} == contents


def test_the_system_copies_the_same_bytes(tmp_path: Path) -> None:
    members = _members(tmp_path)
    known = [Packed(n, p, zlib.crc32(p.read_bytes())) for n, p in members]
    assert write_zip(known, tmp_path / "1.zip")[1]
    for number, wanted in enumerate((known, members), 2):
        size, checksum = write_zip(wanted, tmp_path / f"{number}.zip", digest=False)
        assert (size, checksum) == ((tmp_path / "1.zip").stat().st_size, "")
        assert (tmp_path / f"{number}.zip").read_bytes() == (tmp_path / "1.zip").read_bytes()
