"""The sandbox shop's bulk operations: lines in no order, COMPLETED with errors inside, ends half way, and read-back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from shopify_client import BULK, KEY, RUN, RUN_QUERY, SET, SPACE, Client, product

from channels.shopify import documents

SET_KEY = f'{{ products(first: 50) {{ nodes {{ id metafield(namespace: "{SPACE}", key: "{KEY}") {{ value }} }} }} }}'
LINE = SET.replace("media(first: 50) { nodes { id } }", "")
"""A bulk mutation may have one connection only."""
READ = """{ products { edges { node {
  id handle variants { edges { node { id sku price } } } media { edges { node { id } } }
} } } }"""


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Client]:
    client = Client(tmp_path)
    client.define()
    client.box.terms.bulk_wait = 30
    yield client
    client.box.clear_faults()
    client.close()


def lines(*variables: Any) -> bytes:
    return "\n".join(v if isinstance(v, str) else json.dumps(v) for v in variables).encode()


def run(shop: Client, data: bytes, text: str = LINE) -> str:
    """Start a bulk mutation; returns its id."""
    path = shop.uploaded(data, "BULK_MUTATION_VARIABLES", "lines.jsonl")
    answer = shop.ask(RUN, mutation=text, path=path, client="a-client-id")[
        "bulkOperationRunMutation"
    ]
    assert answer["userErrors"] == []
    assert answer["bulkOperation"]["status"] == "CREATED"
    return str(answer["bulkOperation"]["id"])


def look(shop: Client, identity: str) -> dict[str, Any]:
    found: dict[str, Any] = shop.ask(BULK, id=identity)["bulkOperation"]
    return found


def results(shop: Client, url: str) -> list[dict[str, Any]]:
    status, _, body = shop.send("GET", url)
    assert status == 200
    return [json.loads(line) for line in body.splitlines()]


def keys(shop: Client) -> dict[str, int]:
    return {e.key: e.count for e in shop.box.landed()}


def every(count: int) -> dict[str, int]:
    return {f"products/k{n}.json": 1 for n in range(count)}


def test_every_line_has_its_answer_in_no_order(shop: Client) -> None:
    identity = run(shop, lines(*(product(f"k{n}") for n in range(60))))
    done = look(shop, identity)
    assert (done["status"], done["errorCode"], done["objectCount"]) == ("COMPLETED", None, "60")
    found = results(shop, done["url"])
    numbers = [r["__lineNumber"] for r in found]
    assert sorted(numbers) == list(range(60)) and numbers != sorted(numbers)
    for result in found:
        made = result["data"]["productSet"]["product"]
        assert made["handle"] == f"k{result['__lineNumber']}"
    assert keys(shop) == every(60)
    again = run(shop, lines(*(product(f"k{n}", title="Again") for n in range(60))))
    assert look(shop, again)["status"] == "COMPLETED"
    assert keys(shop) == every(60)


def test_completed_says_nothing_about_the_lines(shop: Client) -> None:
    data = lines(product("k0"), "no json", product("k1", titel="x"), product("k2", title=""), "[1]")
    done = look(shop, run(shop, data))
    assert done["status"] == "COMPLETED" and done["partialDataUrl"] is None
    found = {r["__lineNumber"]: r for r in results(shop, done["url"])}
    assert sorted(found) == [0, 1, 2, 3, 4]
    assert found[0]["data"]["productSet"]["userErrors"] == []
    assert "errors" in found[1] and "errors" in found[2] and "errors" in found[4]
    assert found[3]["data"]["productSet"]["userErrors"][0]["code"] == "INVALID_PRODUCT"
    assert keys(shop) == every(1)


def test_a_run_costs_no_points_for_its_lines(shop: Client) -> None:
    shop.box.forget_requests()
    look(shop, run(shop, lines(*(product(f"k{n}") for n in range(20)))))
    assert shop.box.counts() == {
        "stagedUploadsCreate": 1,
        "upload": 1,
        "bulkOperationRunMutation": 1,
        "bulkOperation": 1,
    }
    assert sum(shop.box.points().values()) == 21


def test_productset_is_synchronous_in_bulk(shop: Client) -> None:
    text = LINE.replace("synchronous: true", "synchronous: false")
    done = look(shop, run(shop, lines(product("k0")), text))
    assert results(shop, done["url"])[0]["data"]["productSet"]["product"]["handle"] == "k0"


STARTS = {
    "no such file": ("NO_SUCH_FILE", {"path": "tmp/1/nothing"}),
    "the address instead of the key": ("NO_SUCH_FILE", {"path": "http://127.0.0.1/upload/tmp/1/x"}),
    "a query": ("INVALID_MUTATION", {"mutation": "{ shop { name } }"}),
    "nothing known": ("INVALID_MUTATION", {"mutation": "mutation { productSat { x } }"}),
    "two fields": (
        "INVALID_MUTATION",
        {"mutation": 'mutation { a: productSet(input: {title: "x"}) { userErrors { code } } '
         'b: productSet(input: {title: "x"}) { userErrors { code } } }'},
    ),
    "two connections": ("INVALID_MUTATION", {"mutation": SET}),
    "a bulk run": (
        "INVALID_MUTATION",
        {"mutation": 'mutation { bulkOperationRunQuery(query: "x") { userErrors { code } } }'},
    ),
    "a short client": ("INVALID_MUTATION", {"client": "short"}),
}  # fmt: skip


@pytest.mark.parametrize("reason", STARTS)
def test_a_run_that_does_not_start(shop: Client, reason: str) -> None:
    code, wrong = STARTS[reason]
    usual = {
        "mutation": LINE,
        "path": shop.uploaded(lines(product("k0")), "BULK_MUTATION_VARIABLES"),
    }
    answer = shop.ask(RUN, **(usual | wrong))["bulkOperationRunMutation"]
    assert answer["bulkOperation"] is None
    assert [e["code"] for e in answer["userErrors"]] == [code]
    assert keys(shop) == {}


def test_a_file_of_another_kind_is_refused(shop: Client) -> None:
    target = shop.staged("FILE", "x.jsonl")
    shop.form(target, lines(product("k0")))
    path = next(p["value"] for p in target["parameters"] if p["name"] == "key")
    answer = shop.ask(RUN, mutation=LINE, path=path)["bulkOperationRunMutation"]
    assert [e["code"] for e in answer["userErrors"]] == ["INVALID_STAGED_UPLOAD_FILE"]


def test_five_runs_at_a_time(shop: Client) -> None:
    shop.box.fault("bulk_stalls")
    shop.box.terms.bulk_wait = 0
    running = [run(shop, lines(product(f"k{n}"))) for n in range(5)]
    path = shop.uploaded(lines(product("k5")), "BULK_MUTATION_VARIABLES")
    answer = shop.ask(RUN, mutation=LINE, path=path)["bulkOperationRunMutation"]
    assert [e["code"] for e in answer["userErrors"]] == ["LIMIT_REACHED"]
    open_runs = shop.ask(documents.BULKS, query="status:created operation_type:mutation")[
        "bulkOperations"
    ]
    assert [n["id"] for n in open_runs["nodes"]] == running
    shop.box.clear_faults()
    shop.box.terms.bulk_wait = 30
    assert {look(shop, r)["status"] for r in running} == {"COMPLETED"}
    assert keys(shop) == every(5)


def test_a_run_that_fails_half_way_shows_what_it_did(shop: Client) -> None:
    shop.box.fault("bulk_fails", lines=7, times=1)
    data = lines(*(product(f"k{n}") for n in range(20)))
    done = look(shop, run(shop, data))
    assert (done["status"], done["errorCode"]) == ("FAILED", "INTERNAL_SERVER_ERROR")
    assert done["url"] is None and done["objectCount"] == "7"
    assert sorted(r["__lineNumber"] for r in results(shop, done["partialDataUrl"])) == list(
        range(7)
    )
    assert keys(shop) == every(7)
    assert look(shop, run(shop, data))["status"] == "COMPLETED"
    assert keys(shop) == every(20)


def test_a_run_that_stalls_goes_on_later(shop: Client) -> None:
    shop.box.fault("bulk_stalls", lines=0)
    shop.box.terms.bulk_wait = 0
    identity = run(shop, lines(*(product(f"k{n}") for n in range(5))))
    assert look(shop, identity)["status"] in ("CREATED", "RUNNING")
    assert keys(shop) == {}
    shop.box.clear_faults()
    shop.box.terms.bulk_wait = 30
    assert look(shop, identity)["status"] == "COMPLETED"
    assert keys(shop) == every(5)


def test_a_run_that_is_cancelled(tmp_path: Path) -> None:
    client = Client(tmp_path, real=True)
    client.define()
    client.box.fault("bulk_stalls")
    identity = run(client, lines(product("k0")))
    text = "mutation ($id: ID!) { bulkOperationCancel(id: $id) { bulkOperation { status } userErrors { field } } }"
    answer = client.ask(text, id=identity)["bulkOperationCancel"]
    assert answer == {"bulkOperation": {"status": "CANCELING"}, "userErrors": []}
    client.box.terms.bulk_wait = 30
    assert look(client, identity)["status"] == "CANCELED"
    assert client.ask(text, id=identity)["bulkOperationCancel"]["userErrors"] != []
    assert keys(client) == {}
    client.close()


def test_a_run_goes_on_when_the_shop_opens_again(tmp_path: Path) -> None:
    client = Client(tmp_path)
    client.define()
    client.box.fault("bulk_stalls", lines=100)
    identity = run(client, lines(*(product(f"k{n}") for n in range(150))))
    while not keys(client):
        client.box.server.shop.bulk_runner.settle(0.05)
    client.box.terms.bulk_wait = 0
    assert look(client, identity)["status"] == "RUNNING"
    client.close()
    client.box.clear_faults()
    again = Client(tmp_path)
    again.box.terms.bulk_wait = 30
    done = look(again, identity)
    assert (done["status"], done["objectCount"]) == ("COMPLETED", "150")
    assert sorted(r["__lineNumber"] for r in results(again, done["url"])) == list(range(150))
    assert keys(again) == every(150)
    again.close()


def test_a_result_that_is_gone(shop: Client) -> None:
    done = look(shop, run(shop, lines(product("k0"))))
    shop.box.fault("bulk_result_gone", times=1)
    assert shop.send("GET", done["url"])[0] == 404
    assert len(results(shop, done["url"])) == 1
    assert shop.send("GET", done["url"].partition("?")[0])[0] == 404


def test_the_shop_as_lines(shop: Client) -> None:
    picture = {"originalSource": shop.uploaded(), "filename": "a.jpg"}
    shop.set("k0", files=[picture])
    for n in range(1, 205):
        shop.set(f"k{n}")
    answer = shop.ask(RUN_QUERY, query=READ)["bulkOperationRunQuery"]
    assert answer["userErrors"] == []
    done = look(shop, answer["bulkOperation"]["id"])
    assert (done["status"], done["type"]) == ("COMPLETED", "QUERY")
    found = results(shop, done["url"])
    assert int(done["objectCount"]) == len(found) == 205 + 2 * 205 + 1
    parents = [r for r in found if "__parentId" not in r]
    assert [p["handle"] for p in parents] == [f"k{n}" for n in range(205)]
    children = [r for r in found if r.get("__parentId") == parents[7]["id"]]
    assert [c["price"] for c in children] == ["19.00", "79.00"]
    assert "variants" not in parents[7]
    pictures = [r for r in found if r["id"].startswith("gid://shopify/MediaImage/")]
    assert [p["__parentId"] for p in pictures] == [parents[0]["id"]]


def test_lines_that_are_not_grouped_are_in_no_order(shop: Client) -> None:
    for n in range(30):
        shop.set(f"k{n}")
    kinds = []
    for text in (RUN_QUERY, RUN_QUERY.replace(", groupObjects: true", "")):
        identity = shop.ask(text, query=READ)["bulkOperationRunQuery"]["bulkOperation"]["id"]
        found = results(shop, look(shop, identity)["url"])
        kinds.append(["__parentId" in r for r in found])
        assert len(found) == 90
    assert kinds[0] == [False, True, True] * 30
    assert sorted(kinds[1]) == sorted(kinds[0]) and kinds[1] != kinds[0]


def test_an_empty_shop_has_no_lines(shop: Client) -> None:
    answer = shop.ask(RUN_QUERY, query=READ)["bulkOperationRunQuery"]
    done = look(shop, answer["bulkOperation"]["id"])
    assert (done["status"], done["url"], done["objectCount"]) == ("COMPLETED", None, "0")


QUERIES = {
    "no connection": "{ shop { name } }",
    "two fields": "{ shop { name } products { edges { node { id } } } }",
    "plain nodes": "{ products { nodes { id } } }",
    "a mutation": "mutation { publishablePublish(id: 1, input: []) { userErrors { field } } }",
    "six connections": "{ products { edges { node { id "
    + " ".join(f"v{n}: variants {{ edges {{ node {{ id }} }} }}" for n in range(5))
    + " } } } }",
    "nothing known": "{ produkte { edges { node { id } } } }",
}


@pytest.mark.parametrize("reason", QUERIES)
def test_a_query_that_cannot_run_in_bulk(shop: Client, reason: str) -> None:
    answer = shop.ask(RUN_QUERY, query=QUERIES[reason])["bulkOperationRunQuery"]
    assert answer["bulkOperation"] is None
    assert [e["code"] for e in answer["userErrors"]] == ["INVALID"]


def test_the_project_reads_back_in_bulk(shop: Client) -> None:
    shop.set("k0")
    text = documents.bulk_products(["gid://shopify/Publication/1"])
    answer = shop.ask(RUN_QUERY, query=text)["bulkOperationRunQuery"]
    assert answer["userErrors"] == []
    done = look(shop, answer["bulkOperation"]["id"])
    kinds = [r["id"].split("/")[3] for r in results(shop, done["url"])]
    assert kinds == ["Product", "ProductVariant", "ProductVariant", "Metafield", "Metafield"]


def test_runs_are_found_by_what_they_are(shop: Client) -> None:
    first = run(shop, lines(product("k0")))
    look(shop, first)
    answer = shop.ask(RUN_QUERY, query=READ)["bulkOperationRunQuery"]
    second = answer["bulkOperation"]["id"]
    look(shop, second)

    def listed(query: str) -> list[str]:
        found = shop.ask(documents.BULKS, query=query)["bulkOperations"]["nodes"]
        return [n["id"] for n in found]

    assert listed("") == [first, second]
    assert listed("status:completed operation_type:mutation") == [first]
    assert listed("operation_type:query") == [second]
    assert listed("status:running") == []
    assert listed("created_at:>=2020-01-01T00:00:00Z") == [first, second]
    assert listed("created_at:<'2020-01-01T00:00:00+00:00'") == []
    assert listed(f"id:{second.rpartition('/')[2]}") == [second]


BULK_DOCUMENTS = ("SET_PRICES", "PUBLISH", "UNPUBLISH", "SET_METAFIELDS", "DELETE_METAFIELDS")


@pytest.mark.parametrize("name", [*BULK_DOCUMENTS, "SET_MANY"])
def test_the_mutations_of_the_project_may_run_in_bulk(shop: Client, name: str) -> None:
    text = documents.ALL[name]
    if name == "SET_MANY":
        text = documents.set_many(["gid://shopify/Publication/1", "gid://shopify/Publication/2"])
    identity = run(shop, lines({}), documents.bulk_mutation(text, "0a1b"))
    assert look(shop, identity)["status"] == "COMPLETED"
