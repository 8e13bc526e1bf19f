"""Every GraphQL document that is sent to a shop, in one place, so that all can be held against a schema.

Plain strings; nothing here talks to a shop. ``ALL`` names each of them.
"""

from __future__ import annotations

from collections.abc import Mapping

NAMESPACE = "publisher"
"""Namespace of our own metafields."""

KEY = "key"
"""The metafield that holds our natural key: of type ``id``, unique among the products of a shop."""

_PRODUCT = """
fragment Shown on Product {
  id handle title descriptionHtml vendor productType tags status onlineStoreUrl
  category { id fullName }
  seo { title description }
  options { id name optionValues { id name } }
  variants(first: 100) {
    pageInfo { hasNextPage }
    nodes {
      id sku price compareAtPrice
      selectedOptions { name value }
      inventoryItem { requiresShipping tracked }
    }
  }
  media(first: 100) {
    pageInfo { hasNextPage }
    nodes { id alt status ... on MediaImage { image { url } } }
  }
  metafields(first: 25, namespace: "publisher") { nodes { key value } }
  resourcePublicationsV2(first: 20) { nodes { publication { id } } }
}
"""

CHECK = """
query Check {
  shop {
    name myshopifyDomain currencyCode
    plan { publicDisplayName shopifyPlus }
    resourceLimits { maxProductVariants maxProductOptions }
  }
  currentAppInstallation { accessScopes { handle } }
  publicApiVersions { handle supported displayName }
  productVariantsCount(limit: null) { count }
}
"""

PUBLICATIONS = """
query Publications($after: String) {
  publications(first: 50, after: $after) {
    nodes { id name }
    pageInfo { hasNextPage endCursor }
  }
}
"""

DEFINITION = """
query Definition($namespace: String!, $key: String!) {
  metafieldDefinitions(first: 1, ownerType: PRODUCT, namespace: $namespace, key: $key) {
    nodes { id type { name } capabilities { uniqueValues { enabled } } }
  }
}
"""

DEFINE = """
mutation Define($definition: MetafieldDefinitionInput!) {
  metafieldDefinitionCreate(definition: $definition) {
    createdDefinition { id }
    userErrors { code field message }
  }
}
"""

CATEGORIES = """
query Categories($search: String!) {
  taxonomy { categories(first: 50, search: $search) { nodes { id fullName } } }
}
"""

PRODUCT = (
    """
query Product($identifier: ProductIdentifierInput!) {
  shop { currencyCode }
  productByIdentifier(identifier: $identifier) { ...Shown }
}
"""
    + _PRODUCT
)

PRODUCTS = (
    """
query Products($first: Int!, $after: String, $query: String) {
  shop { currencyCode }
  products(first: $first, after: $after, query: $query, sortKey: ID) {
    nodes { ...Shown }
    pageInfo { hasNextPage endCursor }
  }
}
"""
    + _PRODUCT
)

PRODUCTS_BY_ID = (
    """
query ProductsById($ids: [ID!]!) {
  shop { currencyCode }
  nodes(ids: $ids) { ...Shown }
}
"""
    + _PRODUCT
)

KEYS = """
query Keys($first: Int!, $after: String) {
  productsCount(limit: null) { count }
  products(first: $first, after: $after, sortKey: ID) {
    nodes { id handle status metafield(namespace: "publisher", key: "key") { value } }
    pageInfo { hasNextPage endCursor }
  }
}
"""

VARIANTS = """
query Variants($id: ID!) {
  product(id: $id) {
    id
    variants(first: 250) { nodes { id sku price compareAtPrice } pageInfo { hasNextPage } }
  }
}
"""

SET_PRODUCT = """
mutation SetProduct($identifier: ProductSetIdentifiers!, $input: ProductSetInput!) {
  productSet(identifier: $identifier, input: $input, synchronous: true) {
    product {
      id handle title status onlineStoreUrl
      variants(first: 100) { nodes { id sku price compareAtPrice } }
      media(first: 100) { nodes { id ... on MediaImage { image { url } } } }
    }
    userErrors { code field message }
  }
}
"""

SET_PRICES = """
mutation SetPrices($productId: ID!, $variants: [ProductVariantsBulkInput!]!) {
  productVariantsBulkUpdate(productId: $productId, variants: $variants) {
    product { id }
    productVariants { id sku price compareAtPrice }
    userErrors { code field message }
  }
}
"""

SET_METAFIELDS = """
mutation SetMetafields($metafields: [MetafieldsSetInput!]!) {
  metafieldsSet(metafields: $metafields) {
    metafields { key value }
    userErrors { code field message }
  }
}
"""

PUBLISH = """
mutation Publish($id: ID!, $input: [PublicationInput!]!) {
  publishablePublish(id: $id, input: $input) { userErrors { field message } }
}
"""

UNPUBLISH = """
mutation Unpublish($id: ID!, $input: [PublicationInput!]!) {
  publishableUnpublish(id: $id, input: $input) { userErrors { field message } }
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

CREATE_FILES = """
mutation CreateFiles($files: [FileCreateInput!]!) {
  fileCreate(files: $files) {
    files { id fileStatus }
    userErrors { code field message }
  }
}
"""

FILES = """
query Files($query: String!, $after: String) {
  files(first: 250, query: $query, after: $after) {
    nodes {
      id fileStatus
      ... on MediaImage { image { url } }
      ... on GenericFile { url }
    }
    pageInfo { hasNextPage endCursor }
  }
}
"""

FILE_STATES = """
query FileStates($ids: [ID!]!) {
  nodes(ids: $ids) {
    id
    ... on MediaImage { fileStatus fileErrors { code message } image { url } }
  }
}
"""

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
  bulkOperationRunQuery(query: $query) {
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
query Bulks($query: String!, $after: String) {
  bulkOperations(first: 50, after: $after, query: $query, sortKey: CREATED_AT) {
    nodes { id status errorCode url partialDataUrl createdAt completedAt type query }
    pageInfo { hasNextPage endCursor }
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
      resourcePublicationsV2 { edges { node { publication { id } } } }
    } }
  }
}
"""
"""The whole shop as JSONL: children follow with ``__parentId``. At most five connections, two levels deep."""

ALL: Mapping[str, str] = {
    name: value
    for name, value in list(globals().items())
    if name.isupper() and isinstance(value, str) and "{" in value and not name.startswith("_")
}
