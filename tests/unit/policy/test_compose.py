"""What an account gets for an item: text within limits with nothing lost in silence, and every declaration."""

from __future__ import annotations

import re
from typing import Any

import pytest
from policy_samples import EDITED, GENERATED, HUMAN, TODAY, asset, bundle_of, item, made_row, row

from publisher.compose import compose, safe_name
from publisher.compose.vocabulary import NEAR
from publisher.listing import Copy, Declaration, Level
from publisher.manifest.item import Item
from publisher.manifest.model import Waiver
from publisher.policy import judge
from publisher.row import NameLimit, Row

GENERATED_URI = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
EDITED_URI = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"


def write(channel: str | Row, what: Item, *waivers: Waiver, **options: Any) -> Copy:
    chosen = row(channel) if isinstance(channel, str) else channel
    verdict = judge(what, chosen, day=TODAY, waivers=waivers, account=chosen.name)
    return compose(what, chosen, chosen.name, verdict, options)


def own(account: str, **override: Any) -> dict[str, Any]:
    return {"channels": {account: override}}


def codes(copy: Copy) -> list[str]:
    return [f.code for f in copy.findings]


def test_a_fitting_item_comes_through_as_it_is() -> None:
    copy = write("adobe-stock", item(GENERATED))
    assert copy.title == "Frozen glass dunes at dawn"
    assert copy.keywords == ("glass", "dunes", "winter", "abstract", "blue", "frozen", "dawn")
    assert copy.categories == ("8",)
    assert codes(copy) == ["categories-dropped"]
    assert any("Created using generative AI tools" in t for t in copy.tasks)
    assert Declaration("ai-generated", "embedded", GENERATED_URI) in copy.declarations
    assert any(d.mechanism == "person" for d in copy.declarations)


def test_an_override_wins_over_the_manifest() -> None:
    changes = own(
        "adobe-stock", title="Blue dunes", keywords=["a", "b", "c", "d", "e"], category=8,
        fields={"Releases": "R1"},
    )  # fmt: skip
    copy = write("adobe-stock", item(GENERATED, **changes))
    assert (copy.title, copy.keywords) == ("Blue dunes", ("a", "b", "c", "d", "e"))
    assert (copy.categories, copy.fields) == (("8",), {"Releases": "R1"})
    assert copy.findings == ()


def test_null_clears_a_text() -> None:
    copy = write("freepik", item(HUMAN, **own("freepik", description=None, title=None)))
    assert (copy.title, copy.description) == ("", "")
    (finding,) = copy.findings
    assert (finding.level, finding.code) == (Level.ERROR, "title-missing")
    assert "channels.freepik.title" in finding.remedy
    assert (finding.file, finding.line, finding.item) == ("release.yaml", 7, "glass-001")


def test_a_long_title_is_cut_at_a_word_and_said() -> None:
    title = "A very long title about frozen glass dunes that goes on and on beyond all limits"
    copy = write("adobe-stock", item(HUMAN, title=title))
    assert copy.title == "A very long title about frozen glass dunes that goes on and on beyond"
    (finding,) = [f for f in copy.findings if f.code == "text-cut"]
    assert (finding.level, finding.before, finding.after) == (Level.WARNING, title, copy.title)


def test_a_long_description_is_cut_at_a_sentence() -> None:
    first = (
        "Dunes of blue glass lie under a low winter sun and throw long shadows over the plain, " * 2
    )
    text = (
        first.strip(", ") + ". And a second sentence which does not fit in any more at all, sadly."
    )
    copy = write("shutterstock", item(HUMAN, description=text))
    assert copy.description == first.strip(", ") + "."
    assert "text-cut" in codes(copy)


def test_forbidden_characters_are_replaced_and_said() -> None:
    copy = write("adobe-stock", item(HUMAN, title='Dunes, "glass";\nand\u202e ice\x07'))
    assert copy.title == "Dunes glass and ice"
    (finding,) = [f for f in copy.findings if f.code == "characters-replaced"]
    assert (finding.before, finding.after) == ('Dunes, "glass";\nand\u202e ice\x07', copy.title)


def test_keywords_over_the_limit_fall_off_the_end() -> None:
    words = [f"word{n}" for n in range(60)]
    copy = write("adobe-stock", item(HUMAN, keywords=words))
    assert copy.keywords == tuple(words[:49])
    (finding,) = [f for f in copy.findings if f.code == "keywords-dropped"]
    assert finding.level is Level.WARNING
    assert finding.before is not None and finding.before.endswith("word59")
    assert finding.after is not None and finding.after.endswith("word48")


