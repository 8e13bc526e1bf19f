"""Every GraphQL document that is sent to a shop, in one place, so that all can be held against a schema.

Plain strings; nothing here talks to a shop. ``ALL`` names each of them.
"""

from __future__ import annotations

from collections.abc import Mapping

from channels.shopify.documents_bulk import BULK as BULK
from channels.shopify.documents_bulk import BULK_PRODUCTS as BULK_PRODUCTS
from channels.shopify.documents_bulk import BULKS as BULKS
from channels.shopify.documents_bulk import RUN_BULK as RUN_BULK
from channels.shopify.documents_bulk import RUN_BULK_QUERY as RUN_BULK_QUERY
from channels.shopify.documents_bulk import SET_MANY as SET_MANY
from channels.shopify.documents_bulk import bulk_mutation as bulk_mutation
from channels.shopify.documents_bulk import bulk_products as bulk_products
from channels.shopify.documents_bulk import set_many as set_many

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
  variants(first: 5) {
    pageInfo { hasNextPage endCursor }
    nodes { ...ShownVariant }
  }
  media(first: 5) {
    pageInfo { hasNextPage endCursor }
    nodes { ...ShownMedia }
  }
  metafields(first: 15, namespace: "publisher") { nodes { key value } }
  resourcePublicationsV2(first: 4, onlyPublished: true) { nodes { publication { id } } }
}
fragment ShownVariant on ProductVariant {
  id sku price compareAtPrice
  selectedOptions { name value }
  inventoryItem { requiresShipping tracked }
}
fragment ShownMedia on Media { id alt status ... on MediaImage { image { url } } }
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

PREPARE = """
query Prepare($namespace: String!, $key: String!, $bulk: String!, $first: Int!) {
  shop { currencyCode }
  metafieldDefinitions(first: 1, ownerType: PRODUCT, namespace: $namespace, key: $key) {
    nodes { id type { name } capabilities { uniqueValues { enabled } } }
  }
  bulkOperations(first: 20, query: $bulk, sortKey: CREATED_AT) {
    nodes { id status type query createdAt }
  }
  productsCount(limit: null) { count }
  products(first: $first, sortKey: ID) {
    nodes { ...Keyed }
    pageInfo { hasNextPage endCursor }
  }
}
fragment Keyed on Product {
  id handle status metafield(namespace: "publisher", key: "key") { value }
}
"""
"""What a session asks before its first write: all that it must know of the shop, in one request."""

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
  productsCount(limit: null) { count }
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

PLACE = """
query Place($identifier: ProductIdentifierInput!) {
  productByIdentifier(identifier: $identifier) { id handle status }
}
"""

KEYS = """
query Keys($first: Int!, $after: String) {
  products(first: $first, after: $after, sortKey: ID) {
    nodes { id handle status metafield(namespace: "publisher", key: "key") { value } }
    pageInfo { hasNextPage endCursor }
  }
}
"""

MORE_VARIANTS = """
query MoreVariants($id: ID!, $after: String) {
  product(id: $id) {
    variants(first: 100, after: $after) {
      pageInfo { hasNextPage endCursor }
      nodes {
        id sku price compareAtPrice
        selectedOptions { name value }
        inventoryItem { requiresShipping tracked }
      }
    }
  }
}
"""

MORE_MEDIA = """
query MoreMedia($id: ID!, $after: String) {
  product(id: $id) {
    media(first: 100, after: $after) {
      pageInfo { hasNextPage endCursor }
      nodes { id alt status ... on MediaImage { image { url } } }
    }
  }
}
"""

SET_PRODUCT = """
mutation SetProduct(
  $identifier: ProductSetIdentifiers!, $input: ProductSetInput!, $variants: Int!, $media: Int!
) {
  productSet(identifier: $identifier, input: $input, synchronous: true) {
    product {
      id handle title status onlineStoreUrl
      variants(first: $variants) { nodes { id sku price compareAtPrice } }
      media(first: $media) { nodes { id ... on MediaImage { image { url } } } }
      resourcePublicationsV2(first: 4, onlyPublished: true) { nodes { publication { id } } }
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

DELETE_METAFIELDS = """
mutation DeleteMetafields($metafields: [MetafieldIdentifierInput!]!) {
  metafieldsDelete(metafields: $metafields) {
    deletedMetafields { key }
    userErrors { field message }
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

ALL: Mapping[str, str] = {
    name: value
    for name, value in list(globals().items())
    if name.isupper() and isinstance(value, str) and "{" in value and not name.startswith("_")
}
