"""Templates: escaping by kind, the sandbox, and the pages made with them, with hostile text everywhere."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.errors import ConfigError
from publisher.render import (
    byte_size,
    environment,
    fenced,
    markdown_text,
    page_link,
    render_text,
    web_link,
)
from tests.preview_sample import HOSTILE

BUNDLE = {
    "title": HOSTILE,
    "description": HOSTILE,
    "creator": HOSTILE,
    "copyright": HOSTILE,
    "price": HOSTILE,
    "updated": HOSTILE,
    "keywords": [HOSTILE],
    "images": [{"name": "a.jpg", "alt": HOSTILE}, {"name": "javascript:alert(1)", "alt": ""}],
    "files": [{"name": HOSTILE, "size": 1234, "width": 10, "height": 20}],
    "archive": {"name": HOSTILE, "size": 5_000_000, "sha256": "ab" * 32},
    "download": "javascript:alert(1)",
    "licence": {"name": HOSTILE, "file": "data:text/html,x"},
    "count": 1,
    "ai": [{"class": "ai-generated", "system": HOSTILE, "version": HOSTILE, "count": 1}],
}
HANDOFF = {
    "channel": HOSTILE,
    "page": "javascript:alert(1)",
    "item": HOSTILE,
    "files": [{"name": HOSTILE, "size": 12, "sha256": "cd" * 32}],
    "fields": {HOSTILE: HOSTILE, "keywords": [HOSTILE, "b"], "mature": False, "note": None},
    "declarations": [{"name": HOSTILE, "mechanism": HOSTILE, "value": HOSTILE}],
    "tasks": [HOSTILE],
}
GONE = {"title": HOSTILE, "creator": HOSTILE, "message": HOSTILE, "link": "javascript:x"}
PAGES = [("bundle.html.j2", BUNDLE), ("handoff.html.j2", HANDOFF), ("gone.html.j2", GONE)]


class Tags(HTMLParser):
    """Collects every tag and attribute of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def assert_harmless(page: str) -> None:
    """No script, no handler, no inline style, no address but http, https or a relative one; a strict policy."""
    tags = Tags(page).tags
    assert "script" not in {t for t, _ in tags}
    for tag, attributes in tags:
        assert not [a for a in attributes if a.startswith("on") or a == "style"], (tag, attributes)
        for name in ("href", "src"):
            value = attributes.get(name)
            assert value is None or not re.match(r"(?!https?:)[a-z]+:", value), (tag, value)
    policies = [a["content"] for t, a in tags if t == "meta" and "http-equiv" in a]
    assert len(policies) == 1
    policy = policies[0]
    assert policy is not None
    assert policy.startswith("default-src 'none'; img-src 'self'")
    assert "unsafe" not in policy
    css = page.split("<style>", 1)[1].split("</style>", 1)[0]
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy


@pytest.mark.parametrize(("name", "variables"), PAGES)
def test_pages_escape_hostile_text(name: str, variables: dict[str, object]) -> None:
    page = render_text(name, variables)
    assert HOSTILE not in page
    assert "&lt;script&gt;" in page
    assert_harmless(page)


def test_hostile_addresses_are_no_links() -> None:
    tags = Tags(render_text("bundle.html.j2", BUNDLE)).tags
    assert [a["href"] for t, a in tags if t == "a"] == ["#main"]
    assert [a["src"] for t, a in tags if t == "img"] == ["a.jpg"]


def test_plain_texts_are_not_escaped_and_stay_on_their_line() -> None:
    text = render_text(
        "bundle-licence.txt.j2",
        {
            "title": "A & B\nFILES\n- fake.exe",
            "creator": "",
            "copyright": "",
            "licence": "standard",
            "files": ["a.png"],
        },
    )
    assert text.splitlines()[0] == "A & B FILES - fake.exe"
    assert "STANDARD LICENCE" in text
    assert text.endswith("FILES\n- a.png\n")


def test_the_disclosure_names_system_and_source_type() -> None:
    member = {
        "name": "a.png",
        "title": "Dunes",
        "class": "ai-generated",
        "system": "Maker",
        "version": "7",
        "digital_source_type": "http://cv.iptc.org/x",
    }
    text = render_text("ai-disclosure.txt.j2", {"title": "Pack", "members": [member]})
    assert "Maker 7" in text
    assert "generated with an AI system" in text
    assert "http://cv.iptc.org/x" in text


def test_markdown_of_the_handoff_keeps_texts_to_paste_exact() -> None:
    fields = {"title": "A ``` fence\n# and <b>tags</b>"}
    text = render_text("handoff.md.j2", {**HANDOFF, "fields": fields})
    assert "````text\nA ``` fence\n# and <b>tags</b>\n````" in text
    assert "javascript:alert(1)>" not in text
    assert "\n- [ ] \\<script\\>" in text