def test_repeated_keywords_are_one_in_any_case() -> None:
    copy = write(
        "adobe-stock", item(HUMAN, keywords=["Glass", "glass", "GLASS", "a", "b", "c", "d"])
    )
    assert copy.keywords == ("Glass", "a", "b", "c", "d")
    (finding,) = [f for f in copy.findings if f.code == "keywords-repeated"]
    assert (finding.level, finding.before) == (Level.NOTICE, "glass, GLASS")


def test_too_few_keywords_are_an_error() -> None:
    copy = write("vecteezy", item(HUMAN, keywords=["one"]))
    (finding,) = copy.findings
    assert (finding.level, finding.code) == (Level.ERROR, "keywords-too-few")
    assert finding.remedy


def test_a_keyword_that_is_too_long_is_left_out_whole() -> None:
    made = made_row([{"id": "a", "verdict": "allow"}], limits={"keywords": {"each": 10, "max": 5}})
    copy = write(made, item(HUMAN, keywords=["short", "much too long for that"]))
    assert copy.keywords == ("short",)
    assert codes(copy) == ["keywords-dropped"]


def test_freepik_gets_its_keyword_even_when_the_list_is_full() -> None:
    words = [f"word{n}" for n in range(50)]
    made = {**GENERATED, "prompt": "glass dunes,\nwinter"}
    copy = write("freepik", item(made, keywords=words))
    assert copy.keywords == (*words[:49], "_ai_generated")
    assert copy.fields == {"Prompt": "glass dunes, winter", "Model": "Midjourney 7"}
    assert Declaration("ai-generated", "keyword", "_ai_generated") in copy.declarations
    assert Declaration("ai-model", "field Model", "Midjourney 7") in copy.declarations
    assert write("freepik", item(HUMAN)).fields == {}


def test_a_declaration_cannot_be_cleared_but_a_prompt_can() -> None:
    changes = own("freepik", fields={"model": None, "Prompt": None}, keywords=["a"] * 5)
    copy = write("freepik", item({**GENERATED, "prompt": "secret"}, **changes))
    assert copy.fields == {"Prompt": None, "Model": "Midjourney 7"}
    assert "declaration-kept" in codes(copy)
    assert copy.keywords[-1] == "_ai_generated"


def test_a_fact_may_be_declared_in_other_words_but_not_without_any() -> None:
    for given, kept, code in (
        ("Midjourney V7", "Midjourney V7", "declaration-reworded"),
        ("-", "Midjourney 7", "declaration-kept"),
        (" \u200b", "Midjourney 7", "declaration-kept"),
    ):
        copy = write("freepik", item(GENERATED, **own("freepik", fields={"MODEL": given})))
        assert copy.fields["Model"] == kept and code in codes(copy)
        assert Declaration("ai-model", "field Model", kept) in copy.declarations


def test_a_constant_cannot_be_contradicted() -> None:
    action = {"kind": "set-field", "field": "ai", "value": "Yes", "declares": "ai-generated"}
    made = made_row([{"id": "a", "verdict": "allow", "actions": [action]}])
    for given in ("no", "", None, "yes"):
        copy = write(made, item(GENERATED, **own("made", fields={"AI": given})))
        assert (copy.fields["ai"] or "").lower() == "yes"


def test_a_column_that_carries_a_declaration_is_not_written_over() -> None:
    fields = {"Description": "mine", "keywords": "a,b", "Category 1": "112", "Free": "1"}
    copy = write("dreamstime", item(GENERATED, **own("dreamstime", fields=fields)))
    assert copy.fields == {"keywords": "a,b", "Free": "1"}
    assert codes(copy).count("declaration-kept") == 2


def test_a_dialect_without_the_column_is_an_error() -> None:
    copy = write("freepik", item(GENERATED), csv_dialect="short-human")
    (finding,) = [f for f in copy.findings if f.code == "declaration-has-no-column"]
    assert finding.level is Level.ERROR and "'long'" in finding.remedy
    assert not write("freepik", item(HUMAN), csv_dialect="short-human").findings


def test_a_declaration_that_ascii_cannot_write_is_an_error() -> None:
    action = {"kind": "set-field", "field": "ai", "value": "{system}", "declares": "ai-generated"}
    row_of = row("pond5").model_dump(mode="json", by_alias=True)["csv"]
    made = made_row([{"id": "a", "verdict": "allow", "actions": [action]}], csv=row_of)
    copy = write(made, item({**GENERATED, "system": "模型"}))
    assert "declaration-unwritable" in codes(copy)
    assert write(made, item({**GENERATED, "system": "Möbius"})).fields["ai"] == "Mobius"


def test_a_missing_system_is_said() -> None:
    made = {k: v for k, v in GENERATED.items() if k not in ("system", "version")}
    copy = write("freepik", item(made))
    levels = {f.text.split(" asks for ")[1].split()[0]: f.level for f in copy.findings}
    assert levels == {"prompt": Level.NOTICE, "model": Level.WARNING}


