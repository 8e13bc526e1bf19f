"""Create-a-Product links: ids, names, encodings and the declared host, checked before anybody follows one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.links import Adapter
from channels.links.addresses import Design, Seller, create_link, preview_link, template_problem
from publisher.channel import Context
from publisher.discovery import load_row
from publisher.errors import ConfigError, Rejected
from publisher.listing import Listing, Status

SELLER = Seller("238123456789012345", "238123456789012346", ("example.com",))
DESIGN = Design(
    "https://cdn.example.com/a%20b.jpg?x=1&y=2", "glass_001", texts={"text1": "Ice & <b>"}
)
MUG = "168123456789012345"


def test_a_link_says_what_the_guide_says() -> None:
    link = create_link(SELLER, MUG, DESIGN)
    parts = urlsplit(link)
    assert (parts.netloc, parts.path) == ("www.zazzle.com", f"/api/create/at-{SELLER.account}")
    assert parse_qs(parts.query) == {
        "rf": [SELLER.associate],
        "ax": ["Linkover"],
        "pd": [MUG],
        "ed": ["true"],
        "tc": ["glass_001"],
        "ic": ["glass_001"],
        "t_image1_iid": [DESIGN.picture],
        "t_text1_txt": ["Ice & <b>"],
    }
    assert "t_image1_iid=https%3A%2F%2Fcdn.example.com%2Fa%2520b.jpg%3Fx%3D1%26y%3D2" in link


def test_a_preview_has_other_names_and_no_frame() -> None:
    query = parse_qs(urlsplit(preview_link(SELLER, MUG, DESIGN)).query)
    assert query["pid"] == [MUG] and query["t_image1_url"] == [DESIGN.picture]
    assert query["max_dim"] == ["600"] and "pd" not in query and "t_image1_iid" not in query
    with pytest.raises(ValueError, match="10 to 2212"):
        preview_link(SELLER, MUG, DESIGN, 3000)


@given(st.text(min_size=1, max_size=80))
def test_any_text_comes_through_whole(text: str) -> None:
    design = Design(DESIGN.picture, "c", texts={"t": text})
    link = create_link(SELLER, MUG, design)
    assert link.isascii() and parse_qs(urlsplit(link).query, keep_blank_values=True)["t_t_txt"] == [
        text
    ]


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        ("https://other.example/a.jpg", "was not declared"),
        ("https://notexample.com/a.jpg", "was not declared"),
        ("file:///a.jpg", "not a public address"),
        ("a.jpg", "not a public address"),
        ("https://me:pw@example.com/a.jpg", "holds a login"),
        ("https://example.com/a b.jpg", "must be encoded"),
        ("https://example.com/ü.jpg", "must be encoded"),
    ],
)
def test_a_picture_that_would_not_load_is_refused(picture: str, words: str) -> None:
    assert any(words in p for p in Design(picture, "c").problems(SELLER.hosts))


def test_ids_and_names() -> None:
    assert SELLER.problems() == [] and DESIGN.problems(SELLER.hosts) == []
    assert len(Seller("23", "x", ("https://a",)).problems()) == 3
    assert template_problem(MUG) == "" and template_problem("mug")
    assert Design(DESIGN.picture, "a-b").problems(SELLER.hosts)
    assert Design(DESIGN.picture, "c", object="1x").problems(SELLER.hosts)


def context(folder: Path, **options: Any) -> Context:
    given = {
        "account_id": SELLER.account,
        "associate_id": SELLER.associate,
        "hosts": ["example.com"],
        "templates": {"mug": MUG, "poster": "228123456789012345"},
        **options,
    }
    return Context(
        account="links", row=load_row("zazzle-links"), settings=None, release="r", project=folder,
        outbox=folder / "outbox", now=lambda: None, render=lambda _n, _v: "", options=given,  # type: ignore[arg-type,return-value]
    )  # fmt: skip


def test_links_are_a_file_of_the_outbox(tmp_path: Path) -> None:
    session = Adapter(load_row("zazzle-links")).session(context(tmp_path))
    assert session.check().notes == ("links for mug, poster",)
    fields = {"title": "<b>Ice</b>", "image_url": DESIGN.picture, "products": ("mug",)}
    listing = Listing("glass-001", "links", "glass_001", fields)
    receipt = session.create(listing, (), "glass_001")
    assert receipt.remote.status is Status.PREPARED and "where buyers find them" in receipt.tasks[0]
    folder = tmp_path / "outbox" / "glass_001"
    assert [x["product"] for x in json.loads((folder / "links.json").read_text())] == ["mug"]
    page = (folder / "links.html").read_text()
    assert "<b>Ice" not in page and "&lt;b&gt;Ice" in page
    found = session.find("glass_001")
    assert found is not None and found.fields["products"] == ("mug",)
    session.withdraw(found)
    assert session.find("glass_001") is None


def test_wrong_options_and_unknown_products_are_named(tmp_path: Path) -> None:
    session = Adapter(load_row("zazzle-links")).session(
        context(tmp_path, account_id="1", hosts=[], templates={})
    )
    with pytest.raises(ConfigError) as caught:
        session.check()
    assert len(caught.value.problems) == 3
    whole = Adapter(load_row("zazzle-links")).session(context(tmp_path))
    fields = {"title": "T", "image_url": DESIGN.picture, "products": ("sofa",)}
    with pytest.raises(Rejected, match="no template for sofa"):
        whole.create(Listing("i", "links", "i", fields), (), "i")
