"""The GraphQL documents of bulk operations. Plain strings and pure functions; see ``documents`` for the others."""

from __future__ import annotations

from collections.abc import Sequence

SET_MANY = """
mutation SetProduct(
  $identifier: ProductSetIdentifiers!, $input: ProductSetInput!, $variants: Int!
) {
  productSet(identifier: $identifier, input: $input, synchronous: true) {
    product {
      id handle title status onlineStoreUrl
      featuredMedia { id ... on MediaImage { image { url } } }
      variants(first: $variants) { nodes { id sku price compareAtPrice } }
    }
    userErrors { code field message }
  }
}
"""
"""The same for a bulk operation, whose mutation may have one connection only."""

RUN_BULK = """
mutation RunBulk($mutation: String!, $path: String!, $client: String) {
  bulkOperationRunMutation(mutation: $mutation, stagedUploadPath: $path, clientIdentifier: $client) {
    bulkOperation { id status }
    userErrors { code field message }
  }
}
"""

RUN_BULK_QUERY = """
mutation RunBulkQuery($query: String!) {
  bulkOperationRunQuery(query: $query, groupObjects: true) {
    bulkOperation { id status }
    userErrors { code field message }
  }
}
"""

BULK = """
query Bulk($id: ID!) {
  bulkOperation(id: $id) {
    id status errorCode objectCount rootObjectCount url partialDataUrl createdAt completedAt type
  }
}
"""

BULKS = """
query Bulks($query: String!) {
  bulkOperations(first: 20, query: $query, sortKey: CREATED_AT) {
    nodes { id status type query createdAt }
  }
}
"""

BULK_PRODUCTS = """
{
  products {
    edges { node {
      id handle title descriptionHtml vendor productType tags status onlineStoreUrl
      category { id fullName }
      seo { title description }
      options { id name optionValues { id name } }
      variants {
        edges { node {
          id sku price compareAtPrice
          selectedOptions { name value }
          inventoryItem { requiresShipping tracked }
        } }
      }
      media {
        edges { node { __typename id alt status ... on MediaImage { image { url } } } }
      }
      metafields(namespace: "publisher") { edges { node { __typename id key value } } }
    } }
  }
}
"""
"""The whole shop as JSONL: children follow with ``__parentId``. At most five connections, two levels deep."""


def bulk_products(publications: Sequence[str]) -> str:
    """``BULK_PRODUCTS`` with one field ``on0``, ``on1``... per publication id: a bulk query takes no variables."""
    return _asking(BULK_PRODUCTS, publications)


def set_many(publications: Sequence[str]) -> str:
    """``SET_MANY`` with the same fields."""
    return _asking(SET_MANY, publications)


def _asking(document: str, publications: Sequence[str]) -> str:
    asked = " ".join(
        f'on{n}: publishedOnPublication(publicationId: "{p}")' for n, p in enumerate(publications)
    )
    return document.replace("onlineStoreUrl", f"onlineStoreUrl {asked}".rstrip(), 1)


def bulk_mutation(document: str, mark: str) -> str:
    """A mutation as a bulk operation runs it, under a name of its own by which it is found again."""
    head, rest = document.strip().split("(", 1)
    return f"{head}_{mark}({rest}"