def test_dreamstime_sentence_and_category_survive() -> None:
    text = "A sentence of glass. " * 20
    copy = write(
        "dreamstime", item(GENERATED, description=text, categories=["nature", "plants", "food"])
    )
    assert copy.description.endswith(" This is AI-generated.")
    assert 50 <= len(copy.description) <= 250
    assert copy.categories == ("212", "146", "12")
    assert {"text-cut", "categories-dropped"} <= set(codes(copy))
    again = write("dreamstime", item(GENERATED, description=copy.description))
    assert again.description == copy.description


def test_a_waiver_keeps_the_declaration() -> None:
    waiver = Waiver.model_validate(
        {
            "item": "glass-001",
            "account": "123rf",
            "rule": "ai-label",
            "reason": "looked",
            "until": TODAY,
        }
    )
    copy = write("123rf", item(GENERATED), waiver)
    assert any("AI category" in task for task in copy.tasks)
    assert {d.mechanism for d in copy.declarations} == {"person", "embedded"}


def test_categories_that_a_channel_does_not_know() -> None:
    copy = write("shutterstock", item(HUMAN, categories=["abstrakt"]))
    assert copy.categories == ("Miscellaneous",)
    (finding,) = copy.findings
    assert finding.code == "category-unmapped"
    assert "Miscellaneous is used" in finding.text and "perhaps abstract" in finding.remedy


def test_a_category_override_by_our_name_or_by_theirs() -> None:
    for given, shown, found in (
        ("food", "7", []),
        (7, "7", []),
        (99, "99", ["category-unchecked"]),
    ):
        copy = write("adobe-stock", item(HUMAN, **own("adobe-stock", category=given)))
        assert (copy.categories, codes(copy)) == ((shown,), found)


@pytest.mark.parametrize(
    ("given", "shown"),
    [(190, "190"), ("Christmas", "190"), ("holidays > christmas", "190"), ("holidays", "202")],
)
def test_a_category_override_by_any_value_or_name_of_a_long_list(given: object, shown: str) -> None:
    copy = write("dreamstime", item(HUMAN, **own("dreamstime", category=given)))
    assert (copy.categories[0], codes(copy)) == (shown, [])


@pytest.mark.parametrize(
    ("channel", "given", "perhaps"),
    [
        ("dreamstime", 188, "a name of docs/categories.md"),  # a group, not a category
        ("dreamstime", "Chrismas", "Holidays > Christmas"),
        ("dreamstime", "Computers", "Technology > Computers"),  # three of that name
        ("adobe-stock", "Landscape & nature", "Landscapes"),
        ("shutterstock", "Transport & cars", "Transportation"),
    ],
)
def test_an_unknown_category_override_gets_suggestions(
    channel: str, given: object, perhaps: str
) -> None:
    copy = write(channel, item(HUMAN, **own(channel, category=given)))
    (finding,) = [f for f in copy.findings if f.code == "category-unchecked"]
    assert perhaps in finding.remedy and copy.categories[0] == str(given)


def test_every_word_that_a_channel_has_nothing_for_comes_with_its_neighbours() -> None:
    for channel in ("adobe-stock", "shutterstock", "dreamstime"):
        shelves = row(channel).categories
        for word in set(NEAR) - set(shelves.mapping):
            copy = write(channel, item(HUMAN, categories=[word]))
            (finding,) = [f for f in copy.findings if f.code == "category-unmapped"]
            assert any(f"{near} = " in finding.remedy for near in NEAR[word]), (channel, word)
    copy = write("adobe-stock", item(HUMAN, categories=["objects"]))
    (finding,) = [f for f in copy.findings if f.code == "category-unmapped"]
    assert "perhaps graphics = 8 (Graphic Resources)" in finding.remedy
    odd = write("adobe-stock", item(HUMAN, categories=["zeppelins"]))
    assert "one of abstract, animals," in odd.findings[0].remedy


def test_a_default_category_is_told() -> None:
    copy = write("shutterstock", item(HUMAN, categories=[]))
    assert copy.categories == ("Miscellaneous",)
    (finding,) = [f for f in copy.findings if f.code == "category-default"]
    assert finding.level is Level.NOTICE and "gets Miscellaneous" in finding.text


EVENT = {"city": "Porto", "country": "Portugal", "date": "2026-05-06"}


