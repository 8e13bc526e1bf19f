"""Names under which files go out: links of the very bytes, and a mark of the contents where a site asks for one."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path

from channels.browser.accounts import facts_of, read_terms, values_for
from channels.browser.outgoing import under_their_names
from channels.browser.profile import load_profile
from publisher.discovery import load_row
from publisher.listing import File, Listing, Staged

DAY = dt.date(2026, 11, 26)


def _file(folder: Path, name: str, data: bytes) -> File:
    path = folder / name
    path.write_bytes(data)
    return File("image", name, path, len(data), hashlib.sha256(data).hexdigest())


def test_a_file_that_keeps_its_name_stays_where_it_is(tmp_path: Path) -> None:
    file = _file(tmp_path, "a.jpg", b"one")
    assert under_their_names([file], tmp_path / "out") == (file.path,)
    assert not (tmp_path / "out").exists()


def test_the_first_file_goes_out_under_another_name(tmp_path: Path) -> None:
    files = [_file(tmp_path, "a.jpg", b"one"), _file(tmp_path, "b.jpg", b"two")]
    first, second = under_their_names(files, tmp_path / "out", "mark_a.jpg")
    assert (first.name, second.name) == ("mark_a.jpg", "b.jpg")
    assert (first.read_bytes(), second.read_bytes()) == (b"one", b"two")
    assert first.samefile(files[0].path)
    # What went out before does not lie about.
    under_their_names(files[:1], tmp_path / "out", "other_a.jpg")
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["other_a.jpg"]


def test_zazzle_is_given_a_name_that_no_other_contents_have(tmp_path: Path) -> None:
    profile, row = load_profile("zazzle"), load_row("zazzle")
    terms = read_terms("acc", {"store": "glass", "product": "mug"}, row, DAY)
    fields = {"title": "Dunes", "description": "Of glass", "keywords": ("dunes",), "mature": False}
    long = "x" * 80 + ".jpg"
    seen = set()
    for data in (b"one", b"two"):
        file = _file(tmp_path, long, data)
        listing = Listing("a", "acc", "Dunes", fields)
        values = values_for(profile, facts_of(listing, (Staged(file),), terms, "en"))
        name = str(values[profile.file_named])
        assert name == f"{file.sha256[:8]}_{long}"
        assert values["image_alt"] == name[:50]
        seen.add(values["image_alt"])
    assert len(seen) == 2
    assert {load_profile(n).file_named for n in ("redbubble", "society6", "stock-portal")} == {""}
