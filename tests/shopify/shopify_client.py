"""A plain client of the sandbox shop for its own tests: no adapter, no library, only HTTP."""

from __future__ import annotations

import functools
import http.client
import itertools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from channels.shopify import documents
from channels.shopify.sandbox import AdapterSandbox
from channels.shopify.schema import VERSIONS
from channels.shopify.schema_package import SchemaUnavailable, obtain, required
from publisher.discovery import load_row

JPEG = b"\xff\xd8\xff\xe0" + b"picture" * 20
PICTURE = JPEG
SPACE, KEY = documents.NAMESPACE, documents.KEY
VERSION = "2026-07"

SET = """
mutation Set($identifier: ProductSetIdentifiers, $input: ProductSetInput!) {
  productSet(identifier: $identifier, input: $input, synchronous: true) {
    product {
      id handle title status onlineStoreUrl
      variants(first: 50) { nodes { id sku price compareAtPrice } }
      media(first: 50) { nodes { id } }
    }
    userErrors { code field message }
  }
}
"""
LOOK = """
query Look($identifier: ProductIdentifierInput!) {
  productByIdentifier(identifier: $identifier) {
    id handle title tags status onlineStoreUrl
    variants(first: 50) { nodes { id sku price compareAtPrice selectedOptions { name value } } }
    media(first: 50) { nodes { id status } }
    metafields(first: 50, namespace: "publisher") { nodes { key value } }
    resourcePublicationsV2(first: 20, onlyPublished: true) { nodes { publication { id } } }
  }
}
"""
PRICES = """
mutation Prices($productId: ID!, $variants: [ProductVariantsBulkInput!]!) {
  productVariantsBulkUpdate(productId: $productId, variants: $variants) {
    productVariants { id sku price compareAtPrice }
    userErrors { code field message }
  }
}
"""
DEFINE = """
mutation Define($definition: MetafieldDefinitionInput!) {
  metafieldDefinitionCreate(definition: $definition) { userErrors { code field message } }
}
"""
STAGE = """
mutation Stage($input: [StagedUploadInput!]!) {
  stagedUploadsCreate(input: $input) {
    stagedTargets { url resourceUrl parameters { name value } }
    userErrors { field message }
  }
}
"""
PUBLISH = """
mutation Publish($id: ID!, $input: [PublicationInput!]!) {
  publishablePublish(id: $id, input: $input) { userErrors { field message } }
}
"""
UNPUBLISH = PUBLISH.replace("publishablePublish", "publishableUnpublish")
SET_FIELDS = """
mutation SetFields($metafields: [MetafieldsSetInput!]!) {
  metafieldsSet(metafields: $metafields) { userErrors { code field message } }
}
"""
DELETE_FIELDS = """
mutation DeleteFields($metafields: [MetafieldIdentifierInput!]!) {
  metafieldsDelete(metafields: $metafields) { deletedMetafields { key } userErrors { field } }
}
"""
RUN = """
mutation Run($mutation: String!, $path: String!, $client: String) {
  bulkOperationRunMutation(mutation: $mutation, stagedUploadPath: $path, clientIdentifier: $client) {
    bulkOperation { id status }
    userErrors { code field message }
  }
}
"""
RUN_QUERY = """
mutation RunQuery($query: String!) {
  bulkOperationRunQuery(query: $query, groupObjects: true) {
    bulkOperation { id status }
    userErrors { code field message }
  }
}
"""
BULK = """
query Bulk($id: ID!) {
  bulkOperation(id: $id) { id status errorCode objectCount url partialDataUrl type }
}
"""
FILES = """
query Files($query: String!) {
  files(first: 50, query: $query) { nodes { id fileStatus } }
}
"""
FILE_CREATE = """
mutation ($files: [FileCreateInput!]!) {
  fileCreate(files: $files) { files { id fileStatus } userErrors { code field message } }
}
"""
FILE_STATES = """
query ($ids: [ID!]!) {
  nodes(ids: $ids) { id ... on MediaImage { fileStatus fileErrors { code message } image { url } } }
}
"""


def real_types() -> None:
    """See that the real types are cached; skips with the reason, or fails where they are demanded."""
    trouble = _trouble()
    if trouble is not None and required():
        raise trouble
    if trouble is not None:
        pytest.skip(str(trouble))


@functools.cache
def _trouble() -> SchemaUnavailable | None:
    """Why the real types cannot be had, asked once: without a network each try takes its time."""
    try:
        obtain(versions=VERSIONS)
    except SchemaUnavailable as error:
        return error
    return None