def test_a_missing_variable_is_an_error_with_the_template_named() -> None:
    with pytest.raises(ConfigError, match="gone") as caught:
        render_text("gone.html.j2", {"title": "x"})
    assert "'creator' is undefined" in caught.value.sentence
    assert caught.value.remedy


@pytest.mark.parametrize("name", ["../pyproject.toml", "a/../../x", "/etc/passwd", "none.j2", ""])
def test_templates_come_from_their_folders_only(name: str) -> None:
    with pytest.raises(ConfigError, match="no template"):
        render_text(name, {})


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "templates").mkdir()
    (tmp_path / "secret.txt").write_text("PASSWORD")
    return tmp_path


def put(project: Path, name: str, text: str) -> None:
    (project / "templates" / name).write_text(text, encoding="utf-8")


def test_a_project_template_wins_and_may_build_on_the_shipped_ones(project: Path) -> None:
    put(
        project, "gone.html.j2", '{% extends "base.html.j2" %}{% block main %}{{ x }}{% endblock %}'
    )
    page = render_text("gone.html.j2", {"x": "<b>"}, project=project)
    assert "&lt;b&gt;" in page
    assert_harmless(page)
    assert "No longer available" in render_text("gone.html.j2", GONE)


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ x.__init__.__globals__ }}",
        "{{ ''|attr('__class__') }}",
        "{{ style.func.__globals__ }}",
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{{ '{0.__class__}'.format(x) }}",
        "{% include '../secret.txt' %}",
        "{% include 'link.txt' %}",
        "{{ style('../secret.txt').css }}",
        "{{ 'a' * 10 ** 9 }}",
        "{{ 10 ** 10 ** 10 }}",
        "{% for i in range(10 ** 9) %}{% endfor %}",
        "{{ 1 / 0 }}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{{ x.append(1) }}",
        "{% nonsense",
    ],
)
def test_a_hostile_template_gets_nothing(project: Path, text: str) -> None:
    (project / "templates" / "link.txt").symlink_to(project / "secret.txt")
    put(project, "evil.txt.j2", text)
    with pytest.raises(ConfigError) as caught:
        render_text("evil.txt.j2", {"x": [1]}, project=project)
    assert "PASSWORD" not in caught.value.sentence + caught.value.detail


def test_objects_reach_a_template_as_plain_values_only(project: Path) -> None:
    put(project, "path.txt.j2", "{{ p }} {{ p.read_text is defined }}")
    text = render_text("path.txt.j2", {"p": project / "secret.txt"}, project=project)
    assert text == f"{(project / 'secret.txt').as_posix()} False"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.html.j2", "&lt;"),
        ("a.xml.j2", "&lt;"),
        ("a.odd", "&lt;"),
        ("a.txt.j2", "<"),
        ("a.md", "<"),
    ],
)
def test_escaping_goes_by_the_kind_of_template(project: Path, name: str, expected: str) -> None:
    put(project, name, "{{ x }}")
    assert render_text(name, {"x": "<"}, project=project) == expected


@given(st.text())
def test_any_text_survives_escaping(text: str) -> None:
    shown = environment().from_string("{{ x }}").render(x=text)
    assert not re.search("[<>\"'\x00-\x08]", shown)
    shown.encode("utf-8", "strict")
    if text.isprintable():
        assert html.unescape(shown) == text


@given(st.text())
def test_a_fence_cannot_be_closed_from_inside(text: str) -> None:
    lines = fenced(text).split("\n")
    fence = lines[0].removesuffix("text")
    assert lines[-1] == fence
    assert not any(line.strip().startswith(fence) for line in lines[1:-1])


def test_small_filters() -> None:
    assert markdown_text("- [x](y)\n<b>") == "\\- \\[x\\](y) \\<b\\>"
    assert [byte_size(n) for n in (0, 999, 1000, 12_345_678, 10**12)] == [
        "0 bytes",
        "999 bytes",
        "1.0 kB",
        "12.3 MB",
        "1000 GB",
    ]
    assert web_link("https://example.com/a?b=1") and web_link("http://x")
    assert not any(map(web_link, ("javascript:1", "//x", "ftp://x", "https:", "http://[", "")))
    assert page_link("images/a b.jpg") and page_link("../files/a.jpg") and page_link("https://x/y")
    assert not any(map(page_link, ("/etc", "data:x", "JAVASCRIPT:alert(1)", "//x", "")))
