"""What a manifest means once it is loaded, and what a hostile one cannot do."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from publisher.manifest.load import LoadedManifest
from publisher.manifest.model import Asset, Depicted, Style

Load = Callable[..., LoadedManifest]
Fail = Callable[..., list[str]]


def asset(load: Load, body: str, defaults: str = "{}") -> Asset:
    text = f"release: r\ndefaults: {defaults}\nassets:\n  - {{id: a, file: masters/a.png{body}}}\n"
    return load(text).manifest.assets[0]


def test_text_stays_text(load: Load) -> None:
    got = asset(load, ", title: No, keywords: [yes, 2024, 1.10, 0x1F, 2026-01-01], country: NO")
    assert got.title == "No"
    assert got.keywords == ("yes", "2024", "1.10", "0x1F", "2026-01-01")
    assert got.country == "NO"
    assert asset(load, ", title: !!str null").title == "null"
    assert asset(load, ", title: ~").title is None


def test_a_category_is_a_number_however_it_is_quoted(load: Load) -> None:
    for spelling in ("8", "'8'"):
        got = asset(load, f", channels: {{alamy: {{category: {spelling}}}}}")
        assert got.channels["alamy"].category == 8
    assert asset(load, ", channels: {alamy: {category: 08}}").channels["alamy"].category == "08"


DEFAULTS = (
    "{creator: Ana, keywords: [x], style: photo, provenance: {class: human, system: S},"
    " depicts: {people: none, brands: none}, offer: {currency: EUR, variants:"
    " [{id: a, title: A, price: 1}]}, channels: {alamy: {category: 8, fields: {k: v}},"
    " shop-eu: {publish: false}}}"
)


def test_defaults_are_taken_over_and_merged_key_by_key(load: Load) -> None:
    got = asset(
        load,
        ", keywords: [y], depicts: {people: real}, provenance: {system: T},"
        " channels: {alamy: {title: Z, fields: {m: n}}}",
        DEFAULTS,
    )
    assert (got.creator, got.keywords, got.style) == ("Ana", ("y",), Style.PHOTO)
    assert (got.depicts.people, got.depicts.brands) == (Depicted.REAL, "none")
    assert got.provenance is not None
    assert (got.provenance.class_.value, got.provenance.system) == ("human", "T")
    alamy = got.channels["alamy"]
    assert (alamy.title, alamy.category, alamy.fields) == ("Z", 8, {"k": "v", "m": "n"})
    assert got.channels["shop-eu"].publish is False


def test_null_clears_a_default_and_absent_does_not_touch_it(load: Load) -> None:
    got = asset(
        load,
        ", creator: null, keywords: null, provenance: ~, depicts: {brands: null},"
        " offer: null, channels: {alamy: null}",
        DEFAULTS,
    )
    assert (got.creator, got.keywords, got.provenance, got.offer) == (None, (), None, None)
    assert (got.depicts.people, got.depicts.brands) == (Depicted.NONE, None)
    assert got.channels["alamy"].category is None
    assert got.channels["shop-eu"].publish is False
    assert {"creator", "keywords", "offer"} <= got.model_fields_set
    bare = asset(load, "")
    assert not {"creator", "keywords", "offer", "title"} & bare.model_fields_set


def test_repeated_keywords_are_dropped_with_a_notice(load: Load) -> None:
    loaded = load(
        "release: r\nassets:\n  - id: a\n    file: masters/a.png\n    keywords:\n"
        "      - Glass\n      - dunes\n      - glass\n      - ''\n"
        "    channels: {alamy: {keywords: [x, X]}}\n"
    )
    got = loaded.manifest.assets[0]
    assert got.keywords == ("Glass", "dunes")
    assert got.channels["alamy"].keywords == ("x",)
    assert [(n.line, n.item) for n in loaded.notices] == [(8, "a"), (9, "a"), (10, "a")]


def test_lines_of_items_and_fields(load: Load) -> None:
    loaded = load(
        "release: r\ndefaults:\n  creator: Ana\nassets:\n  - id: a\n    file: masters/a.png\n"
        "    offer:\n      currency: EUR\n      variants:\n        - {id: s, title: S, price: 1}\n"
    )
    assert loaded.lines == {"a": 5}
    wanted = {"": 5, "title": 5, "file": 6, "offer.currency": 8, "offer.variants[0].price": 9,
              "offer.other": 7, "creator": 3}  # fmt: skip
    assert {name: loaded.line_of("a", name) for name in wanted} == wanted
    assert loaded.line_of("nobody") == 0


def test_a_byte_order_mark_and_windows_line_ends_are_fine(load: Load) -> None:
    yaml = "\ufeffrelease: r\r\nassets:\r\n  - id: a\r\n    file: masters/a.png\r\n"
    assert load(yaml.encode()).lines == {"a": 3}
    table = '\ufeffsep=;\r\nid;file;title\r\na;masters/a.png;"x\r\ny"\r\nb;masters/b.png;z\r\n'
    loaded = load(table.encode(), "spring 2026.csv")
    assert loaded.lines == {"a": 3, "b": 5}
    assert loaded.manifest.release == "spring-2026"
    assert loaded.manifest.assets[0].title == "x\ny"


def test_csv_takes_commas_in_keywords_and_tabs_between_cells(load: Load) -> None:
    loaded = load("id\tfile\tkeywords\na\tmasters/a.png\tone, two\nb\tmasters/b.png\tone, two;\n",
                  "r.csv")  # fmt: skip
    assert [a.keywords for a in loaded.manifest.assets] == [("one", "two"), ("one, two",)]


def test_aliases_and_merge_keys(load: Load) -> None:
    loaded = load(
        "release: r\nassets:\n"
        "  - &base {id: a, file: masters/a.png, title: T, keywords: &words [x, y]}\n"
        "  - {<<: *base, id: b}\n  - {id: c, file: masters/c.png, keywords: *words}\n"
    )
    assert [(a.id, a.title, a.keywords) for a in loaded.manifest.assets] == [
        ("a", "T", ("x", "y")), ("b", "T", ("x", "y")), ("c", None, ("x", "y"))]  # fmt: skip


@pytest.mark.parametrize("place", ["keywords: *i", "channels: *i", "title: *i", "<<: *i"])
def test_a_thousand_million_laughs_are_refused_at_once(fail: Fail, place: str) -> None:
    bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{n}: &{n} [{','.join([f'*{p}'] * 10)}]\n"
        for p, n in zip("abcdefgh", "bcdefghi", strict=True)
    )
    start = time.process_time()
    problems = fail(f"{bomb}release: r\nassets:\n  - {{id: a, file: masters/a.png, {place}}}\n")
    assert any("expand to far too much" in p for p in problems)
    assert time.process_time() - start < 5
    assert sum(map(len, problems)) < 5000


@pytest.mark.parametrize(
    "tag",
    ["!!python/object/apply:os.system ['true']", "!!binary aGk=", "!mine x", "!!set {a, b}"],
)
def test_tags_make_no_objects(fail: Fail, tag: str) -> None:
    problems = fail(f"release: r\nassets:\n  - id: a\n    file: masters/a.png\n    title: {tag}\n")
    assert any(p.startswith("release.yaml:5: the tag") for p in problems)


def test_deep_nesting_and_loops_are_refused(fail: Fail) -> None:
    deep = 100_000
    assert "levels deep" in fail("[" * deep, "r.yaml")[0]
    assert "levels deep" in fail("[" * deep, "r.json")[0]
    assert "levels deep" in fail("[" * deep + "\n", "r.jsonl")[0]
    assert "levels deep" in fail('{"a":' * deep, "r.jsonl")[0]
    assert "refers to itself" in fail("release: r\nassets: &a [*a]\n")[0]
    assert "cannot be a key" in fail("release: r\n? [a, b]\n: c\n")[0]
    assert "control characters" in fail('{"id": "a\\u0000"}\n', "r.jsonl")[0]
    assert "control characters" in fail('{"release": "\\ud800"}', "r.json")[0]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("../a.png", "outside the project"),
        ("masters/../../x.png", "outside the project"),
        ("/etc/hostname", "outside the project"),
        ("~/a.png", "outside the project"),
        ("C:/a.png", "outside the project"),
        (r"C:\a.png", "outside the project"),
        (r"\\server\share\a.png", "outside the project"),
        ("//server/share/a.png", "outside the project"),
        (r"masters\a.png", "write '/' between folders"),
        ("https://example.org/a.png", "is an address"),
        ("s3://bucket/a.png", "is an address"),
        ("leak.png", "link to a place outside the project"),
        ("out/secret.png", "outside the project"),
        ("dangling.png", "link to a file that does not exist"),
        ("masters/A.png", "did you mean 'masters/a.png'?"),
        ("masters/a.png/b", "does not exist"),
        ("masters", "is a folder"),
        ("masters/", "is a folder"),
        ("out/..", "is a folder"),
        (".", "is a folder"),
        ("empty.png", "is empty"),
        ("pipe", "is not a regular file"),
        ("", "the file name is empty"),
        ("x" * 5000, "cannot be read"),
    ],
)
def test_files_that_cannot_be_used(
    fail: Fail, project: Path, tmp_path_factory: pytest.TempPathFactory, name: str, words: str
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret.png").write_bytes(b"x")
    (project / "leak.png").symlink_to(outside / "secret.png")
    (project / "out").symlink_to(outside)
    (project / "dangling.png").symlink_to(project / "nothing.png")
    (project / "empty.png").touch()
    os.mkfifo(project / "pipe")
    problems = fail(f"release: r\nassets:\n  - {{id: a, file: '{name}'}}\n")
    assert len(problems) == 1
    assert problems[0].startswith("release.yaml:3: assets[0] 'a': ")
    assert words in problems[0]


def test_links_that_stay_inside_and_detours_are_fine(load: Load, project: Path) -> None:
    (project / "link.png").symlink_to("masters/a.png")
    (project / "folder").symlink_to("masters")
    for name in ("link.png", "folder/a.png", "./masters/a.png", "masters/../masters/a.png"):
        assert load(f"release: r\nassets:\n  - {{id: a, file: '{name}'}}\n").lines == {"a": 3}


def test_an_unreadable_master_is_named(fail: Fail, project: Path) -> None:
    master = project / "masters" / "a.png"
    master.chmod(0)
    if os.access(master, os.R_OK):
        pytest.skip("this user may read every file, whatever its permissions")
    assert "permissions" in fail("release: r\nassets:\n  - {id: a, file: masters/a.png}\n")[0]
