"""A manifest with many mistakes names every one of them, each with its line, in words."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from publisher.errors import ManifestError
from publisher.manifest.load import LoadedManifest, load_release

Load = Callable[..., LoadedManifest]
Fail = Callable[..., list[str]]


THIRTY = """\
release: bad name!
relaese: x
defaults:
  creatr: Ana
  country: pt
  provenance: {class: ai}
assets:
  - id: glass-001
    file: masters/a.png
    titel: Frozen
    provenance: {class: human}
    country: PT
  - id: glass-001
    file: masters/x.png
    provenance: {class: human}
    country: PT
    offer:
      currency: euro
      variants:
        - {id: a, title: b, price: abc}
        - {id: a, price: 1.00}
        - {id: a, title: t, price: -1}
        - {id: a, title: t, price: 1.23456}
  - id: g 3
    file: ../x.png
    provenance:
      class: human
      edit_share: 50%
    country: PT
    keywords: glass, dunes
    editorial: perhaps
    created: 31.12.2026
    style: fotoo
    depicts:
      people: some
      brands: 5
      text: vielleicht
  - file: masters
    title: [a]
  - id: x5
    file: C:\\x.png
    channels:
      adobe: {category: 8}
      alamy: {categry: 8}
  - just text
bundles:
  - id: b1
    title: B
    assets: [glass-01, x5]
    content: all
  - id: b2
    title: B
    assets: []
waivers:
  - {item: x9, account: alamy, rule: r, reason: because, until: 2026-02-30}