class Client:
    """A sandbox that is started, and a line to it that is opened again whenever it breaks."""

    def __init__(self, folder: Path, *, real: bool = False, login: str = "token") -> None:
        if real:
            real_types()
        self.folder = folder
        self.box = AdapterSandbox(load_row("shopify"), "shop", folder / "box")
        self.box.terms.real_types = real
        self.box.terms.rate = self.box.terms.bucket = 1e6
        self.box.login = login
        self._numbers = itertools.count(1)
        self.start()

    def start(self) -> None:
        """Open the shop, or open it again."""
        self.settings = self.box.start()
        self.token = self.settings.get("TOKEN", "")
        self._line = http.client.HTTPConnection(
            urlsplit(self.settings["BASE_URL"]).netloc, timeout=20
        )

    def close(self) -> None:
        """Shut the shop, and see that it made no mistake of its own."""
        self._line.close()
        mistakes = self.box.server.mistakes
        self.box.stop()
        assert mistakes == []

    # The wire

    def send(
        self, method: str, url: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """One exchange. Raises ConnectionError when the line is cut."""
        parts = urlsplit(url)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        try:
            self._line.request(method, path, body, dict(headers or {}))
            answer = self._line.getresponse()
            return answer.status, answer.headers, answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._line.close()
            raise ConnectionError("cut") from error

    def post(
        self, text: str, variables: Mapping[str, Any] | None = None, version: str = VERSION
    ) -> tuple[int, Mapping[str, str], dict[str, Any]]:
        """One GraphQL request: HTTP status, headers and document."""
        body = json.dumps({"query": text, "variables": variables or {}}).encode()
        headers = {"Content-Type": "application/json", "X-Shopify-Access-Token": self.token}
        status, found, data = self.send("POST", f"/admin/api/{version}/graphql.json", body, headers)
        return status, found, json.loads(data)

    def ask(self, text: str, **variables: Any) -> dict[str, Any]:
        """The data of a request that must succeed."""
        status, _, body = self.post(text, variables)
        assert status == 200 and "errors" not in body, body
        data: dict[str, Any] = body["data"]
        return data

    def codes(self, text: str, **variables: Any) -> list[str]:
        """The codes of the top-level errors."""
        return [
            e.get("extensions", {}).get("code", "") for e in self.post(text, variables)[2]["errors"]
        ]

    def log_in(self) -> tuple[int, dict[str, Any]]:
        """Fetch a token with the app's own credentials."""
        given = {
            "grant_type": "client_credentials",
            "client_id": self.settings.get("CLIENT_ID", ""),
            "client_secret": self.settings.get("CLIENT_SECRET", ""),
        }
        headers = {"Content-Type": "application/json"}
        body = json.dumps(given).encode()
        status, _, data = self.send("POST", "/admin/oauth/access_token", body, headers)
        answer = json.loads(data)
        self.token = answer.get("access_token", self.token)
        return status, answer

    # Usual steps

    def define(self, kind: str = "id") -> None:
        """Make the definition of our key."""
        given = {
            "name": "Key",
            "namespace": SPACE,
            "key": KEY,
            "type": kind,
            "ownerType": "PRODUCT",
        }
        made = self.ask(DEFINE, definition=given)["metafieldDefinitionCreate"]
        assert made["userErrors"] == []

    def staged(
        self, resource: str = "IMAGE", name: str = "a.jpg", method: str = "POST"
    ) -> dict[str, Any]:
        """A place for an upload."""
        wanted = {
            "filename": name,
            "mimeType": "image/jpeg",
            "resource": resource,
            "httpMethod": method,
        }
        target: dict[str, Any] = self.ask(STAGE, input=[wanted])["stagedUploadsCreate"][
            "stagedTargets"
        ][0]
        return target

    def form(self, target: Mapping[str, Any], data: bytes) -> tuple[int, bytes]:
        """Post bytes to a place as the form that it asks for."""
        fields = [(p["name"], p["value"]) for p in target["parameters"]]
        mark = "----boundary"
        parts = [
            f'--{mark}\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n'.encode()
            for n, v in fields
        ]
        head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'.encode()
        body = b"".join([*parts, head, data, f"\r\n--{mark}--\r\n".encode()])
        kind = {"Content-Type": f"multipart/form-data; boundary={mark}"}
        status, _, answer = self.send("POST", target["url"], body, kind)
        return status, answer

    def uploaded(self, data: bytes = PICTURE, resource: str = "IMAGE", name: str = "a.jpg") -> str:
        """Bytes that lie there: the address to name as ``originalSource``, or the key of bulk variables."""
        target = self.staged(resource, name)
        assert self.form(target, data)[0] == 201
        if resource == "BULK_MUTATION_VARIABLES":
            return next(str(p["value"]) for p in target["parameters"] if p["name"] == "key")
        return str(target["resourceUrl"])

    def set(
        self, key: str, identifier: Mapping[str, Any] | None = None, **given: Any
    ) -> dict[str, Any]:
        """productSet of a product with this key; ``given`` replaces parts of the input, None leaves them out."""
        variables = product(key, identifier, **given)
        found: dict[str, Any] = self.ask(SET, **variables)["productSet"]
        return found

    def there(self, key: str) -> dict[str, Any] | None:
        """The product with this key as it is read."""
        identifier = {"customId": {"namespace": SPACE, "key": KEY, "value": key}}
        found: dict[str, Any] | None = self.ask(LOOK, identifier=identifier)["productByIdentifier"]
        return found


def variant(name: str, price: str = "19.00", **more: Any) -> dict[str, Any]:
    """A variant of the option Licence."""
    values = [{"optionName": "Licence", "name": name}]
    item = {"tracked": False, "requiresShipping": False}
    return {"optionValues": values, "price": price, "inventoryItem": item, **more}


def options(*names: str) -> list[dict[str, Any]]:
    """The option Licence with these values."""
    return [{"name": "Licence", "values": [{"name": n} for n in names]}]


def field(key: str, value: str, kind: str = "single_line_text_field") -> dict[str, str]:
    """One of our metafields."""
    return {"namespace": SPACE, "key": key, "type": kind, "value": value}


def product(key: str, identifier: Mapping[str, Any] | None = None, **given: Any) -> dict[str, Any]:
    """The variables of a productSet by our key."""
    usual: dict[str, Any] = {
        "title": f"Title of {key}",
        "handle": key,
        "status": "ACTIVE",
        "productOptions": options("Standard", "Extended"),
        "variants": [variant("Standard"), variant("Extended", "79.00")],
        "metafields": [field(KEY, key, "id"), field("item", key)],
    }
    wanted = {k: v for k, v in (usual | given).items() if v is not None}
    custom = {"customId": {"namespace": SPACE, "key": KEY, "value": key}}
    return {"identifier": custom if identifier is None else dict(identifier), "input": wanted}
