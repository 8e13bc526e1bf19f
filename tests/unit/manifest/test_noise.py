"""Damaged manifests of every format end in ManifestError or load; nothing else ever comes out."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.errors import ManifestError
from publisher.manifest.load import load_manifest

GOOD = {
    "r.yaml": b"release: r\ndefaults: &d {style: photo, channels: {alamy: {title: T}}}\nassets:\n"
    b"  - {id: a, file: m.png, keywords: [x, y], editorial: {city: P}, depicts: {brands: [N]}}\n"
    b"  - id: b\n    file: m.png\n    <<: *d\nbundles:\n  - {id: c, title: C, assets: [a, b]}\n",
    "r.json": b'{"release": "r", "defaults": {"provenance": {"class": "human"}}, "assets": [{"id":'
    b' "a", "file": "m.png", "offer": {"currency": "EUR", "variants": [{"id": "s", "title": "S",'
    b' "price": 1.50}]}, "channels": {"alamy": null}, "releases": [{"kind": "model"}]}]}',
    "r.jsonl": b'{"release": "r"}\n{"id": "a", "file": "m.png", "created": "2026-01-01"}\n'
    b'{"bundle": {"id": "b", "title": "B", "assets": ["a"]}}\n{"waiver": {"item": "a"}}\n',
    "r.csv": b"kind,id,file,title,keywords,offer.currency,offer.variants,editorial,editorial.city\n"
    b'asset,a,m.png,"x, ""y""",a;b,EUR,s|S|1.50;t|T|2,,P\nbundle,b,,B,,,,,\n',
}
PIECES = st.sampled_from(
    [b"", b"\n", b": ", b"- ", b"{", b"}", b"[", b"]", b'"', b"'", b"&a ", b"*a", b"<<: ", b"~", b"null",
     b"!!x ", b"\x00", b"\xff", b"\xef\xbb\xbf", b",", b";", b"|", b"\\", b"\\u0000", b"1e99", b"-1",
     b"channels: ", b"? ", b"%", b"---\n", b"true", b"\r", b"\t", b"\xe2\x80\xa8", b'"a": {}, ']
)  # fmt: skip
EDITS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12), PIECES), min_size=1, max_size=4)


@pytest.mark.parametrize("name", sorted(GOOD))
@settings(max_examples=80, deadline=None)
@given(edits=EDITS)
def test_noise(name: str, edits: list[tuple[float, int, bytes]]) -> None:
    data = GOOD[name]
    for where, cut, piece in edits:
        at = int(where * len(data))
        data = data[:at] + piece + data[at + cut :]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        (path.parent / "m.png").write_bytes(b"x")
        path.write_bytes(data)
        try:
            load_manifest(path, path.parent, ("alamy",))
        except ManifestError as error:
            lines = data.replace(b"\r", b"\n").count(b"\n") + data.count(b"\xe2\x80\xa8") + 1
            assert error.problems
            for problem in error.problems:
                assert 1 <= int(problem.split(":")[1]) <= lines, problem
