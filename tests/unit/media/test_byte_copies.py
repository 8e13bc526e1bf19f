"""Bytes go from file to file as they are: by the kernel where pages meet pages, through a buffer elsewhere."""

from __future__ import annotations

import errno
import io
import os
import random
from pathlib import Path

import pytest

from publisher.media.metadata.packets import copy_span

DATA = random.Random(7).randbytes(1_500_000)


def copied(folder: Path, offset: int, count: int, before: int) -> bytes:
    """What a file holds to which the bytes were appended, after ``before`` bytes and in front of five."""
    source, target = folder / "source", folder / "target"
    source.write_bytes(DATA)
    with source.open("rb") as reading, target.open("w+b") as writing:
        writing.write(b"." * before)
        copy_span(reading, writing, offset, count)
        writing.write(b"after")
    return target.read_bytes()


@pytest.mark.parametrize("count", [0, 1, 4096, 600_000, 1_048_576, 1_400_000])
@pytest.mark.parametrize(("offset", "before"), [(0, 0), (8192, 4096), (30, 30), (12, 700)])
@pytest.mark.parametrize("kernel", ["as it is", "refuses", "breaks off", "has no such call"])
def test_all_of_it_arrives_in_its_place(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    offset: int,
    before: int,
    count: int,
    kernel: str,
) -> None:
    calls = []
    real = getattr(os, "copy_file_range", None)
    if real is None:
        pytest.skip("this system has no copy between files of its own")

    def instead(*given: int) -> int:
        calls.append(given)
        if kernel == "refuses" or len(calls) > 1:
            raise OSError(errno.EXDEV, "not between these two")
        done = real(given[0], given[1], min(given[2], 100_000), *given[3:])
        assert isinstance(done, int)
        return done

    if kernel in ("refuses", "breaks off"):
        monkeypatch.setattr(os, "copy_file_range", instead)
    elif kernel == "has no such call":
        monkeypatch.delattr(os, "copy_file_range")
    wanted = b"." * before + DATA[offset : offset + count] + b"after"
    assert copied(tmp_path, offset, count, before) == wanted
    aligned = (offset - before) % 4096 == 0 and count > 524_288
    assert bool(calls) == (aligned and kernel in ("refuses", "breaks off"))


@pytest.mark.parametrize("before", [0, 3])
def test_a_source_that_ends_early_is_an_error(tmp_path: Path, before: int) -> None:
    with pytest.raises(ValueError, match="ends early"):
        copied(tmp_path, 8192, len(DATA), before)


def test_what_is_in_memory_is_copied_as_well() -> None:
    target = io.BytesIO()
    copy_span(io.BytesIO(DATA), target, 10, 1_000_000)
    assert target.getvalue() == DATA[10:1_000_010]