def test_an_editorial_title_of_pond5_and_what_it_lacks() -> None:
    title = "People walk along a wet city street at dusk in winter"
    copy = write("pond5", item(HUMAN, editorial=EVENT, title=title))
    assert copy.title.startswith("PORTO, PORTUGAL - 05/06/2026: People walk along")
    assert len(copy.title) <= 80
    (cut,) = [f for f in copy.findings if f.code == "text-cut"]
    assert (cut.before, cut.after) == (title, copy.title)
    assert any("Check the editorial title" in task for task in copy.tasks)
    unplaced = write("pond5", item(HUMAN, editorial=True, title=title))
    assert {f.level for f in unplaced.findings if f.code == "fact-missing"} == {Level.ERROR}


def test_editorial_caption() -> None:
    copy = write("shutterstock", item(HUMAN, editorial=EVENT))
    assert copy.description.startswith("Porto, Portugal - May 6, 2026: Abstract dunes of")
    unplaced = write("shutterstock", item(HUMAN, editorial=True))
    assert {f.level for f in unplaced.findings if f.code == "fact-missing"} == {Level.ERROR}


def test_columns_that_facts_fill() -> None:
    released = item(HUMAN, releases=[{"kind": "model", "name": "Ana R1"}], style="3d", country="PT")
    assert write("adobe-stock", released).fields == {"Releases": "Ana R1"}
    assert write("shutterstock", released).fields == {"Illustration": "Yes"}
    assert write("shutterstock", released, csv_dialect="template").fields == {"illustration": "yes"}
    assert write("123rf", released).fields == {"country": "PT"}
    assert write("vecteezy", item(HUMAN, editorial=EVENT)).fields == {"License": "editorial"}


def test_plain_ascii_where_the_csv_wants_it() -> None:
    title = "Smörgåsbord “à la carte” – a long enough title for the agency"
    copy = write("pond5", item(HUMAN, title=title, keywords=["café", "b", "c", "d", "e"]))
    assert copy.title == 'Smorgasbord "a la carte" - a long enough title for the agency'
    assert copy.keywords[0] == "cafe"
    assert codes(copy).count("characters-replaced") == 2


@pytest.mark.parametrize(
    ("made", "uri"), [(HUMAN, ""), (EDITED, EDITED_URI), (GENERATED, GENERATED_URI)]
)
def test_what_is_embedded(made: dict[str, Any], uri: str) -> None:
    facts = {**made, "prompt": "secret", "prompt_writer": "Ana"}
    metadata = write("handoff", item(facts, created="2026-01-02", country="PT")).metadata
    assert (metadata.creator, metadata.date_created, metadata.country) == (
        "Ana Vidal",
        "2026-01-02",
        "PT",
    )
    assert metadata.digital_source_type == uri
    assert metadata.ai_system == ("Midjourney" if uri else "")
    assert (metadata.ai_prompt, metadata.ai_prompt_writer) == ("", "")
    told = write("handoff", item(facts), embed_prompt=True).metadata
    assert (told.ai_prompt, told.ai_prompt_writer) == (("secret", "Ana") if uri else ("", ""))


def test_xmp_that_a_rule_asks_for() -> None:
    action = {"kind": "write-xmp", "field": "plus:DataMining", "value": "made with {system}"}
    made = made_row([{"id": "a", "verdict": "allow", "actions": [action]}])
    assert write(made, item(GENERATED)).metadata.extra_xmp == (
        ("plus:DataMining", "made with Midjourney"),
    )


def test_a_bundle_speaks_for_its_members() -> None:
    pack = bundle_of(asset(HUMAN), asset(GENERATED, id="glass-002"), description="Twelve pictures")
    copy = write("bundles", pack)
    assert copy.description == "Twelve pictures. Contains images made with generative AI."
    assert copy.metadata.creator == "Ana Vidal"
    assert copy.metadata.digital_source_type == GENERATED_URI


@pytest.mark.parametrize(
    ("item_id", "name"),
    [
        ("glass_001", "glass_001.jpg"),
        ("glass-001", "glass_001_31ccd8.jpg"),
        ("a" * 26, "a" * 26 + ".jpg"),
    ],
)
def test_safe_names(item_id: str, name: str) -> None:
    assert safe_name(item_id, NameLimit(), ".jpg") == safe_name(item_id, NameLimit(), "jpg") == name


def test_safe_names_never_meet() -> None:
    ids = ["a" * n for n in range(1, 100)] + ["a-b", "a.b", "a_b", "a b", "é", "\ud800", ""]
    names = [safe_name(i, NameLimit(), ".jpeg") for i in ids]
    assert len(set(names)) == len(ids)
    assert all(re.fullmatch(r"[A-Za-z0-9_]{1,26}\.jpeg", n) and len(n) <= 30 for n in names)
    assert len(safe_name("a" * 50, NameLimit(max=12), ".jpg")) <= 12
    assert safe_name("a-b", NameLimit(pattern="[A-Za-z0-9]+"), "jpg").removesuffix(".jpg").isalnum()