"""
EXPECTED = [
    (1, "release: 'bad name!' is not a usable name"),
    (2, "unknown key 'relaese', did you mean 'release'?"),
    (4, "defaults: unknown key 'creatr', did you mean 'creator'?"),
    (5, "defaults: country: 'pt' is not a country code"),
    (6, "defaults: provenance.class: 'ai' is not one of human, ai-edited, ai-generated"),
    (10, "assets[0] 'glass-001': unknown key 'titel', did you mean 'title'?"),
    (13, "assets[1] 'glass-001': duplicate id 'glass-001', first used in line 8"),
    (14, "assets[1] 'glass-001': file 'masters/x.png' does not exist"),
    (18, "assets[1] 'glass-001': offer.currency: 'euro' is not a currency"),
    (20, "assets[1] 'glass-001': offer.variants[0].price: 'abc' is not a number"),
    (21, "assets[1] 'glass-001': offer.variants[1]: 'title' is missing"),
    (22, "assets[1] 'glass-001': offer.variants[2].price: '-1' must not be below 0"),
    (23, "assets[1] 'glass-001': offer.variants[3].price: '1.23456' has more than 4 decimals"),
    (24, "assets[2] 'g 3': id: 'g 3' is not a usable id"),
    (25, "assets[2] 'g 3': file '../x.png' is outside the project"),
    (28, "assets[2] 'g 3': provenance.edit_share: '50%' is not a number"),
    (30, "assets[2] 'g 3': keywords: 'glass, dunes' must be a list"),
    (31, "assets[2] 'g 3': editorial: 'perhaps' must be true, false or a mapping"),
    (32, "assets[2] 'g 3': created: '31.12.2026' is not a date"),
    (33, "assets[2] 'g 3': style: 'fotoo' is not one of photo,"),
    (35, "assets[2] 'g 3': depicts.people: 'some' is not one of none, fictional, real"),
    (36, "assets[2] 'g 3': depicts.brands: '5' must be 'none' or a list of names"),
    (37, "assets[2] 'g 3': depicts.text: 'vielleicht' is neither true nor false"),
    (38, "assets[3]: 'id' is missing"),
    (38, "assets[3]: file 'masters' is a folder, an image is needed"),
    (39, "assets[3]: title: must be text, not a list"),
    (41, "assets[4] 'x5': file 'C:\\x.png' is outside the project"),
    (43, "assets[4] 'x5': unknown account 'adobe', known accounts: adobe-stock, alamy, shop-eu"),
    (44, "assets[4] 'x5': channels.alamy: unknown key 'categry', did you mean 'category'?"),
    (45, "assets[5]: 'just text' must be a mapping with keys"),
    (49, "bundles[0] 'b1': there is no asset 'glass-01', did you mean 'glass-001'?"),
    (50, "bundles[0] 'b1': content: 'all' is not one of masters, renditions"),
    (53, "bundles[1] 'b2': assets: must have at least 1 entry"),
    (55, "waivers[0]: there is no item 'x9'"),
    (55, "waivers[0]: until: '2026-02-30' is not a date"),
]


def test_every_mistake_is_named_once_with_its_line(fail: Fail) -> None:
    problems = fail(THIRTY)
    found = sorted((int(p.split(":")[1]), p.split(": ", 1)[1]) for p in problems)
    assert len(EXPECTED) >= 30
    for (line, start), (got_line, got) in zip(sorted(EXPECTED), found, strict=True):
        assert (got_line, got[: len(start)]) == (line, start)


def test_problems_are_ordered_and_speak_no_jargon(fail: Fail) -> None:
    problems = fail(THIRTY)
    lines = [int(p.split(":")[1]) for p in problems]
    assert lines == sorted(lines)
    for word in ("Input should", "pydantic", "validation", "type=", "tuple", "dict", "NoneType"):
        assert not any(word in p for p in problems), word


@pytest.mark.parametrize("name", ["release.json", "release.jsonl", "release.csv"])
def test_the_other_formats_know_their_lines(fail: Fail, name: str) -> None:
    texts = {
        "release.json": '{"release": "r",\n "assets": [\n  {"id": "a", "file": "masters/a.png"},\n'
        '  {"id": "b",\n   "file": "masters/b.png",\n   "titel": "x"},\n  {"file":\n "no.png"}]}',
        "release.jsonl": '{"release": "r"}\n{"id": "a", "file": "masters/a.png"}\n\n\n{"id": "b"\n'
        '{"id": "b", "file": "masters/b.png", "titel": "x"}\n{"file": "no.png"}\n',
        "release.csv": "id,file,title,channels.adobe-stock.category,editorial\n"
        'a,masters/a.png,"two\nlines",8,\n\nb,masters/b.png,t,8,maybe\n,no.png,,,\n',
    }
    starts = {
        "release.json": [(6, "assets[1] 'b': unknown key 'titel'"), (7, "assets[2]: 'id' is mis"),
                         (7, "assets[2]: file 'no.png' does not exist")],
        "release.jsonl": [(5, "is not valid JSON here"),
                          (6, "assets[1] 'b': unknown key 'titel'"), (7, "assets[2]: 'id' is mis"),
                          (7, "assets[2]: file 'no.png' does not exist")],
        "release.csv": [(5, "assets[1] 'b': editorial: 'maybe'"), (6, "assets[2]: 'id' is missing"),
                        (6, "assets[2]: file 'no.png' does not exist")],
    }  # fmt: skip
    found = sorted((int(p.split(":")[1]), p.split(": ", 1)[1]) for p in fail(texts[name], name))
    for (line, start), (got_line, got) in zip(sorted(starts[name]), found, strict=True):
        assert (got_line, got[: len(start)]) == (line, start)


def test_ids_and_members_are_checked_across_all_manifests(project: Path) -> None:
    one, two = project / "one.json", project / "two.yaml"
    one.write_text(json.dumps({"release": "r", "assets": [{"id": "a", "file": "masters/a.png"}]}))
    two.write_text(
        "release: r\nassets:\n  - {id: a, file: masters/b.png}\n"
        "bundles:\n  - {id: b, title: B, assets: [a, z]}\n"
    )
    with pytest.raises(ManifestError) as caught:
        load_release([one, two], project, None)
    assert list(caught.value.problems) == [
        "two.yaml:3: assets[0] 'a': duplicate id 'a', first used in one.json line 1",
        "two.yaml:5: bundles[0] 'b': there is no asset 'z'",
    ]
    two.write_text("release: s\nbundles:\n  - {id: b, title: B, assets: [a]}\n")
    assert [m.manifest.release for m in load_release([one, two], project)] == ["r", "s"]


def test_a_mistake_of_the_defaults_is_named_once(fail: Fail) -> None:
    assets = "".join(f"  - {{id: x{i}, file: masters/a.png}}\n" for i in range(50))
    text = f"release: r\ndefaults:\n  style: foto-art\n  depicts: {{people: x}}\nassets:\n{assets}"
    assert len(fail(text)) == 2


def test_without_accounts_their_names_are_not_checked(load: Load) -> None:
    text = "release: r\nassets:\n  - {id: a, file: masters/a.png, channels: {nowhere: {}}}\n"
    assert "nowhere" in load(text, accounts=None).manifest.assets[0].channels


@pytest.mark.parametrize(
    ("text", "name", "start"),
    [
        ("", "r.yaml", "r.yaml:1: the manifest is empty"),
        ("# nothing\n", "r.yaml", "r.yaml:1: the manifest is empty"),
        ("", "r.json", "r.json:1: the manifest is empty"),
        ("\n\n", "r.jsonl", "r.jsonl:1: the manifest is empty"),
        ("", "r.csv", "r.csv:1: the manifest is empty"),
        ("release: r\n", "r.yaml", "r.yaml:1: there are no assets and no bundles"),
        ("release: r\nassets: []\n", "r.yaml", "r.yaml:1: there are no assets and no bundles"),
        ("assets:\n  - {id: a, file: masters/a.png}\n", "r.yaml", "r.yaml:1: 'release' is missing"),
        ("- a\n", "r.yaml", "r.yaml:1: a manifest is a mapping"),
        ("release: r\nassets: {a: b}\n", "r.yaml", "r.yaml:2: assets: must be a list"),
        ("release: r\nassets:\n\t- a\n", "r.yaml", "r.yaml:3: is not valid YAML here"),
        ("release: r\ntitle: a: b\n", "r.yaml", "r.yaml:2: is not valid YAML here"),
        ("a: 1\n---\nb: 1\n", "r.yaml", "r.yaml:2: a second document"),
        ('{"release": "r",\n "a": 1,\n}', "r.json", "r.json:3: is not valid JSON here"),
        ('{"release":\n "r"', "r.json", "r.json:2: is not valid JSON here"),
        ('{"release": NaN}', "r.json", "r.json:1: is not valid JSON here"),
        ('{"a": 1, "a": 2}', "r.json", "r.json:1: key 'a' appears twice, first in line 1"),
        ('{"id": "a", "id": "b"}', "r.jsonl", "r.jsonl:1: key 'id' appears twice"),
        ("release: r\nrelease: s\n", "r.yaml", "r.yaml:2: key 'release' appears twice, first in"),
        ("id,file,titel\na,b,c\n", "r.csv", "r.csv:1: unknown column 'titel', did you mean 'title'?"),
        ("id,file,id\na,b,c\n", "r.csv", "r.csv:1: column 'id' appears twice"),
        ('id,file\n"a"b,c\n', "r.csv", "r.csv:2: is not valid CSV here"),
        ("id,file\na,masters/a.png,9,9\n", "r.csv", "r.csv:2: this row has 4 cells"),
        ("kind,id\nbundel,a\n", "r.csv", "r.csv:2: unknown kind 'bundel', did you mean 'bundle'?"),
        (b"release: \xff\n", "r.yaml", "r.yaml:1: this line holds bytes that are not UTF-8"),
        (b"{}\n{\"id\": \"\xe9\"}\n", "r.jsonl", "r.jsonl:1: "),
        ("release: r".encode("utf-16"), "r.yaml", "r.yaml:1: the file is UTF-16 text"),
        ("x", "r.txt", "r.txt:1: unknown kind of manifest '.txt'"),
    ],
)  # fmt: skip
def test_what_cannot_be_read(fail: Fail, text: str | bytes, name: str, start: str) -> None:
    assert any(p.startswith(start) for p in fail(text, name)), fail(text, name)
