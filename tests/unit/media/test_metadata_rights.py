"""Rights, releases and places of the manifest as they are embedded, and what a null keeps out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from media_samples import picture

from publisher.listing import Metadata
from publisher.manifest.load import load_manifest
from publisher.manifest.model import Asset
from publisher.media.metadata import xmp
from publisher.media.metadata.embed import embed
from publisher.media.metadata.read import read_metadata
from publisher.recipes import metadata_for
from publisher.rights import cleared_by, rights_of


def asset(**fields: Any) -> Asset:
    return Asset.model_validate({"id": "a", "file": "a.png", **fields})


def test_the_manifest_says_who_licenses_and_whether_machines_may_learn(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    (tmp_path / "r.yaml").write_text(
        "release: r\n"
        "defaults:\n"
        "  licensor: {name: Ana & Co, url: https://example.com/l, email: ana@example.com}\n"
        "  rights_url: https://example.com/r\n"
        "  data_mining: no-ai-training\n"
        "assets:\n"
        "  - id: a\n    file: a.png\n    location: {city: Malmö, state: Skåne, place: Västra hamnen}\n"
        "    usage_terms: By licence only\n    depicts: {people: fictional, property: real}\n"
    )
    said = load_manifest(tmp_path / "r.yaml", tmp_path).manifest.assets[0]
    embed(tmp_path / "a.png", tmp_path / "b.png", metadata_for(said))
    found = read_metadata(tmp_path / "b.png").xmp
    plus = "http://ns.useplus.org/ldf/vocab/"
    assert found == found | {
        "plus:Licensor/plus:LicensorName": ("Ana & Co",),
        "plus:Licensor/plus:LicensorURL": ("https://example.com/l",),
        "plus:Licensor/plus:LicensorEmail": ("ana@example.com",),
        "xmpRights:WebStatement": ("https://example.com/r",),
        "xmpRights:UsageTerms": ("By licence only",),
        "plus:DataMining": (plus + "DMI-PROHIBITED-AIMLTRAINING",),
        "plus:ModelReleaseStatus": (plus + "MR-NAP",),
        "plus:PropertyReleaseStatus": (plus + "PR-NON",),
        "photoshop:City": ("Malmö",),
        "photoshop:State": ("Skåne",),
        "Iptc4xmpCore:Location": ("Västra hamnen",),
    }


@pytest.mark.parametrize(
    ("people", "releases", "status"),
    [
        ("none", [], "MR-NAP"),
        ("real", [], "MR-NON"),
        ("real", [{"kind": "property", "name": "x"}], "MR-NON"),
        ("real", [{"kind": "model", "name": "x"}], ""),
        (None, [], ""),
    ],
)
def test_a_release_is_claimed_only_where_the_facts_are_sure(
    people: str | None, releases: list[dict[str, str]], status: str
) -> None:
    said = asset(depicts={"people": people}, releases=releases)
    assert rights_of([said])["model_release"] == status


def test_members_speak_together_only_where_they_agree() -> None:
    one = asset(rights_url="https://example.com/1", usage_terms="same")
    other = asset(rights_url="https://example.com/2", usage_terms="same")
    shared = rights_of([one, other])
    assert (shared["rights_url"], shared["usage_terms"]) == ("", "same")


def test_a_null_keeps_the_words_of_the_master_out(tmp_path: Path) -> None:
    path = picture(tmp_path / "a.jpg")
    embed(path, tmp_path / "b.jpg", Metadata(creator="Ana", credit="C", licensor_url="https://l"))
    said = asset(creator=None, licensor=None)
    assert cleared_by([said]) == ("creator", "licensor_email", "licensor_name", "licensor_url")
    embed(tmp_path / "b.jpg", tmp_path / "c.jpg", metadata_for(said))
    found = read_metadata(tmp_path / "c.jpg")
    assert (found.creator, found.credit) == ("", "C")
    assert not [name for name in found.xmp if "Licensor" in name]
    assert b"Ana" not in (tmp_path / "c.jpg").read_bytes()


def test_every_field_that_can_be_cleared_is_one_of_the_model() -> None:
    everything = asset(
        **dict.fromkeys(
            ("title", "description", "creator", "copyright", "credit", "created", "country")
        ),
        **dict.fromkeys(("licensor", "rights_url", "usage_terms", "data_mining", "location")),
        keywords=(),
    )
    names = cleared_by([everything])
    assert set(names) <= set(xmp.FIELDS)
    assert len(names) == 17
