"""Every document of the project holds against the types of every supported version, and so does our contract."""

from __future__ import annotations

import functools
import re
from pathlib import Path

import pytest
from graphql import GraphQLSchema, build_schema, parse, validate, validate_schema
from shopify_client import real_types

from channels.shopify import contract
from channels.shopify.schema import (
    VERSIONS,
    contract_schema,
    contract_text,
    real_schema,
    schema_for,
)

TEXTS = contract.texts()


@pytest.fixture(scope="module", params=VERSIONS)
def real(request: pytest.FixtureRequest) -> GraphQLSchema:
    real_types()
    return real_schema(request.param)


def problems(schema: GraphQLSchema) -> dict[str, list[str]]:
    found = {
        name: [e.message for e in validate(schema, parse(text))] for name, text in TEXTS.items()
    }
    return {name: errors for name, errors in found.items() if errors}


def test_there_are_documents() -> None:
    assert len(TEXTS) > 15
    assert any("mutation" in t for t in TEXTS.values()) and any(
        "productSet" in t for t in TEXTS.values()
    )


def test_every_document_holds_against_the_real_types(real: GraphQLSchema) -> None:
    assert problems(real) == {}


def test_the_real_types_keep_the_contract(real: GraphQLSchema) -> None:
    assert contract.differences(contract_schema(), real) == []


def test_every_document_holds_against_the_contract() -> None:
    assert problems(contract_schema()) == {}
    assert validate_schema(build_schema(contract_text())) == []
    assert contract.differences(contract_schema(), contract_schema()) == []


@pytest.mark.parametrize("real", VERSIONS[:1], indirect=True)
def test_the_contract_is_up_to_date(real: GraphQLSchema) -> None:
    made = contract.made(real, TEXTS.values())
    assert made == contract_text(), "run python -m channels.shopify.contract make"


def test_the_contract_says_nothing_but_signatures() -> None:
    text = contract_text()
    assert '"""' not in text and "#" not in text and "@deprecated" not in text
    assert len(text) < 40_000


WRONG = {
    "a field": "query { shop { nam } }",
    "an argument": "query { products(frist: 1) { nodes { id } } }",
    "an enum value": "query { products(first: 1, sortKey: COLOUR) { nodes { id } } }",
    "a code of plain errors": (
        "mutation ($id: ID!, $input: [PublicationInput!]!) {"
        " publishablePublish(id: $id, input: $input) { userErrors { code } } }"
    ),
    "a type": "query ($a: ProductSetInputs!) { shop { name } }",
    "an absent argument": "query { productByIdentifier { id } }",
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_wrong_is_refused_by_all_types_alike(kind: str, real: GraphQLSchema) -> None:
    assert validate(real, parse(WRONG[kind])) != []
    assert validate(contract_schema(), parse(WRONG[kind])) != []


CHANGES = {
    "a field gone": (r"  fullName: String!\n", "", "fullName is None, not String!"),
    "another type": (r"  title: String!\n", "  title: Int!\n", "is Int!, not String!"),
    "an enum value gone": (r"  ARCHIVED\n", "", "ProductStatus.ARCHIVED is gone"),
    "an input field gone": (r"  descriptionHtml: String\n", "", "descriptionHtml is None"),
    "a type gone": (r"scalar Money\n", "type Money { a: Int }\n", "Money is no longer what it was"),
    "a new duty": (
        r"input SEOInput \{\n",
        "input SEOInput {\n  robots: String!\n",
        "SEOInput now needs robots",
    ),
    "an argument gone": (r"productByIdentifier\([^)]*\)", "productByIdentifier", "(identifier:) is None"),
    "an argument more": (r"shop: Shop!", "shop(of: ID!): Shop!", "QueryRoot.shop now needs of"),
}  # fmt: skip


@pytest.mark.parametrize("kind", CHANGES)
def test_a_change_of_the_real_types_is_noticed(kind: str) -> None:
    pattern, instead, expected = CHANGES[kind]
    changed, count = re.subn(pattern, lambda _: instead, contract_text())
    assert count >= 1
    there = build_schema(changed, assume_valid=True)
    said = contract.differences(contract_schema(), there)
    assert any(expected in sentence for sentence in said), said


def test_an_input_that_nobody_described_stops_the_making() -> None:
    with pytest.raises(LookupError, match="say in INPUTS which fields of CollectionInput"):
        contract.made(_small(), ["mutation ($i: CollectionInput!) { make(input: $i) { id } }"])
    with pytest.raises(LookupError, match="Cannot query field 'nothing'"):
        contract.made(_small(), ["{ nothing }"])


@functools.cache
def _small() -> GraphQLSchema:
    return build_schema(
        """
        schema { query: QueryRoot mutation: Mutation }
        type QueryRoot { a: Int }
        input CollectionInput { title: String }
        type Made { id: ID! }
        type Mutation { make(input: CollectionInput!): Made }
        """
    )


@pytest.mark.parametrize("real", ["2026-07"], indirect=True)
def test_without_the_real_types_the_contract_steps_in(tmp_path: Path, real: GraphQLSchema) -> None:
    assert schema_for("2026-07", tmp_path) == (contract_schema(), False)
    assert schema_for("2026-07") == (real, True)
